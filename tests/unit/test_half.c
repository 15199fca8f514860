/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/half.h"

/* Sessions into sums, and what is no session. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_session_counts_once_whatever_its_length(void **state)
{
	struct half half = { 0 }, other = { 0 };
	struct session one = { .exchanges = 1, .up = 2 };
	struct session ten = { .exchanges = 10, .up = 40, .pauses = 9, .pause = 18 };

	(void)state;
	half_add_session(&half, &one);
	half_add_session(&other, &ten);
	half_merge(&half, &other);
	assert_int_equal(half.sessions, 2);
	assert_int_equal(half.exchanges, 11);
	assert_float_equal(moments_mean(&half.moments[FEATURE_UP]), 3, 1e-6);
	assert_float_equal(half.moments[FEATURE_PAUSE].n, 1, 0);
	assert_float_equal(moments_mean(&half.moments[FEATURE_PAUSE]), 2, 1e-6);
	half_halve(&half);
	assert_int_equal(half.sessions, 1);
	assert_float_equal(moments_mean(&half.moments[FEATURE_UP]), 3, 1e-6);
}

static void an_empty_session_is_none(void **state)
{
	struct half half = { 0 };
	struct session empty = { 0 };

	(void)state;
	half_add_session(&half, &empty);
	assert_int_equal(half.sessions, 0);
	assert_true(half_is_finite(&half));
	half.down_duration = INFINITY;
	assert_false(half_is_finite(&half));
}

static void every_feature_has_a_name(void **state)
{
	(void)state;
	for (int feature = 0; feature < FEATURE_MAX; feature++)
		assert_true(strlen(feature_name((enum feature)feature)) > 3);
	assert_string_equal(feature_name(FEATURE_MAX), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_counts_once_whatever_its_length),
		cmocka_unit_test(an_empty_session_is_none),
		cmocka_unit_test(every_feature_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
