/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Captures through the real BPF programs under their own clock, and the exchanges they see into a replay. */

#include "cmd/replay_frames.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "cmd/clock.h"
#include "cmd/exchange_record.h"
#include "cmd/kernel_view.h"
#include "cmd/replay_services.h"
#include "core/frame.h"
#include "core/syn_name.h"
#include "edge/kernel.h"
#include "edge/log.h"
#include "edge/maps.h"
#include "edge/replay_capture.h"
#include "edge/ring.h"

#define RING_EVERY_FRAMES 1024 /* far fewer records than the ring holds */
#define SWEEP_EVERY_NS NS_PER_S
#define SWEEP_BUDGET (1u << 20) /* the whole of both tables */

/* The key of every replay, so that digests and verdicts come out the same. */
static const uint64_t replay_key[2] = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };

struct frames_run {
	struct config *config;
	struct kernel *kernel;
	struct maps maps;
	struct maps_sweeper *sweeper;
	struct ring *ring;
	struct replay *replay;
	struct stack_names *names;
	int ingress_fd, egress_fd;
	uint64_t now_unix_ns, swept_unix_ns;
	uint64_t total, run, not_runnable;
	int error;
};

static void stack_name(struct frames_run *run, uint64_t digest)
{
	char name[STACK_NAME_MAX];
	struct weir_stack stack;

	if (!digest || stack_names_get(run->names, digest) ||
	    maps_find_stack(&run->maps, digest, &stack))
		return;
	if (syn_name_format(&stack.syn, false, name, sizeof(name)) >= 0)
		stack_names_put(run->names, digest, name);
}

/* The virtual clock is Unix time, so records need no offset. */
static int record_take(const struct weir_exchange *record, void *arg)
{
	struct frames_run *run = arg;
	struct exchange exchange = exchange_of_record(record, 0);

	stack_name(run, exchange.syn_stack);
	if (!run->error)
		run->error = replay_add(run->replay, &exchange);
	return 0;
}

static bool end_is_service(const struct config *config, const struct frame_end *end,
			   uint8_t protocol)
{
	static const uint8_t any[16];

	for (size_t i = 0; i < config->service_count; i++) {
		const struct service *service = &config->services[i];

		if (service->port == end->port && service->protocol == protocol &&
		    (!memcmp(service->addr, any, sizeof(any)) ||
		     !memcmp(service->addr, end->addr, sizeof(any))))
			return true;
	}
	return false;
}

/* What a service sends leaves the host; all else comes in. */
static bool frame_leaves(const struct config *config, const struct capture_frame *captured)
{
	struct frame frame;

	return frame_parse(captured->data, captured->len, &frame) &&
	       end_is_service(config, &frame.from, frame.protocol);
}

static void clock_set(struct frames_run *run, uint64_t now_unix_ns)
{
	run->now_unix_ns = now_unix_ns;
	maps_set(&run->maps, WEIR_SETTING_VIRTUAL_NOW_NS, now_unix_ns);
}

static void sweep(struct frames_run *run)
{
	maps_sweep(run->sweeper, run->now_unix_ns, run->config, SWEEP_BUDGET);
	ring_consume(run->ring);
	run->swept_unix_ns = run->now_unix_ns;
}

static void frame_take(struct frames_run *run, const struct capture_frame *frame)
{
	int fd;

	run->total++;
	if (frame->time_unix_ns > run->now_unix_ns)
		clock_set(run, frame->time_unix_ns);
	if (run->now_unix_ns - run->swept_unix_ns >= SWEEP_EVERY_NS)
		sweep(run);
	fd = frame->is_ethernet && frame_leaves(run->config, frame) ? run->egress_fd :
								      run->ingress_fd;
	if (!frame->is_ethernet || capture_run(fd, frame))
		run->not_runnable++;
	else
		run->run++;
	if (run->total % RING_EVERY_FRAMES == 0)
		ring_consume(run->ring);
}

/* Time goes on after the last frame until everything that was open is over. */
static void finish(struct frames_run *run)
{
	uint64_t steps_ns[] = { run->config->silence_ns, run->config->flow_idle_ns };

	for (size_t i = 0; i < sizeof(steps_ns) / sizeof(steps_ns[0]); i++) {
		clock_set(run, run->now_unix_ns + steps_ns[i] + NS_PER_S);
		sweep(run);
		sweep(run); /* a walk that began in the middle ends at the end */
	}
}

/* Some state is per CPU, the SYN gate's before all: a run that wanders would not repeat. Where it is refused, it wanders. */
static void cpu_stay(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int run_open(struct frames_run *run)
{
	int error = kernel_open_replay(run->config, &run->kernel);

	if (error)
		return error;
	cpu_stay();
	run->maps = maps_of_kernel(run->kernel);
	memcpy(run->maps.hash_key, replay_key, sizeof(replay_key));
	run->ingress_fd = kernel_program_fd(run->kernel, "weir_xdp");
	run->egress_fd = kernel_program_fd(run->kernel, "weir_tc_out");
	error = maps_configure(&run->maps, run->config);
	if (!error)
		error = maps_set(&run->maps, WEIR_SETTING_MODE, WEIR_MODE_PROPOSE);
	if (error)
		return error;
	run->sweeper = maps_sweeper_new(&run->maps);
	run->ring = ring_new(kernel_maps(run->kernel)->exchanges, record_take, run);
	return run->sweeper && run->ring ? 0 : -ENOMEM;
}

/* 0, -errno, or -EBADMSG: the capture broke off. */
static int capture_take(struct frames_run *run, const char *path)
{
	struct capture *capture;
	struct capture_frame frame;
	uint64_t before = run->total;
	int got, error = capture_open(path, &capture);

	if (error)
		return error;
	while ((got = capture_next(capture, &frame)) > 0 && !run->error)
		frame_take(run, &frame);
	if (got < 0)
		log_error("%s: broken after frame %" PRIu64 ": %s", path, run->total - before,
			  capture_problem(capture));
	capture_close(capture);
	return run->error ? run->error : got < 0 ? -EBADMSG : 0;
}

static int run_all(struct frames_run *run, char *const *paths, size_t count)
{
	int error = 0;
	bool is_broken = false;

	for (size_t i = 0; i < count && !error; i++) {
		error = capture_take(run, paths[i]);
		is_broken |= error == -EBADMSG;
		error = error == -EBADMSG ? 0 : error;
	}
	if (run->total)
		finish(run);
	error = error ? error : run->error;
	return error ? error : is_broken ? -EBADMSG : 0;
}

static json_t *frames_json(struct frames_run *run)
{
	static const char *const names[] = {
#define X(name, kind, text) #name,
		WEIR_REASONS(X)
#undef X
	};
	struct weir_counter counters[WEIR_REASON_MAX] = { 0 };
	json_t *reasons = json_object();

	maps_sum_reasons(&run->maps, counters);
	for (size_t i = 0; i < WEIR_REASON_MAX; i++) {
		if (counters[i].packets)
			json_object_set_new(reasons, names[i],
					    json_integer((json_int_t)counters[i].packets));
	}
	return json_pack("{s:I,s:I,s:I,s:o}", "total", (json_int_t)run->total, "run",
			 (json_int_t)run->run, "not_runnable", (json_int_t)run->not_runnable,
			 "reasons", reasons);
}

int replay_frames(char *const *paths, size_t count, struct frames_context *context, json_t **frames)
{
	struct frames_run run = {
		.config = context->config,
		.replay = context->replay,
		.names = context->names,
	};
	int error = 0;

	/* No daemon's heartbeat reaches the virtual clock. */
	run.config->is_persistent = true;
	if (!run.config->service_count)
		error = replay_services_find(paths, count, run.config);
	if (!error)
		error = run_open(&run);
	if (!error)
		error = run_all(&run, paths, count);
	/* What was run before a capture broke off is worth seeing. */
	if (run.kernel && run.ring)
		*frames = frames_json(&run);
	ring_free(run.ring);
	maps_sweeper_free(run.sweeper);
	if (run.kernel)
		kernel_close(run.kernel);
	return error;
}
