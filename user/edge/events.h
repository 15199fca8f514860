/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Events as newline-delimited JSON in the shape of Suricata's EVE. */

#include <stdint.h>

#include <jansson.h>

struct events;

/* path "": no events (every function then does nothing); "-": standard output. -errno with a log line. */
int events_open(const char *path, struct events **out);
void events_close(struct events *events);
/* Opens the file again, for log rotation. */
void events_reopen(struct events *events);
/*
 * One line: timestamp, event_type, host, then src_ip where source is not NULL, then `body` under the
 * name of the type. Takes body. type: "fleet", "rule", "drop", "status".
 */
void events_write(struct events *events, uint64_t now_unix_ns, const char *type, const char *source,
		  json_t *body);
