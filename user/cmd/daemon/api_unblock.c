/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `unblock` and `unallow`: rules at exactly these nets out of force, and what still covers them said. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/daemon/handlers.h"
#include "cmd/daemon/targets.h"

#define EXACT_MAX 32 /* rules of several origins and lists at one net */
#define LIST_TEXT_MAX 256

/* A member whose block the operator took back stays free for a day, or the next tick would block it again. */
#define DISMISSED_NS (24 * 3600 * NS_PER_S)

struct removal {
	struct daemon *d;
	const struct request *request;
	struct targets targets;
	const char *list; /* NULL: of any */
	bool is_allow;
	json_t *removed, *covered, *warnings;
	/* Of the net at hand. */
	struct net net;
	struct rule exact[EXACT_MAX];
	size_t exact_count;
};

__attribute__((format(printf, 2, 3))) static void warn(struct removal *removal, const char *format,
						       ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(removal->warnings, json_string(text));
}

static bool is_wanted(const struct removal *removal, const struct rule *rule)
{
	return (rule->action == WEIR_ACTION_ALLOW) == removal->is_allow &&
	       (!removal->list || !strcmp(removal->list, rule->list));
}

static int exact_collect(const struct rule *rule, void *arg)
{
	struct removal *removal = arg;

	if (net_equals(&rule->net, &removal->net) && is_wanted(removal, rule) &&
	    removal->exact_count < EXACT_MAX)
		removal->exact[removal->exact_count++] = *rule;
	return 0;
}

static int covering_collect(const struct rule *rule, void *arg)
{
	struct removal *removal = arg;
	char target[NET_TEXT_MAX];

	if ((rule->action == WEIR_ACTION_ALLOW) != removal->is_allow)
		return 0;
	net_format(&removal->net, target);
	json_array_append_new(removal->covered, json_pack("{s:s,s:o}", "target", target, "rule",
							  json_rule_new(removal->d, rule)));
	return 0;
}

/* Configuration and guards say it again at once: taking it out would be a lie. */
static bool is_ours_to_remove(struct removal *removal, const struct rule *rule)
{
	char target[NET_TEXT_MAX];

	net_format(&rule->net, target);
	if (rule->origin == WEIR_ORIGIN_GUARD) {
		warn(removal, "%s: %s: weir never blocks it", target, rule->reason);
		return false;
	}
	if (rule->action == WEIR_ACTION_ALLOW && rule->list[0]) {
		warn(removal, "%s is allowed by the configuration: take it out of `allow` there",
		     target);
		return false;
	}
	if (rule->origin == WEIR_ORIGIN_LIST)
		warn(removal,
		     "%s is in list %s and comes back at its next replace: `weir allow` "
		     "keeps it out",
		     target, rule->list);
	return true;
}

static void member_dismiss(struct removal *removal, const struct rule *rule)
{
	struct daemon *d = removal->d;
	const struct rule *other;
	char reason[96], target[NET_TEXT_MAX];
	struct rule allow = {
		.net = rule->net,
		.action = WEIR_ACTION_ALLOW,
		.origin = WEIR_ORIGIN_OPERATOR,
		.created_unix_ns = clock_unix_ns(),
		.expires_unix_ns = clock_unix_ns() + DISMISSED_NS,
		.list = "",
		.reason = reason,
		.by = removal->request->peer->name,
	};

	net_format(&rule->net, target);
	snprintf(reason, sizeof(reason), "unblocked, was a member of fleet %s", rule->list);
	if (rules_is_allowed(d->rules, &rule->net, &other))
		return;
	if (rules_put(d->rules, &allow, NULL))
		return;
	words_put_allow(d->words, &allow);
	warn(removal,
	     "%s was blocked as a member of fleet %s: it is allowed for 24 h, so that the "
	     "next tick does not block it again (`weir unallow` ends that)",
	     target, rule->list);
}

static void rule_take_out(struct removal *removal, const struct rule *rule)
{
	struct daemon *d = removal->d;
	bool is_fleet = rule->origin == WEIR_ORIGIN_FLEET;
	/* The strings may go with the last rule that uses them. */
	char list[LIST_TEXT_MAX];
	struct rule copy = *rule;

	snprintf(list, sizeof(list), "%s", rule->list);
	copy.list = list;
	json_array_append_new(removal->removed, json_rule_new(d, rule));
	if (rule->action == WEIR_ACTION_ALLOW)
		words_remove_allow(d->words, &rule->net, rule->list);
	else
		ledger_remove_rule(d->ledger, rule);
	rules_remove(d->rules, &copy.net, removal->is_allow, copy.origin, list);
	if (is_fleet)
		member_dismiss(removal, &copy);
}

static bool net_take_out(const struct net *net, void *arg)
{
	struct removal *removal = arg;
	size_t taken = 0;

	removal->net = *net;
	removal->exact_count = 0;
	rules_each_covering(removal->d->rules, net, exact_collect, removal);
	for (size_t i = 0; i < removal->exact_count; i++) {
		if (!is_ours_to_remove(removal, &removal->exact[i]))
			continue;
		rule_take_out(removal, &removal->exact[i]);
		taken++;
	}
	rules_each_covering(removal->d->rules, net, covering_collect, removal);
	return taken > 0;
}

static size_t list_take_out(struct removal *removal)
{
	struct rules_replaced replaced = { 0 };
	struct daemon *d = removal->d;

	if (rules_replace(d->rules, WEIR_ORIGIN_LIST, removal->list, NULL, 0, false, &replaced))
		return 0;
	ledger_replace_rules(d->ledger, WEIR_ORIGIN_LIST, removal->list, NULL, 0);
	return replaced.removed;
}

static json_t *nothing_there(const struct removal *removal, const char *verb)
{
	json_t *answer = answer_refused(API_EXIT_FAILED,
					"nothing changed: no rule is exactly at what was named "
					"(`weir rules` lists them)");
	const json_t *row;
	size_t i;
	json_t *details = json_array();

	json_array_foreach(removal->covered, i, row) {
		const json_t *rule = json_object_get(row, "rule");

		json_array_append_new(
			details,
			json_sprintf("%s is covered by %s (%s): %s that",
				     json_string_value(json_object_get(row, "target")),
				     json_string_value(json_object_get(rule, "target")),
				     json_string_value(json_object_get(rule, "origin")), verb));
	}
	json_array_foreach(removal->warnings, i, row) {
		json_array_append(details, (json_t *)row);
	}
	json_object_set_new(answer, "details", details);
	return answer;
}

static json_t *removal_apply(struct removal *removal)
{
	struct daemon *d = removal->d;
	size_t wanted = removal->targets.count;
	size_t list_removed = 0;

	ledger_begin(d->ledger);
	words_hold(d->words);
	if (!wanted)
		list_removed = list_take_out(removal);
	else
		targets_keep(&removal->targets, net_take_out, removal);
	ledger_commit(d->ledger);
	if (words_release(d->words))
		warn(removal, "the change is in force but could not be saved yet");
	if (!json_array_size(removal->removed) && !list_removed)
		return nothing_there(removal, removal->is_allow ? "unallow" : "unblock");
	if (removal->is_allow)
		daemon_replan(d);
	daemon_apply_rules(d);
	events_write(d->events, clock_unix_ns(), "rule", NULL,
		     json_pack("{s:I,s:s,s:O}", "removed",
			       (json_int_t)(json_array_size(removal->removed) + list_removed), "by",
			       removal->request->peer->name, "rules", removal->removed));
	return answer_ok(json_pack("{s:I,s:I,s:O,s:O,s:O}", "removed",
				   (json_int_t)(json_array_size(removal->removed) + list_removed),
				   "not_found", (json_int_t)(wanted - removal->targets.count),
				   "rules", removal->removed, "still_covered", removal->covered,
				   "warnings", removal->warnings));
}

static json_t *removal_run(struct removal *removal)
{
	struct args args = { .object = removal->request->args };

	removal->removed = json_array();
	removal->covered = json_array();
	removal->warnings = json_array();
	removal->list = removal->is_allow ? NULL : args_text(&args, "list", NULL);
	targets_read(&removal->targets, &args);
	if (args.why[0])
		return args_refusal(&args);
	if (json_array_size(removal->targets.refused)) {
		json_t *answer =
			answer_refused(API_EXIT_USAGE, "nothing changed: %zu targets are wrong",
				       json_array_size(removal->targets.refused));

		json_object_set(answer, "refused", removal->targets.refused);
		return answer;
	}
	if (!removal->targets.count && !removal->list)
		return answer_refused(API_EXIT_USAGE, "no target was named");
	return removal_apply(removal);
}

static json_t *removal_answer(struct daemon *d, const struct request *request, bool is_allow)
{
	struct removal *removal = calloc(1, sizeof(*removal));
	json_t *answer;

	if (!removal)
		return NULL;
	removal->d = d;
	removal->request = request;
	removal->is_allow = is_allow;
	answer = removal_run(removal);
	targets_clear(&removal->targets);
	json_decref(removal->removed);
	json_decref(removal->covered);
	json_decref(removal->warnings);
	free(removal);
	return answer;
}

json_t *answer_unblock(struct daemon *d, const struct request *request)
{
	return removal_answer(d, request, false);
}

json_t *answer_unallow(struct daemon *d, const struct request *request)
{
	return removal_answer(d, request, true);
}
