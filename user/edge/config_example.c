/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/config.h"

/* Turns the table of keys into an example file: every key commented out at its default, under its help. */

#include <string.h>

/* What a list might hold; its default is empty. */
static const char *list_example(enum config_type type)
{
	switch (type) {
	case CONFIG_INTERFACES:
		return "[eth0]";
	case CONFIG_SERVICES:
		return "[\"192.0.2.1:443\", \"[2001:db8::1]:443\"]";
	case CONFIG_PREFIXES6:
		return "{\"2001:db8::/32\": 56}";
	default:
		return "[192.0.2.0/24, \"2001:db8::/32\"]";
	}
}

/* Prints the group's own line when it changes; returns the indentation of its keys. */
static const char *group_print(FILE *out, const char *name, const char *last)
{
	const char *dot = strchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) + 1 : 0;

	if (!dot)
		return "";
	if (strncmp(name, last, len) != 0)
		fprintf(out, "%.*s:\n", (int)len - 1, name);
	return "  ";
}

void config_print_example(FILE *out)
{
	const char *last = "";

	fprintf(out,
		"# Configuration of weir. Keys that are commented out show their default; lists are\n"
		"# empty by default and show an example. `weir check FILE` checks the file.\n\n");
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];
		const char *indent = group_print(out, key->name, last);
		const char *name =
			key->name + (strchr(key->name, '.') ? strcspn(key->name, ".") + 1 : 0);
		char range[160];

		config_range_format(key, range, sizeof(range));
		fprintf(out, "%s# %s%s%s%s\n", indent, key->help, *range ? " (" : "", range,
			*range ? ")" : "");
		if (config_is_list(key))
			fprintf(out, "%s#%s: %s\n\n", indent, name, list_example(key->type));
		else
			fprintf(out, "%s#%s: %s\n\n", indent, name,
				*key->default_text ? key->default_text : "\"\"");
		last = key->name;
	}
}
