/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns Unix time into UTC text and back by the proleptic Gregorian calendar alone: no time zone file is read. */

#include "core/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S 1000000000ULL
#define S_PER_DAY 86400ULL
#define DAYS_PER_ERA 146097 /* 400 years */
#define EPOCH_DAY 719468    /* 1970-01-01 counted from 0000-03-01 */
#define YEAR_MAX 2554	    /* where 64 bits of nanoseconds end */

struct day {
	unsigned year, month, day;
};

/* The year is taken to begin in March, so that the leap day is its last. */
static struct day day_of(uint64_t unix_days)
{
	uint64_t days = unix_days + EPOCH_DAY;
	unsigned era = (unsigned)(days / DAYS_PER_ERA);
	unsigned in_era = (unsigned)(days % DAYS_PER_ERA);
	unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * in_year + 2) / 153;
	struct day day = { .year = year + era * 400,
			   .month = month < 10 ? month + 3 : month - 9,
			   .day = in_year - (153 * month + 2) / 5 + 1 };

	day.year += day.month <= 2;
	return day;
}

static uint64_t unix_days(const struct day *day)
{
	unsigned year = day->year - (day->month <= 2);
	unsigned month = day->month > 2 ? day->month - 3 : day->month + 9;
	unsigned in_year = (153 * month + 2) / 5 + day->day - 1;
	unsigned in_era = year % 400;

	return (uint64_t)(year / 400) * DAYS_PER_ERA + in_era * 365 + in_era / 4 - in_era / 100 +
	       in_year - EPOCH_DAY;
}

void utc_format(uint64_t unix_ns, char text[UTC_TEXT_MAX])
{
	uint64_t seconds = unix_ns / NS_PER_S;
	struct day day = day_of(seconds / S_PER_DAY);
	unsigned second = (unsigned)(seconds % S_PER_DAY);
	char fraction[16] = "";
	size_t len = 0;

	if (unix_ns % NS_PER_S)
		len = (size_t)snprintf(fraction, sizeof(fraction), ".%09u",
				       (unsigned)(unix_ns % NS_PER_S));
	while (len && fraction[len - 1] == '0')
		fraction[--len] = '\0';
	/* Reduced again, so that the compiler sees that it fits. */
	snprintf(text, UTC_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u%sZ", day.year % 10000,
		 day.month % 100, day.day % 100, second / 3600 % 24, second / 60 % 60, second % 60,
		 fraction);
}

/* Reads digits of text and what must follow them. */
static bool digits_take(const char **text, unsigned count, char behind, unsigned *out)
{
	*out = 0;
	for (; count; count--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*out = *out * 10 + (unsigned)(**text - '0');
	}
	return !behind || *(*text)++ == behind;
}

static bool fraction_take(const char **text, uint64_t *ns)
{
	uint64_t unit = NS_PER_S / 10;

	*ns = 0;
	if (**text != '.')
		return true;
	for ((*text)++; **text >= '0' && **text <= '9'; (*text)++, unit /= 10) {
		if (!unit)
			return false;
		*ns += unit * (uint64_t)(**text - '0');
	}
	return unit != NS_PER_S / 10;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

int utc_parse(const char *text, uint64_t *unix_ns)
{
	struct day day;
	unsigned hour, minute, second;
	uint64_t fraction, seconds, ns;

	if (!digits_take(&text, 4, '-', &day.year) || !digits_take(&text, 2, '-', &day.month) ||
	    !digits_take(&text, 2, 'T', &day.day) || !digits_take(&text, 2, ':', &hour) ||
	    !digits_take(&text, 2, ':', &minute) || !digits_take(&text, 2, '\0', &second) ||
	    !fraction_take(&text, &fraction) || strcmp(text, "Z") != 0)
		return -EINVAL;
	if (day.year < 1970 || day.year > YEAR_MAX || !day.month || day.month > 12 || !day.day ||
	    day.day > month_days(day.year, day.month) || hour > 23 || minute > 59 || second > 59)
		return -EINVAL;
	seconds = unix_days(&day) * S_PER_DAY + hour * 3600 + minute * 60 + second;
	if (__builtin_mul_overflow(seconds, NS_PER_S, &ns) ||
	    __builtin_add_overflow(ns, fraction, &ns))
		return -EINVAL;
	*unix_ns = ns;
	return 0;
}
