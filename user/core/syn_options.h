/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The TCP options of a SYN, read the way p0f 3.09b reads them. */

#include <stdbool.h>
#include <stdint.h>

#include <weir/abi.h>

#define SYN_OPTIONS_MAX 24 /* p0f looks at no more */

enum syn_option {
	SYN_OPTION_EOL = 0,
	SYN_OPTION_NOP = 1,
	SYN_OPTION_MSS = 2,
	SYN_OPTION_WINDOW_SCALE = 3,
	SYN_OPTION_SACK_OK = 4,
	SYN_OPTION_SACK = 5,
	SYN_OPTION_TIMESTAMP = 8,
};

struct syn_options {
	uint8_t kinds[SYN_OPTIONS_MAX]; /* in their order */
	uint8_t count;
	uint8_t eol_padding_bytes; /* what follows an end of options */
	uint8_t window_scale;
	uint16_t mss;
	uint32_t timestamp;
	bool eol_padding_is_used;	/* "opt+" */
	bool timestamp_is_zero;		/* "ts1-" */
	bool peer_timestamp_is_set;	/* "ts2+" */
	bool window_scale_is_excessive; /* "exws" */
	bool is_malformed;		/* "bad" */
};

void syn_options_read(const struct weir_syn_facts *facts, struct syn_options *out);
