/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the kernel's own word on links and filters into the state of every wanted attachment. */

#include "edge/kernel.h"

#include <stdio.h>
#include <string.h>

#include "edge/kernel/filters.h"
#include "edge/kernel/links.h"
#include "edge/kernel/state.h"
#include "edge/log.h"

static void attachment_read(struct kernel *kernel, struct links *links, const struct wanted *wanted,
			    enum kernel_hook hook, struct kernel_attachment *out)
{
	const struct wanted_hook *state =
		hook == KERNEL_TC_EGRESS ? &wanted->egress : &wanted->ingress;
	const struct link *link = links_find(links, wanted->ifindex, hook);

	memset(out, 0, sizeof(*out));
	snprintf(out->interface, sizeof(out->interface), "%s", wanted->name);
	snprintf(out->problem, sizeof(out->problem), "%s", state->problem);
	out->ifindex = wanted->ifindex;
	out->hook = hook;
	out->via = state->via;
	if (link) {
		out->program_id = link->program_id;
		out->link_id = link->id;
	} else if (state->via == KERNEL_VIA_CLSACT) {
		out->program_id = filter_program(kernel->program_dir, wanted->ifindex, hook);
	}
	if (out->program_id || state->via == KERNEL_VIA_NONE)
		return;
	out->via = KERNEL_VIA_NONE;
	snprintf(out->problem, sizeof(out->problem),
		 "the program has been detached by somebody else");
}

size_t kernel_attachments(struct kernel *kernel, struct kernel_attachment *out, size_t max)
{
	struct links links = { 0 };
	size_t count = 0;

	if (links_read(kernel->link_dir, &links) != 0)
		log_debug("links cannot be read from %s", kernel->link_dir);
	for (size_t i = 0; i < kernel->wanted_count; i++) {
		const struct wanted *wanted = &kernel->wanted[i];
		enum kernel_hook hook = wanted->ingress_is_xdp ? KERNEL_XDP : KERNEL_TC_INGRESS;

		if (count < max)
			attachment_read(kernel, &links, wanted, hook, &out[count++]);
		if (count < max)
			attachment_read(kernel, &links, wanted, KERNEL_TC_EGRESS, &out[count++]);
	}
	links_close(&links);
	return count;
}
