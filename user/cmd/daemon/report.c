/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Once a minute: drops by rule into events, and hits of rules that are gone out of their map. */

#include "cmd/daemon/daemon.h"

#include <stdio.h>

/* An attack on a million rules must not become a million events a minute. */
#define DROP_EVENTS_MAX 1000

struct minute {
	struct daemon *d;
	uint64_t now_unix_ns;
	size_t events, left_out;
};

static void drop_write(struct minute *minute, const struct rule *rule, const struct weir_hit *hit,
		       uint64_t packets)
{
	char target[NET_TEXT_MAX];

	if (minute->events++ >= DROP_EVENTS_MAX) {
		minute->left_out++;
		return;
	}
	net_format(&rule->net, target);
	events_write(minute->d->events, minute->now_unix_ns, "drop", target,
		     json_pack("{s:i,s:s,s:s,s:s,s:I,s:I,s:I}", "rule", (int)rule->id, "action",
			       rule_action_name(rule->action), "origin",
			       rule_origin_name(rule->origin), "list", rule->list, "packets",
			       (json_int_t)packets, "packets_total", (json_int_t)hit->packets,
			       "bytes_total", (json_int_t)hit->bytes));
}

static int hit_report(uint32_t rule_id, const struct weir_hit *hit, void *arg)
{
	struct minute *minute = arg;
	const struct rule *rule = rules_by_id(minute->d->rules, rule_id);
	uint64_t packets;

	if (!rule) {
		maps_remove_hit(&minute->d->maps, rule_id);
		hit_memory_take(&minute->d->hit_memory, rule_id, 0);
		return 0;
	}
	packets = hit_memory_take(&minute->d->hit_memory, rule_id, hit->packets);
	if (packets && rule->action != WEIR_ACTION_ALLOW)
		drop_write(minute, rule, hit, packets);
	return 0;
}

void daemon_report_minute(struct daemon *d)
{
	struct minute minute = { .d = d, .now_unix_ns = clock_unix_ns() };

	hits_each(d->maps.hits, hit_report, &minute);
	if (minute.left_out)
		events_write(d->events, minute.now_unix_ns, "drop", NULL,
			     json_pack("{s:I}", "rules_left_out", (json_int_t)minute.left_out));
}
