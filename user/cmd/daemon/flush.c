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

struct expired_allow {
	uint64_t now_unix_ns;
	struct net net;
};

static int expired_find(const struct rule *rule, void *arg)
{
	struct expired_allow *expired = arg;

	if (!rule->expires_unix_ns || rule->expires_unix_ns > expired->now_unix_ns)
		return 0;
	expired->net = rule->net;
	return 1;
}

void daemon_flush_expired(struct daemon *d)
{
	struct expired_allow expired = { .now_unix_ns = clock_unix_ns() };

	ledger_remove_expired(d->ledger, expired.now_unix_ns);
	while (words_each_allow(d->words, expired_find, &expired)) {
		if (words_remove_allow(d->words, &expired.net))
			break; /* said by the words; tried again in an hour */
	}
}
