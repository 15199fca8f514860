/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Durations as people write them. */

#include <stddef.h>
#include <stdint.h>

/* "90s", "15m", "24h", "30d", "500ms", "1h30m", "0" -> ns; -EINVAL. */
int duration_parse(const char *text, uint64_t *ns);
/* The two largest units: "23h59m", "30d", "0s". */
void duration_format(uint64_t ns, char *text, size_t text_size);
