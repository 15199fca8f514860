/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The targets of a block or allow: read from the request, judged one by one, the refused ones named. */

#include "cmd/daemon/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void targets_refuse(struct targets *targets, const char *target, const char *why)
{
	json_array_append_new(targets->refused,
			      json_pack("{s:s,s:s}", "target", target, "why", why));
}

static void target_take(struct targets *targets, const json_t *value)
{
	const char *text = json_string_value(value);
	char shown[NET_TEXT_MAX];
	int error;

	if (!text || json_string_length(value) >= NET_TEXT_MAX) {
		targets_refuse(targets, "?", "not an address or CIDR");
		return;
	}
	error = net_parse(text, &targets->nets[targets->count]);
	if (!error) {
		targets->count++;
		return;
	}
	snprintf(shown, sizeof(shown), "%s", text);
	targets_refuse(targets, shown, net_error_text(error));
}

void targets_read(struct targets *targets, struct args *args)
{
	const json_t *array = json_object_get(args->object, "targets");
	const json_t *value;
	size_t i;

	targets->refused = json_array();
	if (array && !json_is_array(array)) {
		snprintf(args->why, sizeof(args->why), "targets must be an array");
		return;
	}
	if (json_array_size(array) > TARGETS_MAX) {
		snprintf(args->why, sizeof(args->why), "more than %u targets at once", TARGETS_MAX);
		return;
	}
	targets->nets = calloc(json_array_size(array) + 1, sizeof(*targets->nets));
	if (!targets->nets) {
		snprintf(args->why, sizeof(args->why), "out of memory");
		return;
	}
	json_array_foreach(array, i, value) {
		target_take(targets, value);
	}
}

void targets_keep(struct targets *targets, bool (*keep)(const struct net *net, void *arg),
		  void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < targets->count; i++) {
		if (keep(&targets->nets[i], arg))
			targets->nets[kept++] = targets->nets[i];
	}
	targets->count = kept;
}

static int by_net(const void *a, const void *b)
{
	return net_compare(a, b);
}

/* Sorted, a net stands behind whatever contains it, so that the last one kept of its family tells. */
void targets_merge(struct targets *targets)
{
	const struct net *last[2] = { NULL, NULL };
	size_t kept = 0;

	if (targets->count)
		qsort(targets->nets, targets->count, sizeof(*targets->nets), by_net);
	for (size_t i = 0; i < targets->count; i++) {
		const struct net *net = &targets->nets[i];
		const struct net **before = &last[net_is_ipv4(net)];

		if (*before && net_compare(*before, net) == 0) {
			targets->duplicates++;
		} else if (*before && net_contains(*before, net)) {
			targets->contained++;
		} else {
			targets->nets[kept] = *net;
			*before = &targets->nets[kept++];
		}
	}
	targets->count = kept;
}

void targets_clear(struct targets *targets)
{
	free(targets->nets);
	json_decref(targets->refused);
	memset(targets, 0, sizeof(*targets));
}
