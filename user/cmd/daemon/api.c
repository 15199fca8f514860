/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A request's command into the function that answers it. */

#include <string.h>

#include "cmd/daemon/handlers.h"
#include "edge/log.h"

struct handler {
	const char *name;
	json_t *(*fn)(struct daemon *d, const struct request *request);
	bool is_change;
};

static const struct handler handlers[] = {
#define X(name, is_change) { #name, answer_##name, is_change },
	HANDLERS(X)
#undef X
};

static const struct handler *handler_find(const char *name)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (!strcmp(handlers[i].name, name))
			return &handlers[i];
	}
	return NULL;
}

json_t *daemon_answer(const char *command, const json_t *args, const struct api_peer *peer,
		      uint64_t connection, void *arg)
{
	struct request request = { .args = args, .peer = peer, .connection = connection };
	const struct handler *handler = handler_find(command);
	json_t *answer;

	if (!handler)
		return answer_refused(API_EXIT_USAGE,
				      "unknown command %.40s: is the daemon of "
				      "another version?",
				      command);
	answer = handler->fn(arg, &request);
	if (handler->is_change)
		log_info("%s by %s, pid %d: %s", command, peer->name, (int)peer->pid,
			 json_is_true(json_object_get(answer, "ok")) ?
				 "done" :
				 json_string_value(json_object_get(answer, "error")));
	return answer;
}

bool net_equals(const struct net *a, const struct net *b)
{
	return a->prefix_len == b->prefix_len && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

json_t *answer_stop(struct daemon *d, const struct request *request)
{
	if (request->peer->uid != 0)
		return answer_refused(API_EXIT_NOT_PERMITTED, "only root may end the daemon");
	d->is_stopping = true;
	return answer_ok(json_object());
}

json_t *answer_record(struct daemon *d, const struct request *request)
{
	struct args args = { .object = request->args };
	int64_t seconds = args_number(&args, "seconds", 0, INT32_MAX, 0);
	uint64_t end_unix_ns = seconds ? clock_unix_ns() + (uint64_t)seconds * NS_PER_S : 0;

	if (args.why[0])
		return args_refusal(&args);
	streams_expire(&d->streams, d->api, clock_unix_ns()); /* makes room */
	if (stream_add(&d->streams, request->connection, end_unix_ns))
		return answer_refused(API_EXIT_FAILED, "%d clients record already", STREAMS_MAX);
	api_server_keep_open(d->api, request->connection);
	return answer_ok(json_object());
}

json_t *answer_forget(struct daemon *d, const struct request *request)
{
	struct args args = { .object = request->args };
	struct net net = args_net(&args, "target");
	int from_maps, from_engine;

	if (args.why[0])
		return args_refusal(&args);
	from_maps = maps_forget(&d->maps, &net);
	from_engine = engine_forget(d->engine, &net);
	daemon_flush_whole(d);
	return answer_ok(json_pack("{s:i,s:i}", "entries", from_maps < 0 ? 0 : from_maps, "sources",
				   from_engine < 0 ? 0 : from_engine));
}

json_t *answer_mode(struct daemon *d, const struct request *request)
{
	struct args args = { .object = request->args };
	const char *text = args_text(&args, "mode", NULL);
	int mode = text ? mode_parse(text) : d->mode;
	const char *before = mode_name(d->mode);
	int error = 0;

	if (args.why[0])
		return args_refusal(&args);
	if (mode < 0)
		return answer_refused(API_EXIT_USAGE, "%.40s is no mode: propose, enforce or off",
				      text);
	if (text)
		error = daemon_set_mode(d, (uint8_t)mode, request->peer->name);
	if (error && d->mode != (uint8_t)mode)
		return answer_refused(API_EXIT_FAILED, "cannot set the mode: %s", strerror(-error));
	return answer_ok(json_pack("{s:s,s:s,s:b}", "mode", mode_name(d->mode), "was", before,
				   "is_kept", !error));
}
