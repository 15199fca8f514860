/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Exchange logs: .csv (also .gz and standard input) and .wx, read and written. */

#include <stdbool.h>
#include <stdio.h>

#include "core/exchange.h"

struct recording;

enum recording_format {
	RECORDING_CSV,
	RECORDING_WX
};

/* path "-" is standard input. Format, and whether it is gzipped, by content. -EINVAL with
 * "FILE:LINE: why" logged. */
int recording_open(const char *path, struct stack_names *names, struct recording **out);
/* 1: one exchange; 0: end; -EINVAL: a broken row or record, logged with its line; -errno. After a
 * broken row of CSV the next call goes on with the row behind it; any other error is the last. A file
 * that was cut off gives all its whole exchanges, then -EINVAL. */
int recording_next(struct recording *recording, struct exchange *out);
void recording_close(struct recording *recording);

struct recording_writer;
/* path "-" is standard output; a path that ends in ".gz" is gzipped; a file is made with mode 0600 and what it
 * held is gone. anonymise: a key-less mapping is not enough: addresses become prefix-preserving
 * pseudonyms (core/prefix_map.h) under a random key that is never written, and so do connections
 * and accounts. */
int recording_create(const char *path, enum recording_format format, bool is_anonymised,
		     struct recording_writer **out);
int recording_write(struct recording_writer *writer, const struct exchange *exchange,
		    const struct stack_names *names);
/* Hands on what is buffered, for a reader who waits. */
int recording_flush(struct recording_writer *writer);
/* Ends and closes it in any case; 0 or -errno, logged. */
int recording_finish(struct recording_writer *writer);
