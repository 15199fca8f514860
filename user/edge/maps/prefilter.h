/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The bitmaps "some rule concerns this /24 or /48", mapped into memory. */

#include <stdbool.h>
#include <stdint.h>

#include "core/net.h"

struct prefilter {
	uint64_t *words4; /* NULL: not open */
	uint64_t *words6;
	uint64_t hash_key[2];
};

/* 0 or -errno. */
int prefilter_open(struct prefilter *prefilter, int fd4, int fd6, const uint64_t hash_key[2]);
void prefilter_close(struct prefilter *prefilter);
/* A copy in plain memory, all clear, for prefilter_replace. */
int prefilter_new(struct prefilter *prefilter, const uint64_t hash_key[2]);
void prefilter_free(struct prefilter *prefilter);
/* Sets a net's bits. False: an IPv6 net too wide for a bit (WEIR_SETTING_WIDE_RULES6 must be set). */
bool prefilter_add(struct prefilter *prefilter, const struct net *net);
/* Makes `into` equal to `from`; a bit set in both is never clear in between. */
void prefilter_replace(struct prefilter *into, const struct prefilter *from);
