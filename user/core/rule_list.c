/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/rule_store.h"

/* Turns a named list into its new content, whole and at once. */

#include <errno.h>
#include <stdlib.h>

/* What a replacement still needs to know between its two passes. */
struct replacing {
	struct rules *rules;
	uint8_t origin;
	const char *list;
	const struct rule *with;
	size_t count;
	size_t unlike; /* different rules among with */
};

static int by_net(const void *a, const void *b)
{
	const struct rule *const *left = a, *const *right = b;
	int order = net_compare(&(*left)->net, &(*right)->net);

	if (order)
		return order;
	return ((*left)->action == WEIR_ACTION_ALLOW) - ((*right)->action == WEIR_ACTION_ALLOW);
}

static size_t unlike_count(const struct rule *const *sorted, size_t count)
{
	size_t unlike = count ? 1 : 0;

	for (size_t i = 1; i < count; i++)
		unlike += by_net(&sorted[i - 1], &sorted[i]) != 0;
	return unlike;
}

/* Counts what is left when the same net is in the list twice. Lists come sorted, so that the sort is seldom needed. */
static int with_count(struct replacing *run)
{
	const struct rule **sorted;
	bool is_sorted = true;
	size_t i;

	sorted = calloc(run->count + 1, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < run->count; i++) {
		sorted[i] = &run->with[i];
		is_sorted = is_sorted && (i == 0 || by_net(&sorted[i - 1], &sorted[i]) <= 0);
	}
	if (!is_sorted)
		qsort(sorted, run->count, sizeof(*sorted), by_net);
	run->unlike = unlike_count(sorted, run->count);
	free(sorted);
	return 0;
}

/* Marks every rule of the list that stays, and returns their number. */
static size_t kept_mark(const struct replacing *run)
{
	struct rules *rules = run->rules;
	size_t kept = 0;

	rules->mark++;
	for (size_t i = 0; i < run->count; i++) {
		uint32_t id = rule_store_find(rules, &run->with[i], run->origin, run->list);

		if (!id || rule_slot_at(rules, id)->mark == rules->mark)
			continue;
		rule_slot_at(rules, id)->mark = rules->mark;
		kept++;
	}
	return kept;
}

static uint32_t list_head(const struct replacing *run)
{
	const char *interned = intern_find(&run->rules->texts, run->list);

	return interned ? intern_heads(interned)[run->origin] : 0;
}

static size_t list_count(const struct replacing *run)
{
	uint32_t id = list_head(run);
	size_t count = 0;

	for (; id; id = rule_slot_at(run->rules, id)->later_in_list)
		count++;
	return count;
}

static void unmarked_remove(const struct replacing *run)
{
	uint32_t id = list_head(run);

	while (id) {
		const struct rule_slot *slot = rule_slot_at(run->rules, id);
		uint32_t later = slot->later_in_list;

		if (slot->mark != run->rules->mark)
			rule_store_remove(run->rules, id);
		id = later;
	}
}

static void texts_drop(const struct replacing *run, size_t count)
{
	struct intern_pool *texts = &run->rules->texts;

	for (size_t i = 0; i < count; i++) {
		intern_drop(texts, intern_find(texts, run->with[i].reason));
		intern_drop(texts, intern_find(texts, run->with[i].by));
	}
	intern_drop(texts, intern_find(texts, run->list));
}

/* Takes every string once beforehand, so that nothing can fail once rules go. */
static int texts_take(const struct replacing *run)
{
	struct intern_pool *texts = &run->rules->texts;
	size_t i;

	if (!intern_take(texts, run->list))
		return -ENOMEM;
	for (i = 0; i < run->count; i++) {
		const char *reason = intern_take(texts, run->with[i].reason);

		if (reason && intern_take(texts, run->with[i].by))
			continue;
		if (reason)
			intern_drop(texts, reason);
		texts_drop(run, i);
		return -ENOMEM;
	}
	return 0;
}

static void list_apply(const struct replacing *run)
{
	unmarked_remove(run);
	for (size_t i = 0; i < run->count; i++) {
		struct rule rule = run->with[i];

		rule.id = 0;
		rule.origin = run->origin;
		rule.list = run->list;
		rule_store_put(run->rules, &rule);
	}
}

static int replace_check(const struct replacing *run)
{
	if (run->origin >= WEIR_ORIGIN_MAX)
		return -EINVAL;
	for (size_t i = 0; i < run->count; i++) {
		struct rule rule = run->with[i];

		rule.origin = run->origin;
		if (!rule_is_sound(&rule))
			return -EINVAL;
	}
	return 0;
}

int rules_replace(struct rules *rules, uint8_t origin, const char *list, const struct rule *with,
		  size_t count, bool is_dry_run, struct rules_replaced *out)
{
	struct replacing run = {
		.rules = rules, .origin = origin, .list = list, .with = with, .count = count
	};
	struct rules_replaced replaced;
	int err = replace_check(&run);

	if (!err)
		err = with_count(&run);
	if (err)
		return err;
	replaced.kept = kept_mark(&run);
	replaced.removed = list_count(&run) - replaced.kept;
	replaced.added = run.unlike - replaced.kept;
	if (replaced.added > rule_store_room(rules, origin) + replaced.removed)
		return -ENOSPC;
	if (!is_dry_run) {
		err = rule_store_reserve(rules, replaced.added, replaced.removed);
		if (!err)
			err = texts_take(&run);
		if (err)
			return err;
		list_apply(&run);
		texts_drop(&run, count);
	}
	*out = replaced;
	return 0;
}
