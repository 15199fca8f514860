/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a line of the operator's words into a word, and a word into a line. */

#include "core/word.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utc.h"

static const char *const word_kinds[] = { "allow", "confirm", "dismiss" };
#define WORD_KINDS (sizeof(word_kinds) / sizeof(word_kinds[0]))

static const char fleet_id_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789-_.";
static const char hex_digits[] = "0123456789abcdef";

/* ---- tokens ----------------------------------------------------------------------------------- */

static int hex_value(char c)
{
	const char *at = c ? strchr(hex_digits, c) : NULL;

	return at ? (int)(at - hex_digits) : -1;
}

/* Takes one escape apart: \" \\ \xHH. Returns its length, 0: not one of these. */
static size_t escape_take(const char *from, char *to)
{
	if (from[1] == '"' || from[1] == '\\') {
		*to = from[1];
		return 2;
	}
	if (from[1] != 'x' || hex_value(from[2]) < 0 || hex_value(from[3]) < 0)
		return 0;
	*to = (char)(hex_value(from[2]) << 4 | hex_value(from[3]));
	return *to ? 4 : 0;
}

static char *quoted_take(char *token)
{
	char *from = token + 1;
	char *to = token;

	while (*from && *from != '"') {
		size_t len = 1;

		if (*from == '\\')
			len = escape_take(from, to);
		else
			*to = *from;
		if (!len)
			return NULL;
		from += len;
		to++;
	}
	if (*from != '"' || (from[1] && !strchr(" \t", from[1])))
		return NULL;
	*to = '\0';
	return from + 1;
}

/* Takes the next token off *at, in place. 1: one; 0: none left; -EINVAL: a quote that does not end. */
static int token_take(char **at, char **token)
{
	char *end;

	*at += strspn(*at, " \t");
	*token = *at;
	if (!**at)
		return 0;
	end = **at == '"' ? quoted_take(*at) : *at + strcspn(*at, " \t");
	if (!end)
		return -EINVAL;
	*at = end + (*end != '\0');
	*end = '\0';
	return 1;
}

/* ---- line to word ----------------------------------------------------------------------------- */

static int members_parse(char *text, struct word *out, const char **why)
{
	size_t room = 1;

	for (const char *at = text; *at; at++)
		room += *at == ',';
	free(out->members);
	out->member_count = 0;
	out->members = calloc(room, sizeof(*out->members));
	if (!out->members)
		return -ENOMEM;
	while (text) {
		char *comma = strchr(text, ',');

		if (comma)
			*comma++ = '\0';
		if (net_parse(text, &out->members[out->member_count])) {
			*why = "a member is not an address or CIDR";
			return -EINVAL;
		}
		out->member_count++;
		text = comma;
	}
	return 0;
}

static int text_set(const char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free((char *)*field);
	*field = copy;
	return 0;
}

static int allow_key_set(struct word *out, const char *key, const char *value, const char **why)
{
	if (strcmp(key, "until") == 0) {
		if (!utc_parse(value, &out->allow.expires_unix_ns) && out->allow.expires_unix_ns)
			return 0;
		*why = "until is not a time such as 2026-12-01T00:00:00Z";
		return -EINVAL;
	}
	if (strcmp(key, "by") == 0)
		return text_set(&out->allow.by, value);
	if (strcmp(key, "reason") == 0)
		return text_set(&out->allow.reason, value);
	if (strcmp(key, "list") == 0)
		return text_set(&out->allow.list, value);
	*why = "unknown key; an allow has until, at, by, reason, list";
	return -EINVAL;
}

static int key_set(struct word *out, const char *key, char *value, const char **why)
{
	if (strcmp(key, "at") == 0) {
		if (!utc_parse(value, &out->at_unix_ns))
			return 0;
		*why = "at is not a time such as 2026-12-01T00:00:00Z";
		return -EINVAL;
	}
	if (out->kind == WORD_ALLOW)
		return allow_key_set(out, key, value, why);
	if (strcmp(key, "members") == 0)
		return members_parse(value, out, why);
	*why = "unknown key; a judgement has at and members";
	return -EINVAL;
}

static int subject_set(struct word *out, const char *subject, const char **why)
{
	if (out->kind == WORD_ALLOW) {
		if (!net_parse(subject, &out->allow.net))
			return 0;
		*why = "what is allowed is not an address or CIDR";
		return -EINVAL;
	}
	if (!*subject || strlen(subject) >= sizeof(out->fleet) ||
	    subject[strspn(subject, fleet_id_letters)]) {
		*why = "not the id of a fleet";
		return -EINVAL;
	}
	strcpy(out->fleet, subject);
	return 0;
}

static int kind_parse(const char *text, struct word *out, const char **why)
{
	for (size_t i = 0; i < WORD_KINDS; i++) {
		if (strcmp(text, word_kinds[i]) != 0)
			continue;
		out->kind = (enum word_kind)i;
		return 0;
	}
	*why = "a line begins with allow, confirm or dismiss";
	return -EINVAL;
}

static int keys_parse(char *at, struct word *out, const char **why)
{
	char *key, *value;
	int error, got;

	while ((got = token_take(&at, &key)) > 0) {
		if (token_take(&at, &value) <= 0) {
			*why = "a key has no value, or a quoted value does not end";
			return -EINVAL;
		}
		error = key_set(out, key, value, why);
		if (error)
			return error;
	}
	if (got < 0)
		*why = "a quoted value does not end";
	return got;
}

static int texts_init(struct word *out)
{
	out->allow.action = WEIR_ACTION_ALLOW;
	out->allow.origin = WEIR_ORIGIN_OPERATOR;
	if (text_set(&out->allow.by, "") || text_set(&out->allow.reason, "") ||
	    text_set(&out->allow.list, ""))
		return -ENOMEM;
	return 0;
}

int word_parse(char *line, struct word *out, const char **why)
{
	struct word word = { 0 };
	char *kind, *subject;
	int error = texts_init(&word);

	*why = "out of memory";
	if (!error && token_take(&line, &kind) <= 0)
		*why = "a line begins with allow, confirm or dismiss", error = -EINVAL;
	if (!error)
		error = kind_parse(kind, &word, why);
	if (!error && token_take(&line, &subject) <= 0)
		*why = "nothing follows the first word", error = -EINVAL;
	if (!error)
		error = subject_set(&word, subject, why);
	if (!error)
		error = keys_parse(line, &word, why);
	word.allow.created_unix_ns = word.at_unix_ns;
	if (error) {
		word_clear(&word);
		return error;
	}
	*out = word;
	return 0;
}

/* ---- word to line ----------------------------------------------------------------------------- */

static void text_write(FILE *out, const char *key, const char *value)
{
	if (!*value)
		return;
	fprintf(out, " %s \"", key);
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			fprintf(out, "\\x%c%c", hex_digits[c >> 4], hex_digits[c & 15]);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void time_write(FILE *out, const char *key, uint64_t unix_ns)
{
	char text[UTC_TEXT_MAX];

	if (!unix_ns)
		return;
	utc_format(unix_ns, text);
	fprintf(out, " %s %s", key, text);
}

static void word_write(FILE *out, const struct word *word)
{
	char net[NET_TEXT_MAX];

	if (word->kind == WORD_ALLOW) {
		net_format(&word->allow.net, net);
		fprintf(out, "allow %s", net);
		time_write(out, "until", word->allow.expires_unix_ns);
		time_write(out, "at", word->at_unix_ns);
		text_write(out, "by", word->allow.by);
		text_write(out, "list", word->allow.list);
		text_write(out, "reason", word->allow.reason);
		return;
	}
	fprintf(out, "%s %s", word_kinds[word->kind], word->fleet);
	time_write(out, "at", word->at_unix_ns);
	for (size_t i = 0; i < word->member_count; i++) {
		net_format(&word->members[i], net);
		fprintf(out, "%s%s", i ? "," : " members ", net);
	}
}

char *word_format(const struct word *word)
{
	char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		return NULL;
	word_write(out, word);
	if (fclose(out)) {
		free(line);
		return NULL;
	}
	return line;
}

/* ---- making and clearing ---------------------------------------------------------------------- */

int word_of_allow(const struct rule *rule, struct word *out)
{
	struct word word = { .kind = WORD_ALLOW,
			     .allow = *rule,
			     .at_unix_ns = rule->created_unix_ns };

	word.allow.list = word.allow.reason = word.allow.by = NULL;
	if (text_set(&word.allow.list, rule->list ? rule->list : "") ||
	    text_set(&word.allow.reason, rule->reason ? rule->reason : "") ||
	    text_set(&word.allow.by, rule->by ? rule->by : "")) {
		word_clear(&word);
		return -ENOMEM;
	}
	*out = word;
	return 0;
}

void word_clear(struct word *word)
{
	free((char *)word->allow.list);
	free((char *)word->allow.reason);
	free((char *)word->allow.by);
	free(word->members);
	*word = (struct word){ 0 };
}
