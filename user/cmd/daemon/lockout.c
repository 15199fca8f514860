/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Whether a block would lock out somebody it must not. */

#include "cmd/daemon/lockout.h"

#include <stdio.h>

#include <weir/bounds.h>

/* Of fewer exchanges, any one source makes a large share. */
#define SHARE_EXCHANGES_MIN 20

static bool covers_everybody(const struct net *net)
{
	static const struct net all_ipv4 = { .addr = { [10] = 0xff, [11] = 0xff },
					     .prefix_len = NET_IPV4_OFFSET };

	return net_contains(net, &all_ipv4) || net->prefix_len == 0;
}

static bool is_shared(const struct daemon *d, const struct net *net)
{
	for (size_t i = 0; i < d->config.plan.shared_source_count; i++) {
		if (net_overlaps(&d->config.plan.shared_sources[i], net))
			return true;
	}
	return false;
}

static const struct guard_entry *guard_of(const struct daemon *d, const struct net *net)
{
	for (size_t i = 0; i < d->guard_count; i++) {
		if (net_contains(&d->guards[i].net, net))
			return &d->guards[i];
	}
	return NULL;
}

/* An own address, gateway or resolver is never blocked; of an SSH peer an operator may know that it is none of his. */
static bool guard_refuses(const struct guard_entry *guard, bool is_forced)
{
	return guard && !(is_forced && guard->kind == GUARD_SSH_PEER);
}

bool lockout_is_ssh_peer(const struct daemon *d, const struct net *net)
{
	const struct guard_entry *guard = guard_of(d, net);

	return guard && guard->kind == GUARD_SSH_PEER;
}

bool lockout_refuses(const struct daemon *d, const struct net *net, bool is_forced,
		     char why[LOCKOUT_WHY_MAX])
{
	const struct guard_entry *guard = guard_of(d, net);

	why[0] = 0;
	if (covers_everybody(net))
		snprintf(why, LOCKOUT_WHY_MAX, "it covers everybody");
	else if (guard_refuses(guard, is_forced))
		snprintf(why, LOCKOUT_WHY_MAX, "it is %s %s of this host and would lock you out%s",
			 guard->kind == GUARD_OWN ? "an" : "a", guard_kind_name(guard->kind),
			 guard->kind == GUARD_SSH_PEER ? ": --force if you mean it" : "");
	else if (!is_forced && net_is_too_wide(net))
		snprintf(why, LOCKOUT_WHY_MAX, "it is wider than /%d: --force if you mean it",
			 net_is_ipv4(net) ? WEIR_NET4_MIN_LEN : WEIR_NET6_MIN_LEN);
	else if (!is_forced && is_shared(d, net))
		snprintf(why, LOCKOUT_WHY_MAX,
			 "it overlaps shared_sources (load balancer or NAT), which would block "
			 "everybody behind it: --force if you mean it");
	return why[0] != 0;
}

bool lockout_warns(const struct daemon *d, const struct net *net, char why[LOCKOUT_WHY_MAX])
{
	double share = engine_share(d->engine, net);
	struct engine_stats stats;

	if (share <= d->config.plan.shared_source_share)
		return false;
	engine_stats(d->engine, &stats);
	if (stats.exchanges < SHARE_EXCHANGES_MIN)
		return false;
	snprintf(
		why, LOCKOUT_WHY_MAX,
		"makes %.0f %% of all exchanges: if many clients are behind it, unblock it and name "
		"it in shared_sources",
		share * 100);
	return true;
}
