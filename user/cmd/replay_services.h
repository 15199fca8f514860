/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A capture's frames into the services that they talk to: who sends SYN-ACKs, else who gets SYNs or QUIC. */

#include "core/config.h"

/* Reads the capture once and fills config's services. 0 or -errno. */
int replay_services_find(const char *path, struct config *config);
