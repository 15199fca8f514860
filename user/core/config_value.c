/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/config_value.h"

/* Turns the text of a key into its field, refusing what is of another kind or out of range. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rule.h"

#define NS_PER_S 1e9

void config_say(const struct config_why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, why->size, format, args);
	va_end(args);
}

static void *field_of(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

static int refuse(const struct config_key *key, const char *text, const struct config_why *why,
		  int err)
{
	char range[160];

	config_range_format(key, range, sizeof(range));
	if (err == -ENAMETOOLONG)
		config_say(why, "'%.40s...' is longer than %zu characters", text, key->size - 1);
	else if (err == -ERANGE)
		config_say(why, "%.80s is out of range: it takes %s", text, range);
	else
		config_say(why, "'%.80s' is not what it takes: %s", text, range);
	return err == -ENAMETOOLONG ? -ERANGE : err;
}

static int number_check(const struct config_key *key, double value)
{
	return value >= key->min && value <= key->max ? 0 : -ERANGE;
}

/* Decimal digits, and KiB, MiB or GiB behind them where a size is meant. */
static int integer_parse(const char *text, bool is_size, uint64_t *out)
{
	static const struct {
		const char *name;
		unsigned shift;
	} sizes[] = { { "", 0 }, { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 } };
	size_t digits = strspn(text, "0123456789");
	uint64_t value;

	if (digits == 0 || digits > 10)
		return -EINVAL;
	value = strtoull(text, NULL, 10);
	for (size_t i = 0; i < (is_size ? sizeof(sizes) / sizeof(sizes[0]) : 1); i++)
		if (strcmp(text + digits, sizes[i].name) == 0) {
			*out = value << sizes[i].shift;
			return 0;
		}
	return -EINVAL;
}

static int integer_set(void *field, const struct config_key *key, const char *text)
{
	bool is_power2 = key->type == CONFIG_POWER2;
	uint64_t value = 0;
	int err = integer_parse(text, is_power2, &value);

	if (!err)
		err = number_check(key, (double)value);
	if (!err && is_power2 && (value & (value - 1)))
		err = -EINVAL;
	if (err)
		return err;
	if (key->type == CONFIG_U8)
		*(uint8_t *)field = (uint8_t)value;
	else if (key->type == CONFIG_U16)
		*(uint16_t *)field = (uint16_t)value;
	else
		*(uint32_t *)field = (uint32_t)value;
	return 0;
}

static int double_set(void *field, const struct config_key *key, const char *text)
{
	double value;
	char *end;
	int err;

	/* Keeps hexadecimals, infinities and words out of strtod. */
	if (text[0] == '\0' || text[strspn(text, "0123456789.eE+-")] != '\0')
		return -EINVAL;
	value = strtod(text, &end);
	if (*end != '\0')
		return -EINVAL;
	err = number_check(key, value);
	if (!err)
		*(double *)field = value;
	return err;
}

static int time_set(void *field, const struct config_key *key, const char *text)
{
	uint64_t ns;
	int err = duration_parse(text, &ns);

	if (!err)
		err = number_check(key, (double)ns / NS_PER_S);
	if (!err)
		*(uint64_t *)field = ns;
	return err;
}

static int bool_set(void *field, const char *text)
{
	static const char *const words[][2] = { { "no", "yes" },
						{ "false", "true" },
						{ "off", "on" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int value = 0; value < 2; value++)
			if (strcmp(text, words[i][value]) == 0) {
				*(bool *)field = value;
				return 0;
			}
	return -EINVAL;
}

static int string_set(void *field, const struct config_key *key, const char *text)
{
	if (strlen(text) >= key->size)
		return -ENAMETOOLONG;
	snprintf(field, key->size, "%s", text);
	return 0;
}

static int path_set(void *field, const struct config_key *key, const char *text)
{
	bool is_output = key->type == CONFIG_OUTPUT && (!*text || strcmp(text, "-") == 0);

	if (text[0] != '/' && !is_output)
		return -EINVAL;
	return string_set(field, key, text);
}

static bool is_choice(const struct config_key *key, const char *text)
{
	size_t len = strlen(text);
	const char *choice = key->choices;

	while (choice && *choice) {
		size_t choice_len = strcspn(choice, " ");

		if (len == choice_len && memcmp(choice, text, len) == 0)
			return true;
		choice += choice_len + (choice[choice_len] == ' ');
	}
	return false;
}

static int choice_set(struct config *config, const struct config_key *key, const char *text)
{
	if (!is_choice(key, text))
		return -EINVAL;
	switch (key->type) {
	case CONFIG_XDP:
		config->xdp_is_wanted = strcmp(text, "off") != 0;
		config->generic_xdp_is_allowed = strcmp(text, "generic") == 0;
		return 0;
	case CONFIG_TC:
		config->tcx_is_wanted = strcmp(text, "auto") == 0;
		return 0;
	case CONFIG_ACTION:
		*(uint8_t *)field_of(config, key) = (uint8_t)rule_action_parse(text);
		return 0;
	default:
		return string_set(field_of(config, key), key, text);
	}
}

static int scalar_set(struct config *config, const struct config_key *key, const char *text)
{
	void *field = field_of(config, key);

	switch (key->type) {
	case CONFIG_CHOICE:
	case CONFIG_XDP:
	case CONFIG_TC:
	case CONFIG_ACTION:
		return choice_set(config, key, text);
	case CONFIG_PATH:
	case CONFIG_OUTPUT:
		return path_set(field, key, text);
	case CONFIG_BOOL:
		return bool_set(field, text);
	case CONFIG_U8:
	case CONFIG_U16:
	case CONFIG_U32:
	case CONFIG_POWER2:
		return integer_set(field, key, text);
	case CONFIG_DOUBLE:
		return double_set(field, key, text);
	case CONFIG_TIME_NS:
		return time_set(field, key, text);
	default:
		return *text ? string_set(field, key, text) : -EINVAL;
	}
}

int config_value_set(struct config *config, const struct config_key *key, const char *text,
		     const struct config_why *why)
{
	int err;

	if (config_is_list(key))
		return config_list_append(config, key, text, why);
	err = scalar_set(config, key, text);
	return err ? refuse(key, text, why, err) : 0;
}
