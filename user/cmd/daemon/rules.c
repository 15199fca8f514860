/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Rules into the maps: the one place where intentions become verdicts. */

#include "cmd/daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/daemon/lockout.h"
#include "edge/log.h"

/* Between two batches the daemon gives a sign of life and empties the ring. */
#define BATCH_MAX 4096
#define CONFIG_LIST_NAME "config"
#define PUSHES_LOGGED_MAX 10 /* a second; the rest is a number */

static void apply_failed(struct daemon *d, int error)
{
	struct problem problem = {
		.key = "rules",
		.advice = "see the log; weir tries again every second",
		.since_unix_ns = clock_unix_ns(),
	};

	snprintf(problem.what, sizeof(problem.what), "rules are not all in force: %s",
		 strerror(-error));
	problem_set(&d->problems, &problem);
}

/* Once the maps no longer hold them: a rule that is given the id anew begins at zero. */
static void hits_forget(struct daemon *d)
{
	static uint32_t ids[BATCH_MAX];
	size_t count;

	while ((count = rules_take_released(d->rules, ids, BATCH_MAX))) {
		for (size_t i = 0; i < count; i++) {
			maps_remove_hit(&d->maps, ids[i]);
			hit_memory_take(&d->hit_memory, ids[i], 0);
		}
		daemon_heartbeat(d);
	}
}

int daemon_apply_rules(struct daemon *d)
{
	static struct rule_change changes[BATCH_MAX]; /* large, and the loop is one thread */
	size_t count, written;
	int error = 0;

	while (!error && (count = rules_changes(d->rules, changes, BATCH_MAX))) {
		written = 0;
		error = maps_write_rules(&d->maps, changes, count, &written);
		rules_mark_written(d->rules, changes, written);
		if (!error && !written)
			error = -EIO;
		daemon_heartbeat(d);
		if (d->ring && count == BATCH_MAX)
			ring_consume(d->ring);
	}
	if (error) {
		apply_failed(d, error);
		return error;
	}
	hits_forget(d);
	problem_clear(&d->problems, "rules");
	return 0;
}

int daemon_put_config_allows(struct daemon *d)
{
	struct rule *rules = calloc(d->config.allow_count + 1, sizeof(*rules));
	struct rules_replaced replaced;
	int error;

	if (!rules)
		return -ENOMEM;
	for (size_t i = 0; i < d->config.allow_count; i++) {
		rules[i] = (struct rule){
			.net = d->config.allow[i],
			.action = WEIR_ACTION_ALLOW,
			.origin = WEIR_ORIGIN_OPERATOR,
			.created_unix_ns = clock_unix_ns(),
			.list = CONFIG_LIST_NAME,
			.reason = "configuration",
			.by = "configuration",
		};
	}
	error = rules_replace(d->rules, WEIR_ORIGIN_OPERATOR, CONFIG_LIST_NAME, rules,
			      d->config.allow_count, false, &replaced);
	free(rules);
	return error;
}

struct push_run {
	struct daemon *d;
	size_t taken, refused;
};

static void push_refuse(struct push_run *run, const char *target, const char *why)
{
	if (run->refused++ < PUSHES_LOGGED_MAX)
		log_warning("push map: %s refused: %s", target, why);
}

static struct rule push_rule(const struct daemon *d, const struct net *net,
			     const struct weir_push *push)
{
	uint64_t ttl_ns = push->ttl_s ? push->ttl_s * NS_PER_S : d->config.rule_ttl_ns;
	uint64_t now_unix_ns = clock_unix_ns();

	if (ttl_ns > d->config.rule_ttl_max_ns)
		ttl_ns = d->config.rule_ttl_max_ns;
	return (struct rule){
		.net = *net,
		.action = push->action ? (uint8_t)push->action : WEIR_ACTION_DROP,
		.origin = WEIR_ORIGIN_MAP,
		.created_unix_ns = now_unix_ns,
		.expires_unix_ns = now_unix_ns + ttl_ns,
		.list = "",
		.reason = "pushed",
		.by = net_is_ipv4(net) ? "map push_net4" : "map push_net6",
	};
}

static void push_say_taken(const struct daemon *d, const struct rule *rule,
			   const struct weir_push *push)
{
	uint64_t ttl_ns = rule->expires_unix_ns - rule->created_unix_ns;
	const struct rule *allow = NULL;
	char target[NET_TEXT_MAX], allowed[NET_TEXT_MAX], ttl[32];

	net_format(&rule->net, target);
	duration_format(ttl_ns, ttl, sizeof(ttl));
	log_info("push map: %s taken: %s for %s%s", target, rule_action_name(rule->action), ttl,
		 push->ttl_s * NS_PER_S > ttl_ns ? ", the longest there is (rules.ttl_max)" : "");
	if (!rules_overlaps_allow(d->rules, &rule->net, &allow))
		return;
	net_format(&allow->net, allowed);
	log_warning("push map: %s overlaps %s, which is allowed: the allowed part stays allowed",
		    target, allowed);
}

static void push_take(const struct net *net, const struct weir_push *push, const char *problem,
		      void *arg)
{
	struct push_run *run = arg;
	struct daemon *d = run->d;
	char target[NET_TEXT_MAX], why[LOCKOUT_WHY_MAX];
	struct rule rule;
	int error;

	net_format(net, target);
	if (!problem && lockout_refuses(d, net, false, why))
		problem = why;
	if (problem) {
		push_refuse(run, target, problem);
		return;
	}
	rule = push_rule(d, net, push);
	error = rules_put(d->rules, &rule, &rule.id);
	if (error) {
		push_refuse(run, target, strerror(-error));
		return;
	}
	if (!run->taken)
		ledger_begin(d->ledger);
	ledger_put_rule(d->ledger, &rule);
	if (run->taken++ < PUSHES_LOGGED_MAX)
		push_say_taken(d, &rule, push);
	events_write(d->events, clock_unix_ns(), "rule", target,
		     json_pack("{s:s,s:s,s:s}", "change", "added", "action",
			       rule_action_name(rule.action), "origin", "map"));
}

/* Who may write a map may also freeze it; then nobody can empty it any more. */
static void push_maps_renew(struct daemon *d)
{
	const struct {
		const char *name;
		int fd;
	} maps[] = { { "push_net4", d->maps.push_net4 }, { "push_net6", d->maps.push_net6 } };

	for (size_t i = 0; i < 2; i++) {
		int error;

		if (!maps_push_is_frozen(maps[i].fd))
			continue;
		error = kernel_recreate_push(d->kernel, maps[i].name);
		if (error)
			log_error("push map %s was frozen and cannot be made anew: %s",
				  maps[i].name, strerror(-error));
		else
			log_warning(
				"push map %s was frozen by somebody with access to it: made anew",
				maps[i].name);
		events_write(d->events, clock_unix_ns(), "status", NULL,
			     json_pack("{s:s,s:s}", "problem", "push map frozen", "map",
				       maps[i].name));
	}
}

void daemon_take_pushes(struct daemon *d)
{
	struct push_run run = { .d = d };
	int taken = maps_take_pushes(&d->maps, push_take, &run);

	if (run.taken) {
		ledger_commit(d->ledger);
		daemon_apply_rules(d);
	}
	if (run.taken > PUSHES_LOGGED_MAX || run.refused > PUSHES_LOGGED_MAX)
		log_info("push map: %zu taken, %zu refused in all", run.taken, run.refused);
	if (taken == -EPERM)
		push_maps_renew(d);
	else if (taken < 0)
		log_warning("push map: cannot read it: %s", strerror(-taken));
}

int daemon_set_mode(struct daemon *d, uint8_t mode, const char *by)
{
	uint8_t before = d->mode;
	int error = maps_set(&d->maps, WEIR_SETTING_MODE, mode);

	if (error)
		return error;
	d->mode = mode;
	error = ledger_set_value(d->ledger, "mode", mode_name(mode));
	ledger_set_value(d->ledger, "mode_forced", "");
	problem_clear(&d->problems, "mode forced");
	log_info("mode is %s, was %s, set by %s", mode_name(mode), mode_name(before), by);
	events_write(d->events, clock_unix_ns(), "status", NULL,
		     json_pack("{s:s,s:s,s:s}", "mode", mode_name(mode), "was", mode_name(before),
			       "by", by));
	daemon_replan(d);
	return error;
}
