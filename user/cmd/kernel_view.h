/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The loaded kernel object as the maps' readers and writers want it. */

#include "edge/kernel.h"
#include "edge/maps.h"

/* Descriptors only: the clock's offset and the hash key are the caller's to fill in. */
struct maps maps_of_kernel(const struct kernel *kernel);
