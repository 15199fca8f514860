/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The digest that the kernel gives a SYN is the one that user space computes from what was sent. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <weir/syn_digest.h>

#include "lib/rng.h"
#include "lib/talk.h"

#define SYNS 4000
#define KEY0 0x0706050403020100ULL /* of plane_reset() */
#define KEY1 0x0f0e0d0c0b0a0908ULL
#define IP4_ID 4711 /* of packet_build() */
#define OCTET 256u

static struct plane plane;

static unsigned below(struct rng *rng, unsigned bound)
{
	return (unsigned)((rng_next(rng) >> 32) % bound);
}

/* Options that mostly have their right lengths, in a whole number of words. */
static void options_make(struct rng *rng, struct weir_syn_facts *facts)
{
	size_t at = 0;

	facts->options_len = (uint8_t)(below(rng, 11) * 4);
	while (at < facts->options_len) {
		uint8_t kind = (uint8_t)below(rng, 11);
		size_t len = weir_syn_option_len(kind);

		facts->options[at++] = kind;
		if (kind <= WEIR_TCP_NOP && below(rng, 4))
			continue;
		len = len ? len : 2 + below(rng, 12);
		for (size_t i = 1; i < len && at < facts->options_len; i++)
			facts->options[at++] =
				i == 1 && below(rng, 8) ? (uint8_t)len : (uint8_t)below(rng, OCTET);
	}
	if (!below(rng, 16)) /* more options than p0f reads */
		memset(facts->options, WEIR_TCP_NOP, facts->options_len);
}

/* What a SYN of this version may say, and what its window is a multiple of. */
static void facts_make(struct rng *rng, bool is_ip6, struct weir_syn_facts *facts)
{
	static const uint16_t units[] = { 1, 1460, 1448, 1440, 1428, 1500 };
	struct weir_syn_signature signature;
	unsigned unit = units[below(rng, 6)];

	memset(facts, 0, sizeof(*facts));
	options_make(rng, facts);
	facts->ip_version = is_ip6 ? 6 : 4;
	facts->ttl = (uint8_t)(1 + below(rng, 255));
	facts->ip_id = is_ip6 ? 0 : IP4_ID;
	facts->ip_flags = is_ip6 ? 0 : WEIR_SYN_DF;
	facts->tcp_flags =
		(uint16_t)(PACKET_SYN | (below(rng, 2) ? 0xc0 : 0) |
			   (below(rng, 2) ? PACKET_PSH : 0) | (below(rng, 4) ? 0 : PACKET_URG));
	facts->acknowledgment = below(rng, 2);
	facts->urgent = (uint16_t)below(rng, 2);
	facts->payload_len = (uint16_t)(below(rng, 4) ? 0 : 5);
	weir_syn_signature_read(facts, &signature);
	if (below(rng, 2) && signature.mss > WEIR_TIMESTAMP_BYTES)
		unit = signature.mss + (below(rng, 2) ? 0 : WEIR_HEADERS4_BYTES) -
		       (below(rng, 2) ? 0 : WEIR_TIMESTAMP_BYTES);
	facts->window = (uint16_t)(unit * below(rng, 46));
}

/* Sends a SYN that says this. */
static void facts_send(struct talk *talk, const struct weir_syn_facts *facts)
{
	struct packet_spec syn = { .from = talk->client,
				   .to = talk->service,
				   .from_port = talk->client_port,
				   .to_port = PLANE_PORT,
				   .flags = (uint8_t)facts->tcp_flags,
				   .sequence = talk->client_next++,
				   .acknowledgment = facts->acknowledgment,
				   .ttl = facts->ttl,
				   .options = facts->options,
				   .options_len = facts->options_len,
				   .payload = "hello",
				   .payload_len = facts->payload_len };
	uint8_t frame[PACKET_ROOM];
	size_t len = packet_build(&syn, frame);
	uint8_t *tcp = frame + packet_ip_offset(frame) + (facts->ip_version == 6 ? 40 : 20);

	tcp[14] = (uint8_t)(facts->window >> 8);
	tcp[15] = (uint8_t)facts->window;
	tcp[19] = (uint8_t)facts->urgent;
	plane_run(&plane, talk->ingress, frame, (uint32_t)len);
}

static void a_syn_has_the_same_digest_in_the_kernel_and_in_user_space(void **state)
{
	struct rng rng = { .state = 20 };

	(void)state;
	plane_reset(&plane);
	plane_set(&plane, WEIR_SETTING_SYN_GATE_PER_S, 1000000);
	for (uint32_t i = 0; i < SYNS; i++) {
		struct talk talk = talk_new(&plane, i & 1 ? PLANE_XDP : PLANE_TC_IN, i & 2);
		struct weir_syn_facts facts;
		struct weir_flow flow;

		talk.client_port = (uint16_t)(1024 + i);
		facts_make(&rng, i & 2, &facts);
		facts.sequence = talk.client_next;
		facts_send(&talk, &facts);
		talk_synack(&talk);
		talk_ack(&talk);
		assert_true(talk_flow(&talk, &flow));
		assert_int_equal(flow.syn_digest, weir_syn_digest(&facts, KEY0, KEY1));
		plane_sweep(&plane, WEIR_SWEEP_FLOWS, WEIR_SWEEP_FORCE, 0);
	}
}

static int setup(void **state)
{
	(void)state;
	plane_open(&plane);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	plane_close(&plane);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_has_the_same_digest_in_the_kernel_and_in_user_space),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
