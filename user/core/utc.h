/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Unix time in nanoseconds to and from RFC 3339 text in UTC. */

#include <stdint.h>

#define UTC_TEXT_MAX 40 /* "2554-07-21T23:34:33.709551615Z" */

/* "2026-12-01T00:00:00Z", with as many digits of a fraction as it takes. */
void utc_format(uint64_t unix_ns, char text[UTC_TEXT_MAX]);
/* Years 1970 to 2554, "Z" alone as the zone, up to nine digits of a fraction. -EINVAL. */
int utc_parse(const char *text, uint64_t *unix_ns);
