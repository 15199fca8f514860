/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The daemon's answers: one function for each command that a client may send. */

#include "cmd/daemon/answer.h"
#include "cmd/daemon/daemon.h"

struct request {
	const json_t *args; /* NULL: none */
	const struct api_peer *peer;
	uint64_t connection;
};

/* X(command, does it change anything: then it is logged with who asked) */
#define HANDLERS(X)                                                                                \
	X(status, false)                                                                           \
	X(sources, false)                                                                          \
	X(flows, false)                                                                            \
	X(fleets, false)                                                                           \
	X(explain, false)                                                                          \
	X(plan, false)                                                                             \
	X(confirm, true)                                                                           \
	X(dismiss, true)                                                                           \
	X(mode, true)                                                                              \
	X(rules, false)                                                                            \
	X(block, true)                                                                             \
	X(unblock, true)                                                                           \
	X(allow, true)                                                                             \
	X(unallow, true)                                                                           \
	X(record, true)                                                                            \
	X(forget, true)                                                                            \
	X(stop, true)

#define X(name, is_change) json_t *answer_##name(struct daemon *d, const struct request *request);
HANDLERS(X)
#undef X

/* One rule with its hits. */
json_t *json_rule_new(const struct daemon *d, const struct rule *rule);
json_t *json_fleet_new(const struct fleet *fleet, bool with_members);
/* All deny rules at exactly this net, strongest first is not promised. */
bool net_equals(const struct net *a, const struct net *b);
