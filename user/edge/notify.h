/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What the service manager wants to hear: ready, reloading, stopping, alive. Does nothing without one. */

void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void); /* called once a second: WatchdogSec must be 2 s or more */
