/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The BPF object: its maps with sizes, modes and pins, and its programs. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/config.h"
#include "edge/kernel.h"

struct bpf_object;
struct weir_bpf;

/* Opens the object and sizes its maps. is_replay: small maps and the virtual clock. NULL with errno. */
struct weir_bpf *object_open(const struct config *config, bool is_replay);
struct bpf_object *object_of(const struct weir_bpf *skel);
void object_free(struct weir_bpf *skel);
/*
 * Takes over the maps pinned in dir. 0: all of them; -ENOENT: nothing is pinned; -ESTALE: what is pinned has
 * another ABI, size or definition (*why says which); nothing was taken then.
 */
int object_take_maps(struct weir_bpf *skel, const struct config *config, const char *dir,
		     const char **why);
/* Loads; a failure is logged with its reason. */
int object_load(struct weir_bpf *skel);
/* Pins all maps into dir with their modes. 0 or -errno. */
int object_pin_maps(const struct weir_bpf *skel, const char *dir, gid_t gid);
/* Fills in the descriptors. */
void object_maps(const struct weir_bpf *skel, struct kernel_maps *out);
/* -1: none of that name. */
int object_program_fd(const struct weir_bpf *skel, const char *name);
/* Makes a push map anew, pins it in dir over the old one, and returns its descriptor or -errno. */
int object_recreate_map(const struct weir_bpf *skel, const char *name, const char *dir, gid_t gid);
/* Calls fn with each map's name. */
int object_each_map(const struct weir_bpf *skel, int (*fn)(const char *name, void *arg), void *arg);
