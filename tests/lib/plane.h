/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The production object under BPF_PROG_TEST_RUN with a clock of the test's own: frame in, verdict, frame
 * and reason out. */

#include <stdbool.h>
#include <stdint.h>
#include <weir/abi.h>
#include <weir/bounds.h>
#include <weir/reasons.h>

#define PLANE_SERVICE4 "203.0.113.10"
#define PLANE_SERVICE6 "2001:db8:5::10"
#define PLANE_PORT 443
#define PLANE_RING_BYTES 262144 /* small enough to fill */
#define PLANE_START_NS (3600ULL * 1000000000)

enum plane_program {
	PLANE_XDP,
	PLANE_TC_IN,
	PLANE_TC_OUT,
};

struct weir_bpf;

struct plane {
	struct weir_bpf *skel;
	uint64_t now_ns;
	uint64_t before[WEIR_REASON_MAX]; /* counters before the last run */
	uint8_t *out;			  /* the frame that came out */
	uint32_t out_len;
	bool is_dropped; /* the last run's verdict */
};

/* Loads the object with small maps; ends the test program if that fails. */
void plane_open(struct plane *plane);
void plane_close(struct plane *plane);

/* Empties every map and sets what every test starts from: a fresh heartbeat, the two service addresses
 * on PLANE_PORT for TCP and UDP, default settings. */
void plane_reset(struct plane *plane);

int plane_map(const struct plane *plane, const char *name);
void plane_set(struct plane *plane, enum weir_setting key, uint64_t value);
void plane_clock(struct plane *plane, uint64_t now_ns);
void plane_advance(struct plane *plane, uint64_t ns);
void plane_heartbeat(struct plane *plane, uint64_t at_ns);
void plane_service_add(struct plane *plane, const char *addr, uint16_t port, uint8_t protocol);

/* Runs one frame. Returns the packet's one reason, WEIR_REASON_MAX where the kernel refuses to run the
 * frame; ends the test program where there is none or more. */
enum weir_reason plane_run(struct plane *plane, enum plane_program program, const uint8_t *frame,
			   uint32_t len);

uint64_t plane_counter(const struct plane *plane, enum weir_reason reason);
const char *plane_reason_name(enum weir_reason reason);

/* Runs one frame and looks at nothing: for floods. False where the kernel refuses to run it. */
bool plane_flood(const struct plane *plane, enum plane_program program, const uint8_t *frame,
		 uint32_t len);

/* Packets under all reasons that end one. */
uint64_t plane_packets(const struct plane *plane);

/* How often an event was counted in the last run. */
uint64_t plane_events(const struct plane *plane, enum weir_reason reason);

/* How many entries a hash map has. */
uint32_t plane_entries(const struct plane *plane, const char *map);

/* 16 bytes of an address, IPv4 mapped. */
struct weir_addr plane_addr(const char *text);

/* Rules; each sets its prefilter bit, as the daemon does. len below 0 is a host. */
void plane_deny(struct plane *plane, const char *addr, int len, const struct weir_rule *rule);
void plane_allow(struct plane *plane, const char *addr, int len, uint64_t expires_ns);

/* Runs weir_sweep on every flow or on every source; returns its answer. */
struct weir_sweep plane_sweep(struct plane *plane, enum weir_sweep_kind kind, uint32_t flags,
			      uint64_t age_ns);
