/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Reads facts out of the maps and writes rules, settings and services into them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/abi.h>
#include <weir/reasons.h>

#include "core/config.h"
#include "core/rule.h"

/* Only file descriptors and clock values come in: this file knows nothing of the loader. */
struct maps {
	int sources, flows, syns, stacks, counters, reasons, hits, meta, settings, services, ports,
		prefixes6, source_nets, allow_net4, allow_net6, deny_host, deny_net4, deny_net6,
		prefilter4, prefilter6, push_net4, push_net6, sweep_program;
	uint64_t boot_unix_ns; /* wall clock minus CLOCK_BOOTTIME */
	uint64_t hash_key[2];
	uint32_t sources_used, flows_used; /* as the sweeper counted on its last full walk */
};

int maps_set(const struct maps *maps, enum weir_setting setting, uint64_t value);
int maps_get(const struct maps *maps, enum weir_setting setting, uint64_t *value);
int maps_write_meta(const struct maps *maps, const struct weir_meta *meta);
int maps_read_meta(int meta_fd, struct weir_meta *meta);
/* Settings, services, ports and prefixes6 as configured; removes what is no longer configured, adding before removing. */
int maps_configure(const struct maps *maps, const struct config *config);

/* Writes changes in batches, allow before deny, prefilter bits before rules; goes on after a partial
 * batch. *written is how many leading changes are in force. 0 or -errno with the map's name logged. */
int maps_write_rules(const struct maps *maps, const struct rule_change *changes, size_t count,
		     size_t *written);
/* Clears prefilter bits no rule needs any more; expensive (visits all rules), call seldom. */
int maps_rebuild_prefilter(const struct maps *maps, const struct rules *rules);
/* After a take-over: what deny maps hold that `rules` does not (stale), is deleted. Number deleted. */
int maps_remove_unknown(const struct maps *maps, const struct rules *rules);
int maps_read_hit(const struct maps *maps, uint32_t rule_id,
		  struct weir_hit *hit); /* zeros if none */
int maps_remove_hit(const struct maps *maps, uint32_t rule_id);

/* Entries that automation wrote: fn for each (problem NULL, or why it is refused), then it is deleted.
 * Number taken, or -EPERM when a map is frozen: maps_push_is_frozen tells which, the caller makes it anew
 * (kernel_recreate_push); what it held has been handed to fn. A full map is logged. */
int maps_take_pushes(const struct maps *maps,
		     void (*fn)(const struct net *net, const struct weir_push *push,
				const char *problem, void *arg),
		     void *arg);

/* Somebody froze it: nothing can be deleted from it any more, not even by root. */
bool maps_push_is_frozen(int push_fd);

int maps_each_source(const struct maps *maps,
		     int (*fn)(const struct weir_addr *key, const struct weir_source *source,
			       void *arg),
		     void *arg);
int maps_each_flow(const struct maps *maps,
		   int (*fn)(const struct weir_flow_key *key, const struct weir_flow *flow,
			     void *arg),
		   void *arg);
int maps_each_stack(const struct maps *maps,
		    int (*fn)(uint64_t digest, const struct weir_stack *stack, void *arg),
		    void *arg);
int maps_find_stack(const struct maps *maps, uint64_t digest, struct weir_stack *stack);
int maps_find_source(const struct maps *maps, const struct weir_addr *key,
		     struct weir_source *source);
/* Sums per-CPU counters into out[WEIR_REASON_MAX] and writes them to `reasons`. */
int maps_sum_reasons(const struct maps *maps, struct weir_counter out[WEIR_REASON_MAX]);
/* Number of entries. Of sources and flows as the sweeper last counted them; the rule maps are not among them
 * (rules_count knows, a scan of a million would not be cheap). */
struct maps_fill {
	const char *name;
	uint32_t used, max;
};
size_t maps_fill(const struct maps *maps, struct maps_fill *out, size_t max);

/* Finishes silent exchanges and forgets idle flows and sources: walks part of the maps each call
 * (cursor inside), runs weir_sweep on the due keys. budget: entries to visit at most. Number of keys handed over, or -errno. */
struct maps_sweeper;
struct maps_sweeper *maps_sweeper_new(struct maps *maps);
void maps_sweeper_free(struct maps_sweeper *sweeper);
int maps_sweep(struct maps_sweeper *sweeper, uint64_t now_ns, const struct config *config,
	       size_t budget);
/* Of a map of stacks that is more than half full, removes those without a new flow for idle_ns. Number removed, or
 * -errno. A stack that comes back enters anew under the same digest. */
int maps_sweep_stacks(const struct maps *maps, uint64_t now_ns, uint64_t idle_ns,
		      uint32_t stacks_max);
int maps_forget(const struct maps *maps,
		const struct net *net); /* sources and flows of a net; number */
