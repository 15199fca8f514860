/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * The binary exchange log (.wx): a header, then records that can be streamed. Numbers are in the
 * writer's byte order; a file of the other order shows a format version that is not known.
 *
 *   header    struct wx_header
 *   record    kind (2 bytes), length of what follows (2 bytes), then
 *     name      digest (8 bytes), text without NUL; stands before an exchange of its stack once it is known
 *     exchange  account (8 bytes), struct weir_exchange
 *     end       number of exchanges (8 bytes); the last record of a whole file
 */

#include <stddef.h>
#include <stdint.h>

#include <weir/abi.h>

#include "core/exchange.h"
#include "core/stack_names.h"

#define WX_FORMAT_VERSION 1u
#define WX_MAGIC_LEN 8
extern const char wx_magic[WX_MAGIC_LEN];

struct wx_header {
	char magic[WX_MAGIC_LEN];
	uint32_t format_version;
	uint32_t abi_version;	 /* WEIR_ABI_VERSION of the exchanges */
	uint32_t exchange_bytes; /* sizeof(struct weir_exchange) */
	uint32_t reserved;
	uint64_t boot_unix_ns;	  /* add to an exchange's time_ns to get Unix time */
	uint64_t created_unix_ns; /* 0: unknown */
};
_Static_assert(sizeof(struct wx_header) == 40, "the header has padding");

enum wx_kind {
	WX_NAME = 1,
	WX_EXCHANGE = 2,
	WX_END = 3
};

struct wx_record {
	enum wx_kind kind;
	uint64_t digest;	   /* WX_NAME */
	char name[STACK_NAME_MAX]; /* WX_NAME */
	struct exchange exchange;  /* WX_EXCHANGE */
	uint64_t exchanges;	   /* WX_END */
};

#define WX_RECORD_HEAD_LEN 4
#define WX_RECORD_MAX 512 /* the longest name, and exchanges of later ABIs */

void wx_header_init(struct wx_header *header, uint64_t boot_unix_ns, uint64_t created_unix_ns);
/* 0, or -EINVAL with *why: not a recording, or of another version. */
int wx_header_check(const struct wx_header *header, const char **why);
/* Reads the record at the start of bytes. Returns its length; 0: it is not whole yet; -EINVAL with
 * *why. */
int wx_record_read(const uint8_t *bytes, size_t len, const struct wx_header *header,
		   struct wx_record *out, const char **why);
/* Writes one record and returns its length. An exchange's time must not lie before boot_unix_ns. */
size_t wx_record_write(const struct wx_record *record, const struct wx_header *header,
		       uint8_t bytes[WX_RECORD_MAX]);
