/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/config_value.h"

/* Turns keys and texts into a configuration, by the table, and finds what contradicts itself. */

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1e9
#define NAME_MAX_LEN 64 /* longer names are nobody's typing error */
#define DISTANCE_MAX 3	/* edits that still are a typing error */

const struct config_key *config_find(const char *name)
{
	for (size_t i = 0; i < config_key_count; i++)
		if (strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	return NULL;
}

bool config_is_group(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < config_key_count; i++)
		if (strncmp(config_keys[i].name, name, len) == 0 && config_keys[i].name[len] == '.')
			return true;
	return false;
}

bool config_is_list(const struct config_key *key)
{
	return key->count_offset != 0;
}

/* Levenshtein's distance, one row at a time. */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	unsigned row[NAME_MAX_LEN + 1];

	if (a_len > NAME_MAX_LEN || b_len > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[b_len];
}

const struct config_key *config_nearest(const char *name)
{
	const struct config_key *nearest = NULL;
	unsigned least = DISTANCE_MAX + 1;

	for (size_t i = 0; i < config_key_count; i++) {
		unsigned distance = edit_distance(name, config_keys[i].name);

		/* Half a word of edits makes any short word of any other. */
		if (distance < least && distance * 2 <= strlen(name)) {
			least = distance;
			nearest = &config_keys[i];
		}
	}
	return nearest;
}

static void number_format(const struct config_key *key, double value, char text[32])
{
	if (key->type == CONFIG_TIME_NS)
		duration_format((uint64_t)(value * NS_PER_S), text, 32);
	else
		snprintf(text, 32, "%.10g", value);
}

/* "native generic off" -> "native, generic, off". */
static void choices_format(const struct config_key *key, char *text, size_t text_size)
{
	size_t at = (size_t)snprintf(text, text_size, "one of ");

	for (const char *c = key->choices; *c != '\0' && at + 2 < text_size; c++) {
		if (*c == ' ')
			text[at++] = ',';
		text[at++] = *c;
	}
	text[at] = '\0';
}

static const char *kind_text(enum config_type type)
{
	switch (type) {
	case CONFIG_PATH:
		return "an absolute path";
	case CONFIG_OUTPUT:
		return "an absolute path, \"-\" or nothing";
	case CONFIG_BOOL:
		return "yes or no";
	case CONFIG_STRING:
		return "a word";
	default:
		return "";
	}
}

void config_range_format(const struct config_key *key, char *text, size_t text_size)
{
	bool is_time = key->type == CONFIG_TIME_NS;
	char min[32], max[32];

	if (key->choices) {
		choices_format(key, text, text_size);
		return;
	}
	if (config_is_list(key) || key->max <= key->min) {
		snprintf(text, text_size, "%s", kind_text(key->type));
		return;
	}
	number_format(key, key->min, min);
	number_format(key, key->max, max);
	snprintf(text, text_size, "%s%s to %s%s%s",
		 key->type == CONFIG_POWER2 ? "a power of two from " : "", min, max,
		 is_time || !*key->unit ? "" : " ", is_time ? "" : key->unit);
}

int config_set(struct config *config, const char *key, const char *text, char *why, size_t why_size)
{
	const struct config_why say = { .text = why, .size = why_size };
	const struct config_key *row = config_find(key);
	const struct config_key *nearest;

	if (row)
		return config_value_set(config, row, text, &say);
	nearest = config_nearest(key);
	if (nearest)
		config_say(&say, "unknown key '%s' (did you mean '%s'?)", key, nearest->name);
	else
		config_say(&say, "unknown key '%s'", key);
	return -ENOENT;
}

void config_default(struct config *config)
{
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < config_key_count; i++) {
		char why[256] = "";
		const struct config_why say = { .text = why, .size = sizeof(why) };
		const struct config_key *key = &config_keys[i];

		if (config_is_list(key))
			continue;
		if (config_value_set(config, key, key->default_text, &say))
			assert(!"a default that its own key refuses");
	}
}

__attribute__((format(printf, 3, 4))) static void complain(const struct config_why *why,
							   bool is_wrong, const char *format, ...)
{
	size_t len = strlen(why->text);
	va_list args;

	if (!is_wrong || len + 2 >= why->size)
		return;
	if (len)
		len += (size_t)snprintf(why->text + len, why->size - len, "; ");
	va_start(args, format);
	vsnprintf(why->text + len, why->size - len, format, args);
	va_end(args);
}

int config_check(const struct config *config, char *why, size_t why_size)
{
	const struct detect_settings *detect = &config->detect;
	char text[512] = "";
	const struct config_why say = { .text = text, .size = sizeof(text) };

	complain(&say, !config->interface_count,
		 "interfaces is missing: name where the traffic comes in and goes out");
	complain(&say, !config->service_count,
		 "services is missing: name what is protected, such as \"192.0.2.1:443\"");
	complain(&say, config->rule_ttl_ns > config->rule_ttl_max_ns,
		 "rules.ttl is longer than rules.ttl_max");
	complain(&say, config->plan.ttl_ns > config->rule_ttl_max_ns,
		 "plan.ttl is longer than rules.ttl_max");
	complain(
		&say, config->plan.commit_confirm_ns >= config->plan.ttl_ns,
		"plan.commit_confirm is not shorter than plan.ttl: no rule would live to be confirmed");
	complain(&say,
		 detect->watch_db > detect->suspect_db || detect->suspect_db > detect->confirmed_db,
		 "detect.watch_db, suspect_db and confirmed_db must rise");
	complain(&say, detect->tick_ns > detect->scan_ns,
		 "detect.scan is shorter than detect.tick");
	complain(&say, detect->fleet_dormant_ns > detect->fleet_gone_ns,
		 "detect.fleet_gone is shorter than detect.fleet_dormant");
	complain(&say, config->flows_per_source_max > config->flows_max,
		 "limits.flows_per_source is more than limits.flows");
	if (!*text)
		return 0;
	snprintf(why, why_size, "%s", text);
	return -EINVAL;
}
