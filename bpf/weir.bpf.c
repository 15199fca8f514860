/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* weir's programs: from packets to facts and verdicts. What they do is in the headers, one noun each. */

#include "ingress.h"
#include "sweep.h"

#define TC_ACT_UNSPEC -1 /* TCX_NEXT: the next program, or the stack, decides */
#define TC_ACT_SHOT 2

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Ingress where XDP attaches. */
SEC("xdp.frags")
int weir_xdp(struct xdp_md *ctx)
{
	struct scratch *s = scratch_find();
	__u32 reason;

	if (!s)
		return XDP_PASS;
	reason = ingress_run(ctx, HOOK_XDP, &s->packet);
	reason_count(reason, s->packet.frame_bytes);
	return reason_drops(reason) ? XDP_DROP : XDP_PASS;
}

/* Ingress where it does not. */
SEC("tc")
int weir_tc_in(struct __sk_buff *ctx)
{
	struct scratch *s = scratch_find();
	__u32 reason;

	if (!s)
		return TC_ACT_UNSPEC;
	reason = ingress_run(ctx, HOOK_TC_IN, &s->packet);
	reason_count(reason, s->packet.frame_bytes);
	return reason_drops(reason) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/* Egress, always TC. */
SEC("tc")
int weir_tc_out(struct __sk_buff *ctx)
{
	struct scratch *s = scratch_find();
	__u32 reason;

	if (!s)
		return TC_ACT_UNSPEC;
	reason = egress_run(ctx, &s->packet);
	reason_count(reason, s->packet.frame_bytes);
	return TC_ACT_UNSPEC;
}

/* Never attached: user space runs it with BPF_PROG_TEST_RUN on a struct weir_sweep and its keys. */
SEC("xdp")
int weir_sweep(struct xdp_md *ctx)
{
	return sweep_run(ctx);
}
