/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A YAML file (libyaml) into struct config. */

#include <stdio.h>

#include "core/config.h"

#define CONFIG_FILE_DEFAULT "/etc/weir/weir.yaml"

/*
 * Defaults, then the file; an empty file is the defaults. Every error is one line "FILE:LINE: what, what to do" on
 * errors (all of them, not only the first). Unknown keys, wrong types, out of range, duplicates, anchors, aliases,
 * tags and second documents are errors. 0; -EINVAL; or -errno of opening, of which nothing is written.
 * out is untouched on failure. What is missing or contradicts itself, config_check tells.
 */
int config_load(const char *path, struct config *out, FILE *errors);
/* As config_load, from an open file; name is for the messages. */
int config_read(FILE *in, const char *name, struct config *out, FILE *errors);
/* The example file with every key, default, unit, range and help, as comments. */
void config_print_example(FILE *out);
