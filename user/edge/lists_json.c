/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/lists_input.h"

/* Turns JSON of known shapes (decisions, range files, warning lists, nft's) into entries. */

#include <string.h>

#include <jansson.h>

/* How far from the last value the next one is looked for: a record of any known format is shorter. */
#define VALUE_WINDOW_BYTES 65536

/* A JSON text with the place of the value that was read last: jansson tells no positions. */
struct json_input {
	struct list_input *input;
	const char *at;
	unsigned line;
};

/* Values are read in the order they stand in, so that each is found behind the one before. Up to a slash
 * only: some writers escape it. */
static unsigned value_line(struct json_input *json, const char *value, size_t len)
{
	const char *text = json->input->text, *end = text + json->input->len;
	const char *found = json->at;
	size_t before_slash = strcspn(value, "/");

	if (end - found > VALUE_WINDOW_BYTES)
		end = found + VALUE_WINDOW_BYTES;
	len = before_slash < len ? before_slash : len;
	for (;; found++) {
		found = memmem(found, (size_t)(end - found), value, len);
		if (!found)
			return json->line;
		if (found > text && found[-1] == '"' && strchr("\"/\\", found[len]))
			break;
	}
	for (const char *c = json->at; c < found; c++)
		json->line += *c == '\n';
	json->at = found;
	return json->line;
}

static void text_add(struct json_input *json, const json_t *value, const char *what)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!text || len == 0)
		list_complain(json->input, json->line, "%s is not text", what);
	else
		list_add_token(json->input, text, len, value_line(json, text, len));
}

/* ---- decisions and simple records ----------------------------------------------------------- */

static bool text_is(const json_t *object, const char *key, const char *a, const char *b)
{
	const char *text = json_string_value(json_object_get(object, key));

	return !text || strcasecmp(text, a) == 0 || strcasecmp(text, b) == 0;
}

/* CrowdSec: only what bans an address or a range for real. */
static void decision_add(struct json_input *json, const json_t *decision)
{
	const json_t *value = json_object_get(decision, "value");
	const char *text = json_string_value(value);
	unsigned line = text ? value_line(json, text, json_string_length(value)) : json->line;

	if (!text_is(decision, "scope", "ip", "range"))
		list_complain(json->input, line, "scope '%.40s' is not an address or CIDR",
			      json_string_value(json_object_get(decision, "scope")));
	else if (!text_is(decision, "type", "ban", "ban"))
		list_complain(json->input, line, "a decision of type '%.40s' is no ban",
			      json_string_value(json_object_get(decision, "type")));
	else if (json_is_true(json_object_get(decision, "simulated")))
		list_complain(json->input, line, "a simulated decision bans nobody");
	else if (!text)
		list_complain(json->input, line, "a decision's value is not text");
	else
		list_add_token(json->input, text, json_string_length(value), line);
}

static void record_add(struct json_input *json, const json_t *record)
{
	json_t *decision;
	size_t i;

	if (json_is_string(record)) {
		text_add(json, record, "an entry");
	} else if (json_object_get(record, "decisions")) {
		json->input->list.format = "crowdsec decisions json";
		json_array_foreach(json_object_get(record, "decisions"), i, decision)
			decision_add(json, decision);
	} else if (json_object_get(record, "value")) {
		json->input->list.format = "crowdsec decisions json";
		decision_add(json, record);
	} else if (json_object_get(record, "cidr")) {
		json->input->list.format = "spamhaus drop json";
		text_add(json, json_object_get(record, "cidr"), "a cidr");
	} else if (!json_object_get(record, "type") ||
		   !text_is(record, "type", "metadata", "metadata")) {
		list_complain(json->input, json->line, "an entry without cidr or value");
	}
}

static void records_add(struct json_input *json, const json_t *array)
{
	json_t *record;
	size_t i;

	json_array_foreach(array, i, record)
		record_add(json, record);
}

/* ---- range files of cloud providers ------------------------------------------------------------ */

static void prefixes_add(struct json_input *json, const json_t *array)
{
	static const char *const keys[] = { "ip_prefix", "ipv6_prefix", "ipv4Prefix",
					    "ipv6Prefix" };
	json_t *record;
	size_t i;

	json_array_foreach(array, i, record) {
		const json_t *prefix = NULL;

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]) && !prefix; k++)
			prefix = json_object_get(record, keys[k]);
		text_add(json, prefix, "a prefix");
	}
}

static void service_tags_add(struct json_input *json, const json_t *values)
{
	json_t *value, *prefix;
	size_t i, j;

	json_array_foreach(values, i, value) {
		const json_t *properties = json_object_get(value, "properties");

		json_array_foreach(json_object_get(properties, "addressPrefixes"), j, prefix)
			text_add(json, prefix, "a prefix");
	}
}

/* ---- nft -j -------------------------------------------------------------------------------------- */

/* Hands a text made of several values on, at the line of the first. */
static void made_add(struct json_input *json, const char *first, const char *made, int made_len,
		     size_t room)
{
	unsigned line = value_line(json, first, strlen(first));

	if (made_len < 0 || (size_t)made_len >= room)
		list_complain(json->input, line, "'%.40s' is not an address", first);
	else
		list_add_token(json->input, made, (size_t)made_len, line);
}

static void nft_element_add(struct json_input *json, const json_t *element)
{
	const json_t *prefix = json_object_get(element, "prefix");
	const json_t *range = json_object_get(element, "range");
	const json_t *inner = json_object_get(element, "elem");
	const char *address = json_string_value(json_object_get(prefix, "addr"));
	const char *first = json_string_value(json_array_get(range, 0));
	const char *last = json_string_value(json_array_get(range, 1));
	char made[2 * NET_TEXT_MAX];

	if (json_is_string(element))
		text_add(json, element, "an element");
	else if (json_object_get(inner, "val"))
		nft_element_add(json, json_object_get(inner, "val"));
	else if (address && json_is_integer(json_object_get(prefix, "len")))
		made_add(json, address, made,
			 snprintf(made, sizeof(made), "%s/%lld", address,
				  (long long)json_integer_value(json_object_get(prefix, "len"))),
			 sizeof(made));
	else if (first && last)
		made_add(json, first, made, snprintf(made, sizeof(made), "%s-%s", first, last),
			 sizeof(made));
	else
		list_complain(json->input, json->line,
			      "an element that is no address, prefix or range");
}

static void nft_add(struct json_input *json, const json_t *commands)
{
	static const char *const holders[] = { "set", "element" };
	json_t *command, *element;
	size_t i, j;

	json_array_foreach(commands, i, command)
		for (size_t k = 0; k < sizeof(holders) / sizeof(holders[0]); k++) {
			const json_t *holder = json_object_get(command, holders[k]);

			json_array_foreach(json_object_get(holder, "elem"), j, element)
				nft_element_add(json, element);
		}
}

/* ---- which shape ----------------------------------------------------------------------------------- */

static void object_read(struct json_input *json, const json_t *root)
{
	struct list *list = &json->input->list;

	if (json_is_array(json_object_get(root, "list"))) {
		list->format = "misp warning list";
		records_add(json, json_object_get(root, "list"));
	} else if (json_object_get(root, "prefixes") || json_object_get(root, "ipv6_prefixes")) {
		list->format = "ip ranges json";
		prefixes_add(json, json_object_get(root, "prefixes"));
		prefixes_add(json, json_object_get(root, "ipv6_prefixes"));
	} else if (json_is_array(json_object_get(root, "values"))) {
		list->format = "service tags json";
		service_tags_add(json, json_object_get(root, "values"));
	} else if (json_is_array(json_object_get(root, "nftables"))) {
		list->format = "nft json";
		nft_add(json, json_object_get(root, "nftables"));
	} else if (json_object_get(root, "new")) {
		list->format = "crowdsec decisions json";
		records_add(json, json_object_get(root, "new"));
	} else {
		record_add(json, root);
	}
}

/* One object a line, as Spamhaus publishes them; every line that is none is told. */
static void lines_read(struct json_input *json)
{
	const char *line = json->input->text, *end = line + json->input->len;

	for (unsigned number = 1; line < end; number++) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((newline ? newline : end) - line);
		size_t blanks = strspn(line, " \t\r");
		json_error_t error;
		json_t *root = json_loadb(line, len, 0, &error);

		json->at = line;
		json->line = number;
		if (root)
			record_add(json, root);
		else if (blanks < len)
			list_complain(json->input, number, "not JSON: %.80s", error.text);
		json_decref(root);
		line += len + 1;
	}
}

/* Is the first line whole JSON by itself, with more behind it? */
static bool is_lines(const struct list_input *input)
{
	const char *newline = memchr(input->text, '\n', input->len);
	json_t *root;

	if (!newline || input->text[strspn(input->text, " \t\r")] != '{')
		return false;
	root = json_loadb(input->text, (size_t)(newline - input->text), 0, NULL);
	json_decref(root);
	return root != NULL;
}

void list_read_json(struct list_input *input)
{
	struct json_input json = { .input = input, .at = input->text, .line = 1 };
	json_error_t error;
	json_t *root = json_loadb(input->text, input->len, JSON_DECODE_ANY, &error);

	input->list.format = "json";
	if (!root && is_lines(input))
		lines_read(&json);
	else if (!root)
		list_complain(input, error.line > 0 ? (unsigned)error.line : 1, "not JSON: %.80s",
			      error.text);
	else if (json_is_array(root))
		records_add(&json, root);
	else if (json_is_object(root))
		object_read(&json, root);
	json_decref(root);
}
