/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A growing set of guarded addresses. */

#include <stddef.h>

#include "edge/guard.h"

struct entries {
	struct guard_entry *rows;
	size_t count, room;
};

/* Adds one address of 4 or 16 bytes in wire order; unspecified ones are left out. 0 or -ENOMEM. */
int entries_add(struct entries *entries, enum guard_kind kind, const void *addr, size_t len_bytes);
/* Sorts and removes what is there twice. */
void entries_sort(struct entries *entries);

int guard_add_gateways(struct entries *entries);
int guard_add_ssh_peers(struct entries *entries, uint16_t ssh_port);
