/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns a program and an interface into a pinned BPF link, or swaps the program of one that is. */

#include "edge/kernel/links.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "edge/log.h"

/* Of kernel 6.6; uapi headers and libbpf here are older. The kernel's answer is what decides. */
#define ATTACH_TCX_INGRESS ((enum bpf_attach_type)46)
#define ATTACH_TCX_EGRESS ((enum bpf_attach_type)47)
#define LINK_TYPE_TCX 11
#define LINK_FLAG_BEFORE (1u << 3) /* BPF_F_BEFORE; without a relative: before all others */
#define ENOTSUPP_KERNEL 524	   /* the kernel's own ENOTSUPP leaks out of some drivers */

const char *hook_name(enum kernel_hook hook)
{
	static const char *const names[] = {
		[KERNEL_XDP] = "xdp",
		[KERNEL_TC_INGRESS] = "tc_in",
		[KERNEL_TC_EGRESS] = "tc_out",
	};

	return names[hook];
}

unsigned program_id(int program_fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(program_fd, &info, &len) == 0 ? info.id : 0;
}

/* struct bpf_link_info's tcx part, which these headers do not know: laid out like its netns part. */
struct tcx_info {
	__u32 ifindex;
	__u32 attach_type;
};

static int link_refresh(struct link *link)
{
	struct bpf_link_info info = { 0 };
	struct tcx_info tcx;
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(link->fd, &info, &len) != 0)
		return -errno;
	link->id = info.id;
	link->program_id = info.prog_id;
	link->ifindex = (int)info.xdp.ifindex;
	if (info.type == BPF_LINK_TYPE_XDP) {
		link->hook = KERNEL_XDP;
		return 0;
	}
	if (info.type != LINK_TYPE_TCX)
		return -EINVAL;
	memcpy(&tcx, &info.netns, sizeof(tcx));
	link->hook = tcx.attach_type == ATTACH_TCX_INGRESS ? KERNEL_TC_INGRESS : KERNEL_TC_EGRESS;
	return 0;
}

static int link_open(const char *path, const char *name, void *arg)
{
	struct links *links = arg;
	struct link link = { 0 };

	(void)name;
	if (links->count == LINKS_MAX)
		return -E2BIG;
	link.fd = bpf_obj_get(path);
	if (link.fd < 0)
		return -errno;
	if (link_refresh(&link) != 0) {
		log_warning("%s is not a link of weir; left alone", path);
		close(link.fd);
		return 0;
	}
	snprintf(link.path, sizeof(link.path), "%s", path);
	links->rows[links->count++] = link;
	return 0;
}

int links_read(const char *dir, struct links *out)
{
	int err;

	out->count = 0;
	err = pins_each(dir, link_open, out);
	if (err)
		links_close(out);
	return err;
}

void links_close(struct links *links)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->rows[i].fd >= 0)
			close(links->rows[i].fd);
	links->count = 0;
}

struct link *links_find(struct links *links, int ifindex, enum kernel_hook hook)
{
	for (size_t i = 0; ifindex && i < links->count; i++)
		if (links->rows[i].ifindex == ifindex && links->rows[i].hook == hook)
			return &links->rows[i];
	return NULL;
}

static int link_path(const struct link_want *want, char path[PIN_PATH_MAX])
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%s", want->interface, hook_name(want->hook));
	pins_escape(name);
	return pins_join(path, want->dir, name);
}

static int link_make(const struct link_want *want)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	enum bpf_attach_type type = BPF_XDP;
	int fd;

	if (want->hook == KERNEL_XDP) {
		opts.flags = want->is_generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	} else {
		/* First, because a foreign program that says TCX_PASS ends the chain, and ours
		 * hands on whatever it does not drop. */
		type = want->hook == KERNEL_TC_INGRESS ? ATTACH_TCX_INGRESS : ATTACH_TCX_EGRESS;
		opts.flags = LINK_FLAG_BEFORE;
	}
	fd = bpf_link_create(want->program_fd, want->ifindex, type, &opts);
	if (fd >= 0)
		return fd;
	if (errno == EEXIST)
		return -EBUSY;
	if (errno == ENOTSUPP_KERNEL || (errno == EINVAL && want->hook != KERNEL_XDP))
		return -EOPNOTSUPP;
	return -errno;
}

static int link_swap(struct link *link, const struct link_want *want)
{
	char path[PIN_PATH_MAX];
	int err = link_path(want, path);

	if (err)
		return err;
	if (bpf_link_update(link->fd, want->program_fd, NULL) != 0)
		return -errno;
	if (strcmp(path, link->path) != 0) {
		if (rename(link->path, path) != 0)
			return -errno;
		snprintf(link->path, sizeof(link->path), "%s", path);
	}
	return link_refresh(link);
}

int links_put(struct links *links, const struct link_want *want)
{
	struct link *known = links_find(links, want->ifindex, want->hook);
	struct link link = { 0 };
	int err;

	if (known)
		return link_swap(known, want);
	if (links->count == LINKS_MAX)
		return -E2BIG;
	err = link_path(want, link.path);
	if (err)
		return err;
	link.fd = link_make(want);
	if (link.fd < 0)
		return link.fd;
	err = pins_put(link.fd, link.path, PIN_MODE_SECRET, want->gid);
	if (!err)
		err = link_refresh(&link);
	if (err) {
		unlink(link.path);
		close(link.fd);
		return err;
	}
	links->rows[links->count++] = link;
	return 0;
}

int link_remove(struct link *link)
{
	if (unlink(link->path) != 0 && errno != ENOENT)
		return -errno;
	/* Another process may hold the link open; detached it is none the less. */
	bpf_link_detach(link->fd);
	close(link->fd);
	link->fd = -1;
	link->ifindex = 0;
	return 0;
}

unsigned xdp_program(int ifindex, bool *is_generic)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	*is_generic = false;
	if (bpf_xdp_query(ifindex, 0, &opts) != 0)
		return 0;
	if (opts.drv_prog_id)
		return opts.drv_prog_id;
	if (opts.hw_prog_id)
		return opts.hw_prog_id;
	*is_generic = opts.skb_prog_id != 0;
	return opts.skb_prog_id;
}

void xdp_holder(int ifindex, char *text, size_t text_size)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	bool is_generic;
	unsigned id = xdp_program(ifindex, &is_generic);
	int fd = id ? bpf_prog_get_fd_by_id(id) : -1;

	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
		snprintf(text, text_size, "program '%s' (id %u)", info.name, id);
	else
		snprintf(text, text_size, "program id %u", id);
	if (fd >= 0)
		close(fd);
}
