/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/config_events.h"

/* Turns a YAML file into libyaml's events, refusing what has no place in a configuration. */

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#define COMPLAINT_MAX 512

unsigned config_event_line(const struct config_reader *reader)
{
	return (unsigned)reader->event.start_mark.line + 1;
}

void config_complain(struct config_reader *reader, unsigned line, const char *format, ...)
{
	char text[COMPLAINT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* It goes to terminals: no control characters, which YAML can escape. */
	for (char *c = text; *c != '\0'; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	fprintf(reader->errors, "%s:%u: %s\n", reader->name, line, text);
	reader->problems++;
}

/* Of bytes that are no text libyaml knows the place, but no line. */
static unsigned line_of_byte(FILE *in, size_t offset)
{
	unsigned line = 1;
	int c;

	rewind(in);
	while (offset-- > 0 && (c = getc(in)) != EOF)
		line += c == '\n';
	return line;
}

bool config_event_next(struct config_reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem, *hint = "";

	yaml_event_delete(&reader->event);
	if (yaml_parser_parse(&reader->parser, &reader->event))
		return true;
	memset(&reader->event, 0, sizeof(reader->event));
	problem = parser->problem ? parser->problem : "out of memory";
	if (strstr(problem, "cannot start any token"))
		hint = " (a tab? indent with spaces)";
	config_complain(reader,
			parser->error == YAML_READER_ERROR ?
				line_of_byte(reader->in, parser->problem_offset) :
				(unsigned)parser->problem_mark.line + 1,
			"not YAML: %s%s%s%s", problem, parser->context ? ", " : "",
			parser->context ? parser->context : "", hint);
	return false;
}

/* What makes one value depend on another, or on a schema, has no place here. */
const char *config_event_ornament(const struct config_reader *reader)
{
	const yaml_event_t *event = &reader->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_ALIAS_EVENT)
		return "aliases are not supported: write the value out";
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor)
		return "anchors are not supported: write the value out";
	return tag ? "tags are not supported: leave it out" : NULL;
}

bool config_event_is_start(const struct config_reader *reader)
{
	return reader->event.type == YAML_MAPPING_START_EVENT ||
	       reader->event.type == YAML_SEQUENCE_START_EVENT;
}

bool config_event_is_end(const struct config_reader *reader)
{
	return reader->event.type == YAML_MAPPING_END_EVENT ||
	       reader->event.type == YAML_SEQUENCE_END_EVENT;
}

bool config_node_skip(struct config_reader *reader)
{
	unsigned depth = config_event_is_start(reader) ? 1 : 0;

	while (depth > 0) {
		if (!config_event_next(reader))
			return false;
		depth += config_event_is_start(reader);
		depth -= config_event_is_end(reader);
	}
	return true;
}

const char *config_event_text(struct config_reader *reader, const char *what)
{
	const char *ornament = config_event_ornament(reader);
	const char *text;

	if (ornament) {
		config_complain(reader, config_event_line(reader), "%s", ornament);
		return NULL;
	}
	if (reader->event.type != YAML_SCALAR_EVENT) {
		config_complain(reader, config_event_line(reader), "%s must be plain text", what);
		return NULL;
	}
	text = (const char *)reader->event.data.scalar.value;
	if (strlen(text) != reader->event.data.scalar.length) {
		config_complain(reader, config_event_line(reader), "%s contains a NUL byte", what);
		return NULL;
	}
	return text;
}

bool config_event_is_nothing(const struct config_reader *reader)
{
	return reader->event.type == YAML_SCALAR_EVENT && reader->event.data.scalar.length == 0 &&
	       reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}
