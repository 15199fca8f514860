/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Rules with their hits into an answer, a page at a time. */

#include <errno.h>
#include <string.h>

#include "cmd/daemon/handlers.h"

struct rule_filter {
	struct daemon *d;
	const char *origin, *list; /* NULL: any */
	bool with_guards;
	size_t limit;
	json_t *rows;
	uint32_t last_id; /* of the rows */
	size_t matched;
	bool has_more;
};

/* One answer holds no more: a page of 10,000 is 4 MB of text and 20 MB while it is made. The client asks on. */
#define PAGE_MAX 10000

static json_t *time_new(uint64_t unix_ns)
{
	return unix_ns ? json_integer((json_int_t)unix_ns) : json_null();
}

json_t *json_rule_new(const struct daemon *d, const struct rule *rule)
{
	struct weir_hit hit = { 0 };
	json_t *row = json_object();

	maps_read_hit(&d->maps, rule->id, &hit);
	json_object_set_new(row, "id", json_integer(rule->id));
	json_object_set_new(row, "target", json_net_new(&rule->net));
	json_object_set_new(row, "action", json_string(rule_action_name(rule->action)));
	if (rule->action == WEIR_ACTION_LIMIT)
		json_object_set_new(row, "limit_per_min", json_integer(rule->limit_per_min));
	json_object_set_new(row, "origin", json_string(rule_origin_name(rule->origin)));
	json_object_set_new(row, "list", json_string(rule->list));
	json_object_set_new(row, "reason", json_string(rule->reason));
	json_object_set_new(row, "by", json_string(rule->by));
	json_object_set_new(row, "created_unix_ns", time_new(rule->created_unix_ns));
	json_object_set_new(row, "expires_unix_ns", time_new(rule->expires_unix_ns));
	json_object_set_new(row, "packets", json_integer((json_int_t)hit.packets));
	json_object_set_new(row, "bytes", json_integer((json_int_t)hit.bytes));
	json_object_set_new(row, "last_hit_unix_ns",
			    time_new(hit.last_ns ? hit.last_ns + d->maps.boot_unix_ns : 0));
	return row;
}

static bool rule_matches(const struct rule_filter *filter, const struct rule *rule)
{
	if (filter->origin && strcmp(filter->origin, rule_origin_name(rule->origin)))
		return false;
	if (!filter->origin && !filter->with_guards && rule->origin == WEIR_ORIGIN_GUARD)
		return false;
	return !filter->list || !strcmp(filter->list, rule->list);
}

static int rule_count(const struct rule *rule, void *arg)
{
	struct rule_filter *filter = arg;

	filter->matched += rule_matches(filter, rule);
	return 0;
}

static int rule_show(const struct rule *rule, void *arg)
{
	struct rule_filter *filter = arg;

	if (!rule_matches(filter, rule))
		return 0;
	filter->has_more = json_array_size(filter->rows) == filter->limit;
	if (filter->has_more)
		return 1;
	filter->last_id = rule->id;
	return json_array_append_new(filter->rows, json_rule_new(filter->d, rule));
}

static bool origin_is_known(const char *origin)
{
	for (uint8_t i = 0; i < WEIR_ORIGIN_MAX; i++) {
		if (!strcmp(origin, rule_origin_name(i)))
			return true;
	}
	return false;
}

json_t *answer_rules(struct daemon *d, const struct request *request)
{
	struct args args = { .object = request->args };
	struct rule_filter filter = {
		.d = d,
		.origin = args_text(&args, "origin", NULL),
		.list = args_text(&args, "list", NULL),
		.with_guards = args_flag(&args, "all"),
		.limit = (size_t)args_number(&args, "limit", 0, INT32_MAX, 0),
	};
	uint32_t after_id = (uint32_t)args_number(&args, "after", 0, UINT32_MAX, 0);

	if (args.why[0])
		return args_refusal(&args);
	if (filter.origin && !origin_is_known(filter.origin))
		return answer_refused(API_EXIT_USAGE,
				      "%.40s is no origin: fleet, operator, list, map or guard",
				      filter.origin);
	if (!filter.limit || filter.limit > PAGE_MAX)
		filter.limit = PAGE_MAX;
	filter.rows = json_array();
	if (rules_each_after(d->rules, after_id, rule_show, &filter) < 0) {
		json_decref(filter.rows);
		return answer_refused(API_EXIT_FAILED, "out of memory");
	}
	/* Whoever asks on knows the number already. */
	if (!after_id)
		rules_each(d->rules, rule_count, &filter);
	return answer_ok(json_pack(
		"{s:I,s:I,s:s,s:I,s:o}", "now_unix_ns", (json_int_t)clock_unix_ns(), "matched",
		(json_int_t)filter.matched, "mode", mode_name(d->mode), "after",
		(json_int_t)(filter.has_more ? filter.last_id : 0), "rules", filter.rows));
}
