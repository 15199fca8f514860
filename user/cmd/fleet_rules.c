/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A plan into the rules of origin fleet: one list for each fleet, replaced whole. */

#include "cmd/fleet_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list_names {
	char (*names)[FLEET_ID_MAX];
	size_t count, size;
};

static int list_compare(const void *a, const void *b)
{
	const struct rule *left = a, *right = b;
	int order = strcmp(left->list, right->list);

	return order ? order : net_compare(&left->net, &right->net);
}

static bool name_is_known(const struct list_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!strcmp(names->names[i], name))
			return true;
	}
	return false;
}

static int name_collect(const struct rule *rule, void *arg)
{
	struct list_names *names = arg;

	if (rule->origin != WEIR_ORIGIN_FLEET || name_is_known(names, rule->list))
		return 0;
	if (names->count == names->size) {
		size_t size = names->size ? names->size * 2 : 16;
		void *more = realloc(names->names, size * sizeof(*names->names));

		if (!more)
			return -ENOMEM;
		names->names = more;
		names->size = size;
	}
	snprintf(names->names[names->count++], FLEET_ID_MAX, "%s", rule->list);
	return 0;
}

static int list_put(struct rules *rules, const char *list, const struct rule *with, size_t count,
		    fleet_rules_said said, void *arg)
{
	struct rules_replaced replaced = { 0 };
	int error = rules_replace(rules, WEIR_ORIGIN_FLEET, list, with, count, false, &replaced);

	if (!error && said)
		said(list, &replaced, arg);
	return error;
}

static bool plan_has_list(const struct rule *wanted, size_t count, const char *list)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(wanted[i].list, list))
			return true;
	}
	return false;
}

static int lists_put(struct rules *rules, const struct rule *wanted, size_t count,
		     fleet_rules_said said, void *arg)
{
	size_t start = 0;
	int error = 0;

	for (size_t i = 1; i <= count && !error; i++) {
		if (i < count && !strcmp(wanted[i].list, wanted[start].list))
			continue;
		error = list_put(rules, wanted[start].list, wanted + start, i - start, said, arg);
		start = i;
	}
	return error;
}

int fleet_rules_put(const struct plan *plan, const struct engine *engine, struct rules *rules,
		    fleet_rules_said said, void *arg)
{
	struct list_names old = { 0 };
	struct rule *wanted = NULL;
	size_t count = 0;
	int error = plan_rules(plan, engine, &wanted, &count);

	if (!error)
		error = rules_each(rules, name_collect, &old);
	if (!error && count)
		qsort(wanted, count, sizeof(*wanted), list_compare);
	/* Old lists first: they make room, and a source that changed its fleet is never without a rule
	 * in the maps, which are written afterwards. */
	for (size_t i = 0; i < old.count && !error; i++) {
		if (!plan_has_list(wanted, count, old.names[i]))
			error = list_put(rules, old.names[i], NULL, 0, said, arg);
	}
	if (!error)
		error = lists_put(rules, wanted, count, said, arg);
	free(old.names);
	free(wanted);
	return error;
}
