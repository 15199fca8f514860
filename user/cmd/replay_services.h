/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Captures' frames into the services that they talk to: who sends SYN-ACKs, else who gets SYNs or QUIC. */

#include <stddef.h>

#include "core/config.h"

/* Reads the captures once and fills config's services. 0 or -errno. */
int replay_services_find(char *const *paths, size_t count, struct config *config);
