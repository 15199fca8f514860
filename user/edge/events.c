/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Events as newline-delimited JSON in the shape of Suricata's EVE. */

#include "edge/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "edge/log.h"

#define NS_PER_S 1000000000ULL
#define NS_PER_US 1000ULL
#define FILE_MODE 0640 /* addresses are personal data */

struct events {
	int fd;
	char path[256];
	char host[65];
	bool is_failing; /* said once, until it works again */
};

static int file_open(const char *path)
{
	int fd;

	if (!strcmp(path, "-"))
		return dup(STDOUT_FILENO);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		  FILE_MODE);
	return fd < 0 ? -errno : fd;
}

int events_open(const char *path, struct events **out)
{
	struct events *events;
	int fd;

	*out = NULL;
	if (!path[0])
		return 0;
	fd = file_open(path);
	if (fd < 0) {
		log_error("%s: cannot write events: %s", path, strerror(-fd));
		return fd;
	}
	events = calloc(1, sizeof(*events));
	if (!events) {
		close(fd);
		return -ENOMEM;
	}
	events->fd = fd;
	snprintf(events->path, sizeof(events->path), "%s", path);
	gethostname(events->host, sizeof(events->host) - 1);
	*out = events;
	return 0;
}

void events_close(struct events *events)
{
	if (!events)
		return;
	close(events->fd);
	free(events);
}

void events_reopen(struct events *events)
{
	int fd = events ? file_open(events->path) : -1;

	if (!events)
		return;
	if (fd < 0) {
		log_warning("%s: cannot open events again, the old file stays: %s", events->path,
			    strerror(-fd));
		return;
	}
	close(events->fd);
	events->fd = fd;
}

static void time_format(uint64_t unix_ns, char *text, size_t text_size)
{
	time_t seconds = (time_t)(unix_ns / NS_PER_S);
	unsigned micro = (unsigned)(unix_ns % NS_PER_S / NS_PER_US);
	struct tm utc;
	size_t len;

	gmtime_r(&seconds, &utc);
	len = strftime(text, text_size, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, text_size - len, ".%06u+0000", micro);
}

/* One write a line, so that lines of two writers never mix. */
static void line_write(struct events *events, const char *line, size_t len)
{
	ssize_t put = write(events->fd, line, len);

	if (put == (ssize_t)len) {
		events->is_failing = false;
		return;
	}
	if (!events->is_failing)
		log_warning("%s: events are lost: %s", events->path,
			    put < 0 ? strerror(errno) : "short write");
	events->is_failing = true;
}

void events_write(struct events *events, uint64_t now_unix_ns, const char *type, const char *source,
		  json_t *body)
{
	char timestamp[40];
	json_t *event;
	char *text;
	size_t len;

	if (!events) {
		json_decref(body);
		return;
	}
	time_format(now_unix_ns, timestamp, sizeof(timestamp));
	event = json_pack("{s:s,s:s,s:s}", "timestamp", timestamp, "event_type", type, "host",
			  events->host);
	if (source)
		json_object_set_new(event, "src_ip", json_string(source));
	json_object_set_new(event, type, body);
	text = json_dumps(event, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(event);
	if (!text)
		return;
	len = strlen(text);
	/* The end of the string becomes the end of the line, and is not a string any more. */
	text[len] = '\n';
	line_write(events, text, len + 1);
	free(text);
}
