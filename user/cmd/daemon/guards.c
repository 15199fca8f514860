/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Whom this host must not lock out into allow rules, as often as that changes. */

#include "cmd/daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/log.h"

#define GUARDS_KEY "guards"

static bool guards_are_same(const struct daemon *d, const struct guard_entry *guards, size_t count)
{
	if (count != d->guard_count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (net_compare(&guards[i].net, &d->guards[i].net) ||
		    guards[i].kind != d->guards[i].kind)
			return false;
	}
	return true;
}

static int guards_put(struct daemon *d)
{
	struct rule *rules = calloc(d->guard_count + 1, sizeof(*rules));
	struct rules_replaced replaced;
	int error;

	if (!rules)
		return -ENOMEM;
	for (size_t i = 0; i < d->guard_count; i++) {
		rules[i] = (struct rule){
			.net = d->guards[i].net,
			.action = WEIR_ACTION_ALLOW,
			.origin = WEIR_ORIGIN_GUARD,
			.created_unix_ns = clock_unix_ns(),
			.list = "",
			.reason = guard_kind_name(d->guards[i].kind),
			.by = "guard",
		};
	}
	error = rules_replace(d->rules, WEIR_ORIGIN_GUARD, "", rules, d->guard_count, false,
			      &replaced);
	free(rules);
	return error;
}

/* An SSH peer is guarded unless the operator blocked exactly it, which takes --force while its session lasts. */
static bool guard_yields(const struct daemon *d, const struct guard_entry *guard)
{
	return guard->kind == GUARD_SSH_PEER &&
	       rules_find(d->rules, &guard->net, false, WEIR_ORIGIN_OPERATOR, "");
}

static size_t guards_keep(const struct daemon *d, struct guard_entry *guards, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (!guard_yields(d, &guards[i]))
			guards[kept++] = guards[i];
	}
	return kept;
}

static void guards_failed(struct daemon *d, int error)
{
	struct problem problem = {
		.key = GUARDS_KEY,
		.advice = "see the log; weir tries again every few seconds",
		.since_unix_ns = clock_unix_ns(),
	};

	snprintf(problem.what, sizeof(problem.what),
		 "this host's own addresses, gateways and SSH peers are not all guarded: %s",
		 strerror(-error));
	if (problem_set(&d->problems, &problem))
		log_error("%s", problem.what);
}

void daemon_refresh_guards(struct daemon *d)
{
	struct guard_entry *guards = NULL;
	size_t count = 0;
	int error = guard_read(d->config.ssh_port, &guards, &count);

	if (!error) {
		count = guards_keep(d, guards, count);
		if (d->guards_are_put && guards_are_same(d, guards, count)) {
			free(guards);
		} else {
			/* Known at once to whoever asks for a block, even where the rules do not follow. */
			free(d->guards);
			d->guards = guards;
			d->guard_count = count;
			error = guards_put(d);
			d->guards_are_put = !error;
		}
	}
	if (error)
		guards_failed(d, error);
	else if (problem_clear(&d->problems, GUARDS_KEY))
		log_info("this host's own addresses, gateways and SSH peers are guarded again");
}
