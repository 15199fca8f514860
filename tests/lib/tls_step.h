/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* TLS in steps: one segment each, given by who sends it and by its records. */

#include "lib/talk.h"

#define TLS13 0x1302
#define TLS12_GCM 0xc02f
#define TLS12_CHACHA 0xcca8
#define TLS_STEP_RECORDS_MAX 6
#define TLS_ROUND_TRIP_MS 10
#define MILLISECOND_NS 1000000ULL

/* One segment: who sends it, and its records. A ServerHello stands first where the cipher is set. */
struct tls_step {
	char from; /* 'c' or 's'; 0 ends a table */
	uint16_t hello_cipher;
	bool is_retry;
	uint8_t wait_ms; /* until the next one, 0: TLS_ROUND_TRIP_MS */
	struct talk_record records[TLS_STEP_RECORDS_MAX];
};

/* clang-format off */
#define C(...) {.from = 'c', .records = {__VA_ARGS__}}
#define S(...) {.from = 's', .records = {__VA_ARGS__}}
#define HELLO(cipher, ...) {.from = 's', .hello_cipher = (cipher), .records = {__VA_ARGS__}}
#define RETRY(...) {.from = 's', .hello_cipher = TLS13, .is_retry = true, .records = {__VA_ARGS__}}
#define CLIENT_HELLO C({22, 512})
#define FLIGHT13 HELLO(TLS13, {20, 1}, {23, 32}, {23, 800}, {23, 281}, {23, 69})
#define FLIGHT12 HELLO(TLS12_GCM, {22, 800}, {22, 300}, {22, 4})
#define KEYS12 C({22, 37}, {20, 1}, {22, 40})
#define DONE12 S({22, 202}, {20, 1}, {22, 40})
#define FINISHED13 C({20, 1}, {23, 69})
#define TICKETS13 S({23, 250}, {23, 250})
#define TICKET13 {.from = 's', .wait_ms = 1, .records = {{23, 250}}}
#define REQUEST C({23, 130})
#define SLOW_REQUEST {.from = 'c', .wait_ms = 30, .records = {{23, 130}}}
#define RESPONSE S({23, 400})
/* clang-format on */

/* A step's bytes. Returns their number. */
size_t tls_step_put(const struct tls_step *step, uint8_t *payload);

/* Sends a step in pieces of at most `piece` bytes, a piece a packet, and waits. */
void tls_step_run(struct talk *talk, const struct tls_step *step, size_t piece);
