/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Files of other tools into nets, and nets into files of other tools. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/net.h"

struct list_entry {
	struct net net;
	unsigned line; /* where it stood; in JSON the line of its value */
};

struct list_problem {
	unsigned line;
	char why[120]; /* "'300.1.2.3' is not an address or CIDR" */
};

struct list {
	struct list_entry *entries; /* sorted, duplicates merged; nets inside wider ones stay */
	size_t count;
	struct list_problem *problems; /* every bad line, in order */
	size_t problem_count;
	size_t duplicates;  /* merged away: same net */
	const char *format; /* "plain", "spamhaus drop json", ... as detected */
};

/*
 * Detects the format (DESIGN section 7) and reads all of it. Bad lines are not errors here but problems: what is no
 * address, has bits beyond its length, or says something a net cannot (a port, an exception, a country). An empty
 * file is an empty list. Windows line ends, a BOM and trailing blanks are fine. A range "A-B" becomes
 * CIDRs. How wide a net may be is for the caller to judge.
 * 0 or -errno of reading; -EFBIG beyond LIST_BYTES_MAX; -ENOMEM. out is untouched on failure.
 */
#define LIST_BYTES_MAX (1u << 29)
int list_read(FILE *in, const char *name, struct list *out);
void list_clear(struct list *list);

/*
 * Out: plain lines; a JSON array of strings; a ruleset for `nft -f` (table inet weir, sets block4 and block6); `ipset restore`
 * input (weir4 and weir6); decisions for `cscli decisions import`.
 */
enum list_format {
	LIST_PLAIN,
	LIST_JSON,
	LIST_NFT,
	LIST_IPSET,
	LIST_CROWDSEC
};
int list_format_parse(
	const char *name); /* "plain", "json", "nft", "ipset", "crowdsec"; or -EINVAL */
/* 0 or -errno of writing. */
int list_write(FILE *out, enum list_format format, const struct net *nets, size_t count);
