/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The host's secret key for hashes, in a file of its own so that a lost ledger cannot lose it. */

#include <stdint.h>

/* Reads state_dir/hash.key, or makes it (mode 0600). 0 or -errno, said in the log. */
int secret_load(const char *state_dir, uint64_t key[2]);
