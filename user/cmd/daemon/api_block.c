/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `block` and `allow`: targets into rules, all of them or none, in force before the answer. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/daemon/handlers.h"
#include "cmd/daemon/lockout.h"
#include "cmd/daemon/targets.h"
#include "cmd/rule_copy.h"
#include "edge/log.h"

#define LIMIT_MAX UINT16_MAX
#define OVERLAPS_SHOWN_MAX 100
#define LIST_NAME_MAX 64

struct block {
	struct daemon *d;
	const struct request *request;
	struct targets targets;
	struct rule rule; /* what all of them have in common */
	bool is_forced, is_strict, is_skipping, is_replacing, is_dry_run, is_clamped, is_merging;
	uint64_t ttl_ns; /* 0: for ever */
	size_t overlaps, judged;
	json_t *warnings;
	struct rules_replaced done;
	bool is_saved;
};

static void warn(struct block *block, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void warn(struct block *block, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(block->warnings, json_string(text));
}

static void ttl_read(struct block *block, struct args *args, uint64_t fallback_ns)
{
	const struct config *config = &block->d->config;
	int64_t ttl_s = args_number(args, "ttl_s", 0, INT64_MAX / (int64_t)NS_PER_S, 0);
	bool is_allow = block->rule.action == WEIR_ACTION_ALLOW;

	block->ttl_ns = ttl_s ? (uint64_t)ttl_s * NS_PER_S : fallback_ns;
	if (!is_allow && block->ttl_ns > config->rule_ttl_max_ns) {
		char asked[32], clamped[32];

		duration_format(block->ttl_ns, asked, sizeof(asked));
		duration_format(config->rule_ttl_max_ns, clamped, sizeof(clamped));
		warn(block, "ttl %s is over the limit: %s it is (rules.ttl_max)", asked, clamped);
		block->ttl_ns = config->rule_ttl_max_ns;
		block->is_clamped = true;
	}
	if (block->ttl_ns)
		block->rule.expires_unix_ns = block->rule.created_unix_ns + block->ttl_ns;
}

static void list_read_name(struct block *block, struct args *args)
{
	const char *list = args_text(args, "list", "");

	if (strlen(list) > LIST_NAME_MAX)
		snprintf(args->why, sizeof(args->why), "a list's name has at most %d bytes",
			 LIST_NAME_MAX);
	block->rule.list = list;
	block->rule.origin = list[0] ? WEIR_ORIGIN_LIST : WEIR_ORIGIN_OPERATOR;
	block->is_replacing = args_flag(args, "replace");
	block->is_dry_run = args_flag(args, "dry_run");
	if (!args->why[0] && block->is_replacing && !list[0])
		snprintf(args->why, sizeof(args->why), "replace needs the name of a list");
}

static void block_read(struct block *block, struct args *args, bool is_allow)
{
	const char *action = args_text(args, "action", "reset");

	block->rule = (struct rule){
		.action = WEIR_ACTION_ALLOW,
		.origin = WEIR_ORIGIN_OPERATOR,
		.created_unix_ns = clock_unix_ns(),
		.list = "",
		.reason = args_text(args, "reason", ""),
		.by = block->request->peer->name,
	};
	block->is_forced = args_flag(args, "force");
	block->is_strict = args_flag(args, "strict");
	block->is_skipping = args_flag(args, "skip_bad");
	block->is_merging = args_flag(args, "merge");
	if (!is_allow) {
		int number = rule_action_parse(action);

		list_read_name(block, args);
		if (!args->why[0] && number <= WEIR_ACTION_ALLOW)
			snprintf(args->why, sizeof(args->why),
				 "%.40s is no action: drop, reset, limit or observe", action);
		block->rule.action = (uint8_t)number;
		block->rule.limit_per_min = (uint16_t)args_number(args, "limit", 0, LIMIT_MAX, 0);
	}
	ttl_read(block, args, is_allow ? 0 : block->d->config.rule_ttl_ns);
	if (!args->why[0])
		targets_read(&block->targets, args);
}

/* Keeps what may be blocked; refuses the rest with its reason. */
static bool deny_keep(const struct net *net, void *arg)
{
	struct block *block = arg;
	const struct rule *allow = NULL;
	char target[NET_TEXT_MAX], other[NET_TEXT_MAX], why[LOCKOUT_WHY_MAX];
	bool is_forced = block->is_forced && block->rule.origin != WEIR_ORIGIN_LIST;

	daemon_breathe(block->d, block->judged++);
	if (lockout_refuses(block->d, net, is_forced, why)) {
		net_format(net, target);
		targets_refuse(&block->targets, target, why);
		return false;
	}
	net_format(net, target);
	if (lockout_warns(block->d, net, why))
		warn(block, "%s %s", target, why);
	if (!rules_overlaps_allow(block->d->rules, net, &allow))
		return true;
	if (is_forced && lockout_is_ssh_peer(block->d, net)) {
		warn(block,
		     "%s has an SSH session with this host: by --force it is blocked all the "
		     "same",
		     target);
		return true;
	}
	net_format(&allow->net, other);
	snprintf(why, sizeof(why), "it overlaps %s, which is allowed (%s)", other,
		 allow->reason[0] ? allow->reason : rule_origin_name(allow->origin));
	if (block->is_strict) {
		targets_refuse(&block->targets, target, why);
		return false;
	}
	if (block->overlaps++ < OVERLAPS_SHOWN_MAX)
		warn(block, "%s: %s: the allowed part stays allowed", target, why);
	return true;
}

static struct rule *rules_make(const struct block *block)
{
	struct rule *rules = calloc(block->targets.count + 1, sizeof(*rules));

	for (size_t i = 0; rules && i < block->targets.count; i++) {
		daemon_breathe(block->d, i);
		rules[i] = block->rule;
		rules[i].net = block->targets.nets[i];
	}
	return rules;
}

/* All or none: on failure what was added is taken out again. */
static int rules_put_all(struct block *block, struct rule *rules)
{
	struct rules *all = block->d->rules;
	size_t count = block->targets.count;
	bool *is_new = calloc(count + 1, sizeof(*is_new));
	int error = is_new ? 0 : -ENOMEM;
	size_t done = 0;

	while (!error && done < count) {
		size_t before = rules_count(all);

		daemon_breathe(block->d, done);
		error = rules_put(all, &rules[done], &rules[done].id);
		if (error)
			break;
		is_new[done] = rules_count(all) > before;
		block->done.added += is_new[done];
		block->done.kept += !is_new[done];
		done++;
	}
	for (size_t i = 0; error && i < done; i++) {
		if (is_new[i])
			rules_remove(all, &rules[i].net, rules[i].action == WEIR_ACTION_ALLOW,
				     rules[i].origin, rules[i].list);
	}
	free(is_new);
	return error;
}

static int list_save(struct block *block)
{
	struct daemon *d = block->d;
	struct rule *rules = NULL;
	size_t count = 0;
	int error = rules_copy_list(d->rules, block->rule.origin, block->rule.list, &rules, &count);

	if (!error)
		error = ledger_replace_rules(d->ledger, block->rule.origin, block->rule.list, rules,
					     count);
	free(rules);
	return error;
}

static int rules_save(struct block *block, const struct rule *rules)
{
	struct daemon *d = block->d;
	bool is_open;
	int error;

	if (block->rule.action == WEIR_ACTION_ALLOW)
		return words_put_allows(d->words, rules, block->targets.count);
	/* Without a transaction the ledger keeps the writes until its disk takes them. */
	error = ledger_begin(d->ledger);
	is_open = !error;
	if (block->is_replacing)
		error = list_save(block);
	for (size_t i = 0; !block->is_replacing && i < block->targets.count; i++) {
		daemon_breathe(d, i);
		error = ledger_put_rule(d->ledger, &rules[i]);
	}
	return is_open ? ledger_commit(d->ledger) : error;
}

static void event_write(const struct block *block)
{
	char target[NET_TEXT_MAX];
	bool is_one = block->targets.count == 1;

	if (is_one)
		net_format(&block->targets.nets[0], target);
	events_write(block->d->events, clock_unix_ns(), "rule", is_one ? target : NULL,
		     json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:s,s:s}", "action",
			       rule_action_name(block->rule.action), "origin",
			       rule_origin_name(block->rule.origin), "list", block->rule.list,
			       "added", (json_int_t)block->done.added, "removed",
			       (json_int_t)block->done.removed, "kept",
			       (json_int_t)block->done.kept, "by", block->rule.by, "reason",
			       block->rule.reason));
}

static json_t *block_answer(struct block *block)
{
	return answer_ok(json_pack(
		"{s:I,s:I,s:I,s:I,s:I,s:O,s:s,s:I,s:b,s:b,s:b,s:O}", "added",
		(json_int_t)block->done.added, "removed", (json_int_t)block->done.removed, "kept",
		(json_int_t)block->done.kept, "duplicates", (json_int_t)block->targets.duplicates,
		"contained", (json_int_t)block->targets.contained, "refused",
		block->targets.refused, "action", rule_action_name(block->rule.action), "ttl_s",
		(json_int_t)(block->ttl_ns / NS_PER_S), "is_clamped", block->is_clamped,
		"is_dry_run", block->is_dry_run, "is_saved", block->is_saved || block->is_dry_run,
		"warnings", block->warnings));
}

/* In memory, then in the maps, then on disk: what the answer says is in force. */
static json_t *block_apply(struct block *block)
{
	struct daemon *d = block->d;
	struct rule *rules = rules_make(block);
	int error = rules ? 0 : -ENOMEM;

	if (!error && block->is_replacing)
		error = rules_replace(d->rules, block->rule.origin, block->rule.list, rules,
				      block->targets.count, block->is_dry_run, &block->done);
	else if (!error)
		error = rules_put_all(block, rules);
	if (!error && !block->is_dry_run) {
		int applied;

		/* A guard that yields to the new rule goes with it. */
		if (block->is_forced)
			daemon_refresh_guards(d);
		applied = daemon_apply_rules(d);

		block->is_saved = !rules_save(block, rules);
		if (applied)
			warn(block,
			     "not all rules are in force yet (%s): weir tries again every "
			     "second",
			     strerror(-applied));
		if (!block->is_saved)
			warn(block, "the rules are in force but could not be saved yet: they are "
				    "lost if weir ends before the disk takes them");
		event_write(block);
	}
	free(rules);
	if (error)
		return answer_refused(API_EXIT_FAILED, "nothing changed: %s",
				      error == -ENOSPC ? "no room for so many rules: raise "
							 "limits.rules" :
							 strerror(-error));
	return block_answer(block);
}

static json_t *targets_refused(const struct block *block)
{
	json_t *answer =
		answer_refused(API_EXIT_USAGE,
			       "nothing changed: %zu of %zu targets "
			       "refused (--skip-bad applies the rest)",
			       json_array_size(block->targets.refused),
			       json_array_size(block->targets.refused) + block->targets.count);

	json_object_set(answer, "refused", block->targets.refused);
	return answer;
}

static json_t *block_run(struct block *block, bool is_allow)
{
	struct args args = { .object = block->request->args };

	block->warnings = json_array();
	block_read(block, &args, is_allow);
	if (args.why[0])
		return args_refusal(&args);
	if (!is_allow) {
		/* The session that asks may be younger than the last look at them. */
		daemon_refresh_guards(block->d);
		targets_keep(&block->targets, deny_keep, block);
	}
	if (json_array_size(block->targets.refused) && !block->is_skipping)
		return targets_refused(block);
	/* After the refusals: a net that is refused must not take those inside it along. */
	if (block->is_merging)
		targets_merge(&block->targets);
	if (!block->targets.count && !block->is_replacing)
		return json_array_size(block->targets.refused) ?
			       targets_refused(block) :
			       answer_refused(API_EXIT_USAGE, "no target was named");
	if (block->overlaps > OVERLAPS_SHOWN_MAX)
		warn(block, "%zu overlaps with allowed nets in all", block->overlaps);
	if (!is_allow && block->d->mode == WEIR_MODE_OFF)
		warn(block, "mode is off: nothing is dropped until `weir mode` says otherwise");
	return block_apply(block);
}

static json_t *block_answer_whole(struct daemon *d, const struct request *request, bool is_allow)
{
	struct block block = { .d = d, .request = request };
	json_t *answer = block_run(&block, is_allow);

	targets_clear(&block.targets);
	json_decref(block.warnings);
	return answer;
}

json_t *answer_block(struct daemon *d, const struct request *request)
{
	return block_answer_whole(d, request, false);
}

json_t *answer_allow(struct daemon *d, const struct request *request)
{
	json_t *answer = block_answer_whole(d, request, true);

	if (json_is_true(json_object_get(answer, "ok")))
		daemon_replan(d);
	return answer;
}
