/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the compiled BPF object into maps and programs in the kernel, its own or taken over. */

#include "edge/kernel/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <weir/abi.h>
#include <weir/bounds.h>

#include "edge/kernel/features.h"
#include "edge/kernel/pins.h"
#include "edge/log.h"
#include "weir.skel.h"

/* Where a map's size in the configuration is; OBJECT_SIZE_FIXED: as the object has it. */
#define OBJECT_SIZE_FIXED ((size_t)-1)
#define OBJECT_SIZE(field) offsetof(struct config, field)

/* Enough for a capture of some hundred thousand packets; replay makes the maps anew each time. */
#define REPLAY_ENTRIES_MAX 65536u
#define PAGE_BYTES 4096u

static const struct object_map {
	const char *name;
	size_t fd_offset; /* in struct kernel_maps */
	size_t size;	  /* offset of its number of entries in struct config */
	mode_t mode;
	__u32 flags; /* added to those of the object */
} object_map_table[] = {
#define MAP(map, size, mode, flags)                                                                \
	{                                                                                          \
#map, offsetof(struct kernel_maps, map), size, mode, flags                         \
	}
	MAP(sources, OBJECT_SIZE(sources_max), PIN_MODE_FACTS, 0),
	MAP(flows, OBJECT_SIZE(flows_max), PIN_MODE_FACTS, 0),
	MAP(syns, OBJECT_SIZE(syns_max), PIN_MODE_FACTS, 0),
	MAP(stacks, OBJECT_SIZE(stacks_max), PIN_MODE_FACTS, 0),
	MAP(counters, OBJECT_SIZE_FIXED, PIN_MODE_FACTS, 0),
	MAP(reasons, OBJECT_SIZE_FIXED, PIN_MODE_FACTS, 0),
	MAP(hits, OBJECT_SIZE(rules_max), PIN_MODE_FACTS, 0),
	MAP(meta, OBJECT_SIZE_FIXED, PIN_MODE_FACTS, 0),
	MAP(settings, OBJECT_SIZE_FIXED, PIN_MODE_SECRET, 0),
	MAP(services, OBJECT_SIZE_FIXED, PIN_MODE_FACTS, 0),
	MAP(ports, OBJECT_SIZE_FIXED, PIN_MODE_FACTS, 0),
	MAP(prefixes6, OBJECT_SIZE_FIXED, PIN_MODE_FACTS, 0),
	MAP(source_nets, OBJECT_SIZE(sources_max), PIN_MODE_FACTS, 0),
	MAP(allow_net4, OBJECT_SIZE(rules_max), PIN_MODE_FACTS, 0),
	MAP(allow_net6, OBJECT_SIZE(rules_max), PIN_MODE_FACTS, 0),
	MAP(deny_host, OBJECT_SIZE(rules_max), PIN_MODE_FACTS, 0),
	MAP(deny_net4, OBJECT_SIZE(rules_max), PIN_MODE_FACTS, 0),
	MAP(deny_net6, OBJECT_SIZE(rules_max), PIN_MODE_FACTS, 0),
	/* Mapped into memory, so that a /8's 65,536 bits are a memset and not as many system calls. */
	MAP(prefilter4, OBJECT_SIZE_FIXED, PIN_MODE_FACTS, BPF_F_MMAPABLE),
	MAP(prefilter6, OBJECT_SIZE_FIXED, PIN_MODE_FACTS, BPF_F_MMAPABLE),
	MAP(push_net4, OBJECT_SIZE_FIXED, PIN_MODE_PUSH, 0),
	MAP(push_net6, OBJECT_SIZE_FIXED, PIN_MODE_PUSH, 0),
	MAP(exchanges, OBJECT_SIZE(exchanges_ring_bytes), PIN_MODE_FACTS, 0),
#undef MAP
};

static const struct object_map *object_map_find(const char *name)
{
	for (size_t i = 0; i < sizeof(object_map_table) / sizeof(object_map_table[0]); i++)
		if (strcmp(object_map_table[i].name, name) == 0)
			return &object_map_table[i];
	return NULL;
}

/* .rodata and the programs' scratch room belong to one load: never pinned, never taken over. */
static bool map_is_private(const struct bpf_map *map)
{
	return !object_map_find(bpf_map__name(map));
}

static __u32 power_of_two_below(__u32 n)
{
	__u32 power = 1;

	while (power <= n / 2)
		power *= 2;
	return power;
}

static __u32 map_size(const struct bpf_map *map, const struct object_map *row,
		      const struct config *config, bool is_replay)
{
	__u32 size;

	if (row->size == OBJECT_SIZE_FIXED)
		return bpf_map__max_entries(map);
	memcpy(&size, (const char *)config + row->size, sizeof(size));
	if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF) {
		size = power_of_two_below(size);
		return size < PAGE_BYTES ? PAGE_BYTES : size;
	}
	if (is_replay && size > REPLAY_ENTRIES_MAX)
		size = REPLAY_ENTRIES_MAX;
	if (row->size == OBJECT_SIZE(syns_max)) /* its index is a masked hash */
		size = power_of_two_below(size);
	return size ? size : 1;
}

/* A walk over a hash follows its seed: a replay's has none, so that it tells the same story twice. */
static __u32 map_flags(const struct bpf_map *map, const struct object_map *row, bool is_replay)
{
	bool is_seedless = is_replay && bpf_map__type(map) == BPF_MAP_TYPE_HASH;

	return bpf_map__map_flags(map) | row->flags | (is_seedless ? BPF_F_ZERO_SEED : 0);
}

static int maps_size(struct weir_bpf *skel, const struct config *config, bool is_replay)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj) {
		const struct object_map *row = object_map_find(bpf_map__name(map));
		int err;

		if (!row)
			continue;
		err = bpf_map__set_max_entries(map, map_size(map, row, config, is_replay));
		if (!err)
			err = bpf_map__set_map_flags(map, map_flags(map, row, is_replay));
		if (err)
			return err;
	}
	return 0;
}

struct weir_bpf *object_open(const struct config *config, bool is_replay)
{
	struct weir_bpf *skel;
	int err;

	libbpf_set_print((libbpf_print_fn_t)(void *)log_libbpf);
	skel = weir_bpf__open();
	if (!skel)
		return NULL;
	err = maps_size(skel, config, is_replay);
	if (err) {
		weir_bpf__destroy(skel);
		errno = -err;
		return NULL;
	}
	skel->rodata->clock_is_virtual = is_replay;
	/* A capture comes in by XDP: the verifier need not look at a program that nobody runs. */
	if (is_replay)
		bpf_program__set_autoload(skel->progs.weir_tc_in, false);
	skel->rodata->syns_entries = bpf_map__max_entries(skel->maps.syns);
	return skel;
}

struct bpf_object *object_of(const struct weir_bpf *skel)
{
	return skel->obj;
}

void object_free(struct weir_bpf *skel)
{
	weir_bpf__destroy(skel);
}

static bool meta_fits(int fd, const struct config *config)
{
	struct weir_meta meta = { 0 };
	struct bpf_map_info info = { 0 };
	__u32 key = 0, len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) != 0 || info.value_size != sizeof(meta) ||
	    bpf_map_lookup_elem(fd, &key, &meta) != 0)
		return false;
	return meta.abi_version == WEIR_ABI_VERSION &&
	       meta.source_prefix6 == config->source_prefix6 &&
	       meta.flows_max == config->flows_max && meta.sources_max == config->sources_max &&
	       meta.rules_max == config->rules_max;
}

static bool definition_fits(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) != 0)
		return false;
	return info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map) &&
	       info.map_flags == bpf_map__map_flags(map);
}

static int map_open_pinned(const struct bpf_map *map, const char *dir)
{
	char path[PIN_PATH_MAX];
	int fd, err = pins_join(path, dir, bpf_map__name(map));

	if (err)
		return err;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

/* Looks at one pinned map; 0 if it can be taken over. */
static int pinned_check(const struct bpf_map *map, const struct config *config, const char *dir,
			const char **why)
{
	const char *name = bpf_map__name(map);
	int fd = map_open_pinned(map, dir);
	bool is_meta = strcmp(name, "meta") == 0;
	int err = 0;

	if (fd == -ENOENT && is_meta)
		return -ENOENT;
	if (fd < 0 || !definition_fits(map, fd)) {
		*why = name;
		err = -ESTALE;
	} else if (is_meta && !meta_fits(fd, config)) {
		*why = "meta";
		err = -ESTALE;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

static int map_take(struct bpf_map *map, const char *dir)
{
	int fd = map_open_pinned(map, dir);
	int err;

	if (fd < 0)
		return fd;
	err = bpf_map__reuse_fd(map, fd);
	close(fd);
	return err;
}

int object_take_maps(struct weir_bpf *skel, const struct config *config, const char *dir,
		     const char **why)
{
	struct bpf_map *map = bpf_object__find_map_by_name(skel->obj, "meta");
	int err = map ? pinned_check(map, config, dir, why) : -ENOENT;

	if (err)
		return err;
	bpf_object__for_each_map(map, skel->obj) {
		if (map_is_private(map))
			continue;
		err = pinned_check(map, config, dir, why);
		if (err)
			return err;
	}
	bpf_object__for_each_map(map, skel->obj) {
		err = map_is_private(map) ? 0 : map_take(map, dir);
		if (err)
			return err;
	}
	return 0;
}

int object_load(struct weir_bpf *skel)
{
	int err = weir_bpf__load(skel);

	return err ? features_explain(err) : 0;
}

static mode_t map_mode(const char *name)
{
	const struct object_map *row = object_map_find(name);

	return row ? row->mode : PIN_MODE_SECRET;
}

int object_pin_maps(const struct weir_bpf *skel, const char *dir, gid_t gid)
{
	char path[PIN_PATH_MAX];
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj) {
		int err;

		if (map_is_private(map))
			continue;
		err = pins_join(path, dir, bpf_map__name(map));
		if (!err)
			err = pins_put(bpf_map__fd(map), path, map_mode(bpf_map__name(map)), gid);
		if (err) {
			log_error("map %s cannot be pinned in %s: %s", bpf_map__name(map), dir,
				  strerror(-err));
			return err;
		}
	}
	return 0;
}

void object_maps(const struct weir_bpf *skel, struct kernel_maps *out)
{
	for (size_t i = 0; i < sizeof(object_map_table) / sizeof(object_map_table[0]); i++) {
		const struct object_map *row = &object_map_table[i];
		int fd = bpf_object__find_map_fd_by_name(skel->obj, row->name);

		if (fd < 0)
			fd = -1;
		memcpy((char *)out + row->fd_offset, &fd, sizeof(fd));
	}
}

int object_program_fd(const struct weir_bpf *skel, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(skel->obj, name);

	return program ? bpf_program__fd(program) : -1;
}

int object_recreate_map(const struct weir_bpf *skel, const char *name, const char *dir, gid_t gid)
{
	struct bpf_map *map = bpf_object__find_map_by_name(skel->obj, name);
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	char path[PIN_PATH_MAX];
	int fd, err;

	if (!map)
		return -ENOENT;
	err = pins_join(path, dir, name);
	if (err)
		return err;
	opts.map_flags = bpf_map__map_flags(map);
	opts.btf_fd = (__u32)bpf_object__btf_fd(skel->obj);
	opts.btf_key_type_id = bpf_map__btf_key_type_id(map);
	opts.btf_value_type_id = bpf_map__btf_value_type_id(map);
	fd = bpf_map_create(bpf_map__type(map), name, bpf_map__key_size(map),
			    bpf_map__value_size(map), bpf_map__max_entries(map), &opts);
	if (fd < 0)
		return -errno;
	err = pins_put(fd, path, map_mode(name), gid);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int object_each_map(const struct weir_bpf *skel, int (*fn)(const char *name, void *arg), void *arg)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, skel->obj) {
		if (err || map_is_private(map))
			continue;
		err = fn(bpf_map__name(map), arg);
	}
	return err;
}
