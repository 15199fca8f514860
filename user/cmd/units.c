/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Quantities as people read them: bytes, counts, spans of time, points in time. */

#include "cmd/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000ULL
#define NS_PER_MS 1000000ULL

static const char *scaled(double value, const char *const *units, unsigned unit_count, char *text)
{
	unsigned unit = 0;

	while (value >= 999.5 && unit + 1 < unit_count) {
		value /= 1000;
		unit++;
	}
	snprintf(text, UNITS_TEXT_MAX, unit && value < 99.95 ? "%.1f %s" : "%.0f %s", value,
		 units[unit]);
	return text;
}

const char *units_bytes(double bytes, char *text)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };

	return scaled(bytes, units, 6, text);
}

const char *units_count(double count, char *text)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };

	if (count >= 1e6)
		return scaled(count, units, 5, text);
	if (count >= 1000)
		snprintf(text, UNITS_TEXT_MAX, "%d,%03d", (int)count / 1000, (int)count % 1000);
	else if (count == floor(count))
		snprintf(text, UNITS_TEXT_MAX, "%.0f", count);
	else
		snprintf(text, UNITS_TEXT_MAX, "%.1f", count);
	return text;
}

const char *units_span(uint64_t ns, char *text)
{
	uint64_t s = ns / NS_PER_S;

	if (ns < NS_PER_S)
		snprintf(text, UNITS_TEXT_MAX, "%llu ms", (unsigned long long)(ns / NS_PER_MS));
	else if (s < 60)
		snprintf(text, UNITS_TEXT_MAX, "%llus", (unsigned long long)s);
	else if (s < 3600)
		snprintf(text, UNITS_TEXT_MAX, "%llum%02llus", (unsigned long long)s / 60,
			 (unsigned long long)s % 60);
	else if (s < 86400 * 2)
		snprintf(text, UNITS_TEXT_MAX, "%lluh%02llum", (unsigned long long)s / 3600,
			 (unsigned long long)s / 60 % 60);
	else
		snprintf(text, UNITS_TEXT_MAX, "%llud%02lluh", (unsigned long long)s / 86400,
			 (unsigned long long)s / 3600 % 24);
	return text;
}

const char *units_micro(double us, char *text)
{
	if (isnan(us) || us == 0)
		snprintf(text, UNITS_TEXT_MAX, "-");
	else if (fabs(us) < 1000)
		snprintf(text, UNITS_TEXT_MAX, "%.0f us", us);
	else if (fabs(us) < 10e3)
		snprintf(text, UNITS_TEXT_MAX, "%.1f ms", us / 1e3);
	else if (fabs(us) < 10e6)
		snprintf(text, UNITS_TEXT_MAX, "%.0f ms", us / 1e3);
	else
		snprintf(text, UNITS_TEXT_MAX, "%.1f s", us / 1e6);
	return text;
}

static const char *time_text(uint64_t unix_ns, const char *format, char *text)
{
	time_t seconds = (time_t)(unix_ns / NS_PER_S);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, UNITS_TEXT_MAX, format, &utc);
	return text;
}

const char *units_utc(uint64_t unix_ns, char *text)
{
	return unix_ns ? time_text(unix_ns, "%Y-%m-%d %H:%M:%S", text) : strcpy(text, "-");
}

const char *units_iso(uint64_t unix_ns, char *text)
{
	return time_text(unix_ns, "%Y-%m-%dT%H:%M:%SZ", text);
}

const char *units_until(uint64_t unix_ns, uint64_t now_unix_ns, char *text)
{
	if (!unix_ns)
		return strcpy(text, "never");
	if (unix_ns <= now_unix_ns)
		return strcpy(text, "expired");
	return units_span(unix_ns - now_unix_ns, text);
}
