/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/config_events.h"

/* Turns the events of libyaml's parser into calls of config_set, naming the line of everything that is wrong. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_MAX 128	    /* of a dotted key; the table's are far shorter */
#define WHY_MAX 384	    /* the longest refusal names every choice of a key */
#define LAST_LINE_MAX 65535 /* beyond it a "first set in line" is not kept */

static void value_set(struct config_reader *reader, const struct config_key *key, const char *text)
{
	char why[WHY_MAX] = "";

	if (config_set(reader->config, key->name, text, why, sizeof(why)))
		config_complain(reader, config_event_line(reader), "%s: %s", key->name, why);
}

static bool items_read(struct config_reader *reader, const struct config_key *key)
{
	while (config_event_next(reader)) {
		const char *text;

		if (config_event_is_end(reader))
			return true;
		text = config_event_text(reader, "a list item");
		if (text)
			value_set(reader, key, text);
		if (!config_node_skip(reader))
			return false;
	}
	return false;
}

/* A mapping of prefixes to lengths, item by item as "PREFIX LENGTH". */
static bool pairs_read(struct config_reader *reader, const struct config_key *key)
{
	while (config_event_next(reader)) {
		char pair[KEY_MAX];
		const char *text;
		size_t len;

		if (config_event_is_end(reader))
			return true;
		text = config_event_text(reader, "a prefix");
		len = (size_t)snprintf(pair, sizeof(pair), "%s ", text ? text : "");
		if (!config_node_skip(reader) || !config_event_next(reader))
			return false;
		if (text && len < sizeof(pair)) {
			text = config_event_text(reader, "a length");
			snprintf(pair + len, sizeof(pair) - len, "%s", text ? text : "");
			if (text)
				value_set(reader, key, pair);
		} else if (text) {
			config_complain(reader, config_event_line(reader),
					"%s: a prefix is not that long", key->name);
		}
		if (!config_node_skip(reader))
			return false;
	}
	return false;
}

static bool is_second(struct config_reader *reader, const struct config_key *key, unsigned line)
{
	uint16_t *seen_line = &reader->seen_lines[key - config_keys];

	if (*seen_line) {
		config_complain(reader, line, "%s is set twice, first in line %u: keep one",
				key->name, *seen_line);
		return true;
	}
	*seen_line = (uint16_t)(line < LAST_LINE_MAX ? line : LAST_LINE_MAX);
	return false;
}

/* The current event starts the value of a key. */
static bool value_read(struct config_reader *reader, const struct config_key *key)
{
	const char *ornament = config_event_ornament(reader);
	bool is_mapping = reader->event.type == YAML_MAPPING_START_EVENT;
	const char *text;

	if (config_event_is_start(reader) && ornament) {
		config_complain(reader, config_event_line(reader), "%s", ornament);
		return config_node_skip(reader);
	}
	if (is_mapping && key->type == CONFIG_PREFIXES6)
		return pairs_read(reader, key);
	if (config_event_is_start(reader) && !is_mapping && config_is_list(key))
		return items_read(reader, key);
	if (config_event_is_start(reader)) {
		config_complain(reader, config_event_line(reader), "%s takes %s", key->name,
				config_is_list(key) ? "a list" : "one value");
		return config_node_skip(reader);
	}
	if (config_is_list(key) && config_event_is_nothing(reader))
		return true;
	text = config_event_text(reader, "a value");
	if (text)
		value_set(reader, key, text);
	return true;
}

static void unknown_key(struct config_reader *reader, unsigned line, const char *group,
			const char *name)
{
	char full[KEY_MAX * 2];
	const struct config_key *nearest;
	size_t group_len = *group ? strlen(group) + 1 : 0;
	bool is_sibling;

	snprintf(full, sizeof(full), "%s%s%s", group, *group ? "." : "", name);
	nearest = config_nearest(full);
	is_sibling = nearest && group_len && strncmp(nearest->name, full, group_len) == 0;
	config_complain(reader, line, "unknown key '%.80s'%s%s%s%s%s%s", name,
			group_len ? " in '" : "", group, group_len ? "'" : "",
			nearest ? " (did you mean '" : "",
			nearest ? nearest->name + (is_sibling ? group_len : 0) : "",
			nearest ? "'?)" : "");
}

static bool mapping_read(struct config_reader *reader, const char *group);

/* One key is current; reads its value. */
static bool pair_read(struct config_reader *reader, const char *group)
{
	const char *text = config_event_text(reader, "a key");
	unsigned line = config_event_line(reader);
	char name[KEY_MAX] = "", full[KEY_MAX * 2];
	const struct config_key *key;

	snprintf(name, sizeof(name), "%s", text ? text : "");
	snprintf(full, sizeof(full), "%s%s%s", group, *group ? "." : "", name);
	if (!config_node_skip(reader) || !config_event_next(reader))
		return false;
	if (!text)
		return config_node_skip(reader);
	key = config_find(full);
	if (key)
		return is_second(reader, key, line) ? config_node_skip(reader) :
						      value_read(reader, key);
	if (!config_is_group(full)) {
		unknown_key(reader, line, group, name);
		return config_node_skip(reader);
	}
	if (config_event_is_nothing(reader))
		return true;
	if (reader->event.type == YAML_MAPPING_START_EVENT && !config_event_ornament(reader))
		return mapping_read(reader, full);
	config_complain(reader, line, "'%s' is a group: put its keys below it, indented", full);
	return config_node_skip(reader);
}

static bool mapping_read(struct config_reader *reader, const char *group)
{
	while (config_event_next(reader)) {
		if (config_event_is_end(reader))
			return true;
		if (!pair_read(reader, group))
			return false;
	}
	return false;
}

/* The content of the file's one document; the document's start is current. */
static bool document_read(struct config_reader *reader)
{
	if (!config_event_next(reader))
		return false;
	if (config_event_is_nothing(reader))
		return config_event_next(reader);
	if (reader->event.type != YAML_MAPPING_START_EVENT || config_event_ornament(reader)) {
		config_complain(reader, config_event_line(reader),
				"the file must be a plain mapping of keys to values");
		return false;
	}
	return mapping_read(reader, "") && config_event_next(reader);
}

static void stream_read(struct config_reader *reader)
{
	bool is_first = true;

	while (config_event_next(reader) && reader->event.type != YAML_STREAM_END_EVENT) {
		if (reader->event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		if (!is_first) {
			config_complain(reader, config_event_line(reader),
					"a second document: put all keys into the first");
			return;
		}
		is_first = false;
		if (!document_read(reader))
			return;
	}
}

int config_read(FILE *in, const char *name, struct config *out, FILE *errors)
{
	struct config_reader reader = { .in = in, .name = name, .errors = errors };
	int err = -ENOMEM;

	reader.config = malloc(sizeof(*reader.config));
	reader.seen_lines = calloc(config_key_count, sizeof(*reader.seen_lines));
	if (reader.config && reader.seen_lines && yaml_parser_initialize(&reader.parser)) {
		config_default(reader.config);
		yaml_parser_set_input_file(&reader.parser, in);
		stream_read(&reader);
		yaml_event_delete(&reader.event);
		yaml_parser_delete(&reader.parser);
		err = reader.problems ? -EINVAL : 0;
		if (!err)
			*out = *reader.config;
	}
	free(reader.config);
	free(reader.seen_lines);
	return err;
}

int config_load(const char *path, struct config *out, FILE *errors)
{
	FILE *in = fopen(path, "re");
	struct stat st;
	int err;

	if (!in)
		return -errno;
	if (fstat(fileno(in), &st) == 0 && S_ISDIR(st.st_mode)) {
		fclose(in);
		return -EISDIR;
	}
	err = config_read(in, path, out, errors);
	fclose(in);
	return err;
}
