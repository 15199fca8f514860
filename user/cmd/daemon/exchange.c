/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Records of the ring into exchanges: for the engine, and for whoever records. */

#include "cmd/daemon/daemon.h"

#include <errno.h>

#include "cmd/exchange_record.h"
#include "core/syn_name.h"
#include "edge/log.h"

const char *daemon_stack_name(struct daemon *d, uint64_t digest)
{
	const char *name = digest ? stack_names_get(d->names, digest) : NULL;
	char text[STACK_NAME_MAX];
	struct weir_stack stack;

	if (name || !digest)
		return name;
	if (maps_find_stack(&d->maps, digest, &stack) ||
	    syn_name_format(&stack.syn, false, text, sizeof(text)) < 0 ||
	    stack_names_put(d->names, digest, text))
		return NULL;
	ledger_put_stack(d->ledger, digest, text);
	return stack_names_get(d->names, digest);
}

int daemon_take_exchange(const struct weir_exchange *record, void *arg)
{
	struct daemon *d = arg;
	struct exchange exchange = exchange_of_record(record, d->maps.boot_unix_ns);

	daemon_stack_name(d, exchange.syn_stack);
	if (exchange.flags & EXCHANGE_LOWER_BOUND)
		digest_set_add(&d->lower_bounds, net_hash(&exchange.source));
	if (engine_add(d->engine, &exchange))
		d->exchanges_refused++;
	streams_send(&d->streams, d->api, &exchange, d->names);
	return 0;
}
