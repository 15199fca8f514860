/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A capture's frames into the services that they talk to. */

#include "cmd/replay_services.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "core/frame.h"
#include "edge/log.h"
#include "edge/replay_capture.h"

#define QUIC_PORT 443
#define SYSTEM_PORT_MAX 1023 /* RFC 6335: below it services listen, clients do not */

static int service_add(struct config *config, const struct frame_end *end, uint8_t protocol)
{
	struct service *service;

	for (size_t i = 0; i < config->service_count; i++) {
		service = &config->services[i];
		if (service->port == end->port && service->protocol == protocol &&
		    !memcmp(service->addr, end->addr, sizeof(end->addr)))
			return 0;
	}
	if (config->service_count == CONFIG_LIST_MAX)
		return -ENOSPC;
	service = &config->services[config->service_count++];
	memcpy(service->addr, end->addr, sizeof(end->addr));
	service->port = end->port;
	service->protocol = protocol;
	return 0;
}

/* How a frame tells its service, from the surest sign to the weakest. */
enum sign { SIGN_SYNACK, SIGN_SYN, SIGN_PORT, SIGN_MAX };

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

static int sign_find(const char *path, struct config *config, enum sign sign)
{
	struct capture *capture;
	struct capture_frame captured;
	bool is_full = false;
	int got, error = capture_open(path, &capture);

	if (error)
		return error;
	while ((got = capture_next(capture, &captured)) > 0) {
		const struct frame_end *end;
		struct frame frame;

		if (!captured.is_ethernet || !frame_parse(captured.data, captured.len, &frame))
			continue;
		end = service_end(&frame, sign);
		if (end && end->port)
			is_full |= service_add(config, end, frame.protocol) != 0;
	}
	if (is_full)
		log_warning("%s: more than %d services, the first are taken: name one with "
			    "--service",
			    path, CONFIG_LIST_MAX);
	capture_close(capture);
	return 0; /* a broken rest is said again when the frames are run */
}

int replay_services_find(const char *path, struct config *config)
{
	int error = 0;

	for (int sign = 0; sign < SIGN_MAX && !config->service_count && !error; sign++)
		error = sign_find(path, config, (enum sign)sign);
	return error;
}
