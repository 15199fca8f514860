/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* What changed in memory into the ledger, one transaction at a time. */

#include "cmd/daemon/daemon.h"

static int blob_put(enum engine_blob kind, const char *key, const void *data, size_t len, void *arg)
{
	struct daemon *d = arg;

	return ledger_put(d->ledger, (int)kind, key, data, len);
}

void daemon_flush(struct daemon *d)
{
	int error = ledger_begin(d->ledger);

	if (error)
		return; /* said once by the ledger; status shows it */
	/* What a put refuses stays dirty in the engine; what it took, the ledger keeps until it is written. */
	engine_each_dirty(d->engine, blob_put, d);
	ledger_commit(d->ledger);
}

void daemon_flush_expired(struct daemon *d)
{
	ledger_remove_expired(d->ledger, clock_unix_ns());
}
