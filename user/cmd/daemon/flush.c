/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* What changed in memory into the ledger, one transaction at a time. */

#include "cmd/daemon/daemon.h"

#include <errno.h>
#include <stdint.h>

/* In one flush, so that it stays well below a second: a blob takes about 10 us. */
#define FLUSH_BLOBS_MAX 32768

struct flush {
	struct daemon *d;
	size_t put, put_max;
};

static int blob_put(enum engine_blob kind, const char *key, const void *data, size_t len, void *arg)
{
	struct flush *flush = arg;

	if (flush->put >= flush->put_max)
		return -EAGAIN;
	daemon_breathe(flush->d, flush->put++);
	return ledger_put(flush->d->ledger, (int)kind, key, data, len);
}

static void flush_run(struct daemon *d, size_t put_max)
{
	struct flush flush = { .d = d, .put_max = put_max };
	int error = ledger_begin(d->ledger);

	if (error)
		return; /* said once by the ledger; status shows it */
	/* What a put refuses stays dirty in the engine; what it took, the ledger keeps until it is written. */
	engine_each_dirty(d->engine, blob_put, &flush);
	ledger_commit(d->ledger);
}

void daemon_flush(struct daemon *d)
{
	flush_run(d, FLUSH_BLOBS_MAX);
}

void daemon_flush_whole(struct daemon *d)
{
	flush_run(d, SIZE_MAX);
}

void daemon_flush_expired(struct daemon *d)
{
	uint64_t now_unix_ns = clock_unix_ns();

	ledger_remove_expired(d->ledger, now_unix_ns);
	words_remove_expired(
		d->words, now_unix_ns); /* what fails is said there, and tried again in an hour */
}
