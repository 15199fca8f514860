/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Whether a block would lock out somebody it must not. */

#include <stdbool.h>
#include <stddef.h>

#include "cmd/daemon/daemon.h"

#define LOCKOUT_WHY_MAX 160

/*
 * True with why filled: this net must not be blocked. is_forced lets through what is merely unwise (a wide
 * prefix, a shared source, an SSH peer), never an own address, a gateway, a resolver or everybody.
 */
bool lockout_refuses(const struct daemon *d, const struct net *net, bool is_forced,
		     char why[LOCKOUT_WHY_MAX]);
/* Has a session with this host right now, as the guards know it. */
bool lockout_is_ssh_peer(const struct daemon *d, const struct net *net);
/* True, with a sentence in why, for a source that makes so many exchanges that it may be many clients. */
bool lockout_warns(const struct daemon *d, const struct net *net, char why[LOCKOUT_WHY_MAX]);
