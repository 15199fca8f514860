/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/duration.h"

/* Turns durations as people write them into nanoseconds and back. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "d", 86400000000000ULL }, { "h", 3600000000000ULL }, { "m", 60000000000ULL },
	{ "s", 1000000000ULL },	    { "ms", 1000000ULL },      { "us", 1000ULL },
};

/* The unit at the start of text; "ms" is tried as a whole, so that it is not "m" and a stray "s". */
static const struct unit *unit_find(const char *text, size_t *len)
{
	*len = strspn(text, "dhmsu");
	for (size_t i = 0; i < COUNT(units); i++)
		if (strlen(units[i].name) == *len && strncmp(units[i].name, text, *len) == 0)
			return &units[i];
	return NULL;
}

int duration_parse(const char *text, uint64_t *ns)
{
	uint64_t sum_ns = 0, last_unit_ns = UINT64_MAX;

	if (strcmp(text, "0") == 0) {
		*ns = 0;
		return 0;
	}
	do {
		const struct unit *unit;
		uint64_t number = 0, part_ns;
		size_t digits = strspn(text, "0123456789"), len;

		if (digits == 0 || digits > 18)
			return -EINVAL;
		for (; digits > 0; digits--)
			number = number * 10 + (uint64_t)(*text++ - '0');
		unit = unit_find(text, &len);
		/* Units only fall: "30m1h" is a slip. */
		if (!unit || unit->ns >= last_unit_ns ||
		    __builtin_mul_overflow(number, unit->ns, &part_ns) ||
		    __builtin_add_overflow(sum_ns, part_ns, &sum_ns))
			return -EINVAL;
		last_unit_ns = unit->ns;
		text += len;
	} while (*text != '\0');
	*ns = sum_ns;
	return 0;
}

void duration_format(uint64_t ns, char *text, size_t text_size)
{
	for (size_t i = 0; i < COUNT(units); i++) {
		uint64_t rest_ns;

		if (ns < units[i].ns)
			continue;
		rest_ns = ns % units[i].ns;
		if (i + 1 < COUNT(units) && rest_ns >= units[i + 1].ns)
			snprintf(text, text_size, "%" PRIu64 "%s%" PRIu64 "%s", ns / units[i].ns,
				 units[i].name, rest_ns / units[i + 1].ns, units[i + 1].name);
		else
			snprintf(text, text_size, "%" PRIu64 "%s", ns / units[i].ns, units[i].name);
		return;
	}
	snprintf(text, text_size, "0s");
}
