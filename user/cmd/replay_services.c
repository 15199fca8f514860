/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Captures' frames into the services that they talk to. */

#include "cmd/replay_services.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/frame.h"
#include "edge/log.h"
#include "edge/replay_capture.h"

#define QUIC_PORT 443
#define SYSTEM_PORT_MAX 1023 /* RFC 6335: below it services listen, clients do not */

/* How a frame tells its service, from the surest sign to the weakest. */
enum sign {
	SIGN_SYNACK,
	SIGN_SYN,
	SIGN_PORT,
	SIGN_MAX
};

/* The services that each sign tells of; the surest one that tells of any counts. */
struct found {
	struct service services[SIGN_MAX][CONFIG_LIST_MAX];
	size_t count[SIGN_MAX];
	bool is_full[SIGN_MAX];
};

static void service_add(struct found *found, enum sign sign, const struct frame_end *end,
			uint8_t protocol)
{
	struct service *service = found->services[sign];

	for (size_t i = 0; i < found->count[sign]; i++, service++) {
		if (service->port == end->port && service->protocol == protocol &&
		    !memcmp(service->addr, end->addr, sizeof(end->addr)))
			return;
	}
	if (found->count[sign] == CONFIG_LIST_MAX) {
		found->is_full[sign] = true;
		return;
	}
	found->count[sign]++;
	memcpy(service->addr, end->addr, sizeof(end->addr));
	service->port = end->port;
	service->protocol = protocol;
}

static const struct frame_end *service_end(const struct frame *frame, enum sign sign)
{
	uint8_t syn_ack = frame->tcp_flags & (FRAME_SYN | FRAME_ACK);

	if (frame->protocol == IPPROTO_UDP) {
		if (sign == SIGN_SYNACK && frame->to.port == QUIC_PORT)
			return &frame->to;
		return NULL;
	}
	if (sign == SIGN_SYNACK && syn_ack == (FRAME_SYN | FRAME_ACK))
		return &frame->from;
	if (sign == SIGN_SYN && syn_ack == FRAME_SYN)
		return &frame->to;
	if (sign != SIGN_PORT)
		return NULL;
	if (frame->to.port <= SYSTEM_PORT_MAX && frame->from.port > SYSTEM_PORT_MAX)
		return &frame->to;
	if (frame->from.port <= SYSTEM_PORT_MAX && frame->to.port > SYSTEM_PORT_MAX)
		return &frame->from;
	return NULL;
}

static void frame_look(struct found *found, const struct capture_frame *captured)
{
	struct frame frame;

	if (!captured->is_ethernet || !frame_parse(captured->data, captured->len, &frame))
		return;
	for (int sign = 0; sign < SIGN_MAX; sign++) {
		const struct frame_end *end = service_end(&frame, (enum sign)sign);

		if (end && end->port)
			service_add(found, (enum sign)sign, end, frame.protocol);
	}
}

/* A broken rest is said when the frames are run. */
static int capture_look(struct found *found, const char *path)
{
	struct capture *capture;
	struct capture_frame captured;
	int error = capture_open(path, &capture);

	if (error)
		return error;
	while (capture_next(capture, &captured) > 0)
		frame_look(found, &captured);
	capture_close(capture);
	return 0;
}

static void services_take(const struct found *found, struct config *config)
{
	int sign = 0;

	while (sign < SIGN_MAX && !found->count[sign])
		sign++;
	if (sign == SIGN_MAX)
		return;
	if (found->is_full[sign])
		log_warning("more than %d services, the first are taken: name one with --service",
			    CONFIG_LIST_MAX);
	config->service_count = found->count[sign];
	memcpy(config->services, found->services[sign],
	       found->count[sign] * sizeof(config->services[0]));
}

int replay_services_find(char *const *paths, size_t count, struct config *config)
{
	struct found *found = calloc(1, sizeof(*found));
	int error = found ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !error; i++)
		error = capture_look(found, paths[i]);
	if (!error)
		services_take(found, config);
	free(found);
	return error;
}
