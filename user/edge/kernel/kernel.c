/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns a configuration into a loaded BPF object: fresh, taken over, or beside an older one. */

#include "edge/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "edge/kernel/features.h"
#include "edge/kernel/lock.h"
#include "edge/kernel/object.h"
#include "edge/kernel/state.h"
#include "edge/log.h"

static int kernel_paths(struct kernel *kernel, const char *pin_dir)
{
	int err;

	snprintf(kernel->pin_dir, sizeof(kernel->pin_dir), "%s", pin_dir);
	snprintf(kernel->map_dir, sizeof(kernel->map_dir), "%s", pin_dir);
	err = pins_join(kernel->link_dir, pin_dir, PIN_LINKS);
	return err ? err : pins_join(kernel->program_dir, pin_dir, PIN_PROGRAMS);
}

static struct kernel *kernel_new(void)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return NULL;
	kernel->lock_fd = kernel->pins_fd = -1;
	kernel->gid = PIN_NO_GROUP;
	return kernel;
}

/* An object beside the old one: its maps wait in pin_dir/new until kernel_commit. */
static int kernel_beside(struct kernel *kernel)
{
	int err = pins_join(kernel->map_dir, kernel->pin_dir, PIN_NEW);

	if (!err)
		err = pins_make_dir(kernel->map_dir, kernel->gid);
	if (err)
		log_error("%s cannot be made: %s", kernel->map_dir, strerror(-err));
	return err;
}

static int kernel_take_maps(struct kernel *kernel, const struct config *config)
{
	const char *why = "";
	int err = object_take_maps(kernel->skel, config, kernel->pin_dir, &why);

	if (!err) {
		kernel->start = KERNEL_TAKEN;
		return 0;
	}
	if (err == -ENOENT) {
		kernel->start = KERNEL_FRESH;
		return 0;
	}
	if (err != -ESTALE) {
		log_error("pinned maps cannot be taken over: %s", strerror(-err));
		return err;
	}
	log_info("map %s in %s has another layout or size: new maps are filled beside the old", why,
		 kernel->pin_dir);
	kernel->start = KERNEL_SWITCHED;
	return kernel_beside(kernel);
}

static int kernel_load(struct kernel *kernel, const struct config *config)
{
	char left_over[PIN_PATH_MAX];
	int err = pins_join(left_over, kernel->pin_dir, PIN_NEW);

	if (err)
		return err;
	/* Of a daemon that died before its commit. */
	pins_remove_dir(left_over);
	kernel->skel = object_open(config, false);
	if (!kernel->skel) {
		err = -errno;
		log_error("the BPF object cannot be opened: %s", strerror(-err));
		return err;
	}
	err = kernel_take_maps(kernel, config);
	if (!err)
		err = object_load(kernel->skel);
	/* Taken maps are pinned again as well: modes and group are as configured now. */
	if (!err)
		err = object_pin_maps(kernel->skel, kernel->map_dir, kernel->gid);
	return err;
}

int kernel_open(const struct config *config, struct kernel **out)
{
	struct kernel *kernel = kernel_new();
	int err = kernel ? kernel_paths(kernel, config->pin_dir) : -ENOMEM;

	if (!err)
		err = features_check();
	if (!err)
		err = pins_prepare(config->pin_dir, config->group, &kernel->gid);
	if (!err) {
		kernel->lock_fd = lock_take(config->run_dir, kernel->gid);
		err = kernel->lock_fd < 0 ? kernel->lock_fd : 0;
	}
	if (!err) {
		kernel->pins_fd = lock_take_pins(config->pin_dir);
		err = kernel->pins_fd < 0 ? kernel->pins_fd : 0;
	}
	if (!err)
		err = kernel_load(kernel, config);
	if (err) {
		if (kernel)
			kernel_close(kernel);
		return err;
	}
	object_maps(kernel->skel, &kernel->maps);
	*out = kernel;
	return 0;
}

int kernel_open_replay(const struct config *config, struct kernel **out)
{
	struct kernel *kernel = kernel_new();
	int err = kernel ? features_check() : -ENOMEM;

	if (!err) {
		kernel->skel = object_open(config, true);
		err = kernel->skel ? object_load(kernel->skel) : -errno;
	}
	if (err) {
		if (kernel)
			kernel_close(kernel);
		return err;
	}
	object_maps(kernel->skel, &kernel->maps);
	*out = kernel;
	return 0;
}

enum kernel_start kernel_start(const struct kernel *kernel)
{
	return kernel->start;
}

int kernel_settings_before(const struct kernel *kernel)
{
	char path[PIN_PATH_MAX];
	int err = pins_join(path, kernel->pin_dir, "settings"), fd;

	if (err)
		return err;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

const struct kernel_maps *kernel_maps(const struct kernel *kernel)
{
	return &kernel->maps;
}

int kernel_program_fd(const struct kernel *kernel, const char *name)
{
	return object_program_fd(kernel->skel, name);
}

int kernel_sweep_fd(const struct kernel *kernel)
{
	return kernel_program_fd(kernel, "weir_sweep");
}

struct commit {
	struct kernel *kernel;
	bool meta_only;
};

static int map_commit(const char *name, void *arg)
{
	const struct commit *commit = arg;
	char from[PIN_PATH_MAX], to[PIN_PATH_MAX];
	int err;

	if ((strcmp(name, "meta") == 0) != commit->meta_only)
		return 0;
	err = pins_join(from, commit->kernel->map_dir, name);
	if (!err)
		err = pins_join(to, commit->kernel->pin_dir, name);
	if (err)
		return err;
	return rename(from, to) == 0 ? 0 : -errno;
}

static int map_is_named(const char *name, void *arg)
{
	return strcmp(name, arg) == 0;
}

/* A map of the old ABI that the new one does not have. Directories do not unlink. */
static int pin_retire(const char *path, const char *name, void *arg)
{
	const struct kernel *kernel = arg;

	if (!object_each_map(kernel->skel, map_is_named, (void *)name))
		unlink(path);
	return 0;
}

int kernel_commit(struct kernel *kernel)
{
	struct commit maps = { .kernel = kernel, .meta_only = false };
	struct commit meta = { .kernel = kernel, .meta_only = true };
	int err;

	if (strcmp(kernel->map_dir, kernel->pin_dir) == 0)
		return 0;
	/* meta last: until then the next start sees the old ABI and switches again. */
	err = object_each_map(kernel->skel, map_commit, &maps);
	if (!err)
		err = object_each_map(kernel->skel, map_commit, &meta);
	if (err) {
		log_error("new maps in %s cannot take the place of the old: %s", kernel->map_dir,
			  strerror(-err));
		return err;
	}
	pins_remove_dir(kernel->map_dir);
	snprintf(kernel->map_dir, sizeof(kernel->map_dir), "%s", kernel->pin_dir);
	return pins_each(kernel->pin_dir, pin_retire, kernel);
}

int kernel_recreate_push(struct kernel *kernel, const char *name)
{
	int *fd = strcmp(name, "push_net4") == 0 ? &kernel->maps.push_net4 :
		  strcmp(name, "push_net6") == 0 ? &kernel->maps.push_net6 :
						   NULL;
	int fresh;

	if (!fd)
		return -EINVAL;
	fresh = object_recreate_map(kernel->skel, name, kernel->map_dir, kernel->gid);
	if (fresh < 0) {
		log_error("map %s cannot be made anew: %s", name, strerror(-fresh));
		return fresh;
	}
	/* The old descriptor's number stays the map's: whoever copied it goes on with the new map. */
	if (dup3(fresh, *fd, O_CLOEXEC) < 0) {
		int err = -errno;

		close(fresh);
		return err;
	}
	close(fresh);
	log_warning("map %s was frozen or broken and has been made anew", name);
	return 0;
}

void kernel_close(struct kernel *kernel)
{
	if (kernel->skel)
		object_free(kernel->skel);
	if (kernel->lock_fd >= 0)
		close(kernel->lock_fd);
	if (kernel->pins_fd >= 0)
		close(kernel->pins_fd);
	free(kernel);
}
