/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns what automation wrote into push_net4 and push_net6 into nets, and empties the maps. */

#include "edge/maps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <weir/bounds.h>

#include "edge/log.h"
#include "edge/maps/cursor.h"

#define NET4_LEN_MAX 32
#define NET6_LEN_MAX 128
#define PROBLEM_MAX 64

struct pushes {
	int fd;
	bool is_net6;
	bool is_frozen;
	int taken;
	void (*fn)(const struct net *net, const struct weir_push *push, const char *problem,
		   void *arg);
	void *arg;
};

static struct net push_net(const struct pushes *pushes, const void *key)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct weir_net6_key net6;
	struct weir_net4_key net4;
	struct net net = { 0 };

	if (pushes->is_net6) {
		memcpy(&net6, key, sizeof(net6));
		memcpy(net.addr, net6.addr, sizeof(net.addr));
		net.prefix_len =
			net6.prefix_len > NET6_LEN_MAX ? NET6_LEN_MAX : (uint8_t)net6.prefix_len;
	} else {
		memcpy(&net4, key, sizeof(net4));
		memcpy(net.addr, mapped, sizeof(mapped));
		memcpy(net.addr + sizeof(mapped), net4.addr, sizeof(net4.addr));
		net.prefix_len = (uint8_t)(net4.prefix_len > NET4_LEN_MAX ?
						   NET6_LEN_MAX :
						   net4.prefix_len + NET_IPV4_OFFSET);
	}
	net_mask(&net);
	return net;
}

/* NULL: nothing is wrong with it. */
static const char *push_problem(const struct net *net, const struct weir_push *push,
				char text[PROBLEM_MAX])
{
	if (net_is_too_wide(net)) {
		snprintf(text, PROBLEM_MAX, "wider than /%d",
			 net_is_ipv4(net) ? WEIR_NET4_MIN_LEN : WEIR_NET6_MIN_LEN);
		return text;
	}
	if (push->action >= WEIR_ACTION_MAX) {
		snprintf(text, PROBLEM_MAX, "action %u is unknown", push->action);
		return text;
	}
	return NULL;
}

static int push_take(const void *key, const void *value, void *arg)
{
	struct pushes *pushes = arg;
	struct net net = push_net(pushes, key);
	struct weir_push push;
	char text[PROBLEM_MAX];

	memcpy(&push, value, sizeof(push));
	/* Deleted first: whatever is written from here on is a new push. */
	if (bpf_map_delete_elem(pushes->fd, key) != 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EPERM)
			return -errno;
		pushes->is_frozen = true;
	}
	pushes->fn(&net, &push, push_problem(&net, &push, text), pushes->arg);
	pushes->taken++;
	return 0;
}

/* A key that no LPM trie can hold: the kernel says EPERM before it says so, if the map is frozen. */
bool maps_push_is_frozen(int push_fd)
{
	struct weir_net6_key key = { .prefix_len = NET6_LEN_MAX + 1 };

	return bpf_map_delete_elem(push_fd, &key) != 0 && errno == EPERM;
}

static int pushes_take(struct pushes *pushes, const char *name)
{
	int before = pushes->taken;
	int err = map_each(pushes->fd, push_take, pushes);

	if (!err && pushes->taken - before >= WEIR_PUSH_MAX)
		log_warning("map %s was full: %u entries; pushes may have been refused", name,
			    WEIR_PUSH_MAX);
	if (maps_push_is_frozen(pushes->fd))
		pushes->is_frozen = true;
	return err;
}

int maps_take_pushes(const struct maps *maps,
		     void (*fn)(const struct net *net, const struct weir_push *push,
				const char *problem, void *arg),
		     void *arg)
{
	struct pushes pushes = { .fd = maps->push_net4, .fn = fn, .arg = arg };
	int err = pushes_take(&pushes, "push_net4");

	pushes.fd = maps->push_net6;
	pushes.is_net6 = true;
	if (!err)
		err = pushes_take(&pushes, "push_net6");
	if (err)
		return err;
	return pushes.is_frozen ? -EPERM : pushes.taken;
}
