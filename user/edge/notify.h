/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What the service manager wants to hear: ready, reloading, stopping, alive. Does nothing without one. */

#include <stdint.h>

void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);
/* How often notify_alive is due (half the watchdog's interval); 0: no watchdog. */
uint64_t notify_watchdog_ns(void);
