/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What a SYN says of its sender into p0f's raw notation, and that notation apart again. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/abi.h>

#include "core/stack_names.h"

/* p0f's guess: the next of 32, 64, 128, 255 that is not below the TTL received. */
uint8_t syn_initial_ttl(uint8_t ttl);

/*
 * Writes "ver:ttl+distance:olen:mss:wsize,scale:olayout:quirks:pclass" as p0f 3.09b prints it in
 * raw_sig (its README, section 5); ttl is the one received, and a distance above 35 is "?". Without
 * distance the second field is the initial TTL alone: the stack's name. One SYN says no MSS that
 * an earlier SYN-ACK told, so the window is only ever a multiple of its own MSS or MTU.
 * Returns the length, or -ENOSPC; STACK_NAME_MAX is always room enough.
 */
int syn_name_format(const struct weir_syn_facts *facts, bool with_distance, char *text,
		    size_t text_size);

/*
 * Splits a signature as p0f prints it into the stack's name and the TTL received. What stands after
 * the "+" is not read: the initial TTL follows from the TTL received. A signature without "+" is
 * a name already: it is copied and *ttl is 0. -EINVAL: not eight fields, or no version or TTL
 * in front.
 */
int syn_name_split(const char *signature, char name[STACK_NAME_MAX], uint8_t *ttl);
/* The reverse: puts ttl+distance back where name has the initial TTL. ttl 0, or one that has another
 * initial TTL than the name's: the name as it is. Returns the length or -ENOSPC. */
int syn_name_join(const char *name, uint8_t ttl, char *text, size_t text_size);
