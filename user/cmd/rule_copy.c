/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The rules of one origin and list as they are, with their ids, for whoever must store them. */

#include "cmd/rule_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct copy {
	uint8_t origin;
	const char *list;
	struct rule *rules;
	size_t count, size;
};

static int rule_take(const struct rule *rule, void *arg)
{
	struct copy *copy = arg;

	if (rule->origin != copy->origin || strcmp(rule->list, copy->list))
		return 0;
	if (copy->count == copy->size) {
		size_t size = copy->size ? copy->size * 2 : 64;
		struct rule *rules = realloc(copy->rules, size * sizeof(*rules));

		if (!rules)
			return -ENOMEM;
		copy->rules = rules;
		copy->size = size;
	}
	copy->rules[copy->count++] = *rule;
	return 0;
}

int rules_copy_list(const struct rules *rules, uint8_t origin, const char *list, struct rule **out,
		    size_t *count)
{
	struct copy copy = { .origin = origin, .list = list };
	int error = rules_each(rules, rule_take, &copy);

	if (error) {
		free(copy.rules);
		return error;
	}
	*out = copy.rules;
	*count = copy.count;
	return 0;
}
