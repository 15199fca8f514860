/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The loaded kernel object as the maps' readers and writers want it. */

#include "cmd/kernel_view.h"

struct maps maps_of_kernel(const struct kernel *kernel)
{
	const struct kernel_maps *from = kernel_maps(kernel);

	return (struct maps){
		.sources = from->sources,
		.flows = from->flows,
		.syns = from->syns,
		.stacks = from->stacks,
		.counters = from->counters,
		.reasons = from->reasons,
		.hits = from->hits,
		.meta = from->meta,
		.settings = from->settings,
		.services = from->services,
		.ports = from->ports,
		.prefixes6 = from->prefixes6,
		.source_nets = from->source_nets,
		.allow_net4 = from->allow_net4,
		.allow_net6 = from->allow_net6,
		.deny_host = from->deny_host,
		.deny_net4 = from->deny_net4,
		.deny_net6 = from->deny_net6,
		.prefilter4 = from->prefilter4,
		.prefilter6 = from->prefilter6,
		.push_net4 = from->push_net4,
		.push_net6 = from->push_net6,
		.sweep_program = kernel_sweep_fd(kernel),
	};
}
