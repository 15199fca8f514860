/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A frame through a BPF program by BPF_PROG_TEST_RUN. */

#include "edge/replay_capture.h"

#include <errno.h>

/* libpcap's header has a struct bpf_insn of its own: the two never meet in one file. */
#include <bpf/bpf.h>

int capture_run(int program_fd, const struct capture_frame *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->data,
		    .data_size_in = (__u32)frame->len, .repeat = 1);

	return bpf_prog_test_run_opts(program_fd, &run) < 0 ? -errno : 0;
}
