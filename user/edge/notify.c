/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* What the service manager wants to hear, through sd_notify. */

#include "edge/notify.h"

#include <time.h>

#include <systemd/sd-daemon.h>

#define NS_PER_US 1000ULL
#define NS_PER_S 1000000000ULL

void notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

/* MONOTONIC_USEC is what Type=notify-reload orders by (sd_notify(3)). */
void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)now.tv_sec * (NS_PER_S / NS_PER_US) +
			   (unsigned long long)now.tv_nsec / NS_PER_US);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void notify_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}
