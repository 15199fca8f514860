/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/stats.h"

/* Statistics against values from textbooks and from other software. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEAR 1e-5

static void moments_give_mean_and_spread(void **state)
{
	struct moments moments = { 0 }, other = { 0 };

	(void)state;
	assert_float_equal(moments_mean(&moments), 0, 0);
	for (int i = 1; i <= 4; i++)
		moments_add(i <= 2 ? &moments : &other, i);
	moments_merge(&moments, &other);
	assert_float_equal(moments_mean(&moments), 2.5, NEAR);
	assert_float_equal(moments_spread(&moments), 5, NEAR);
	moments_halve(&moments);
	assert_float_equal(moments_mean(&moments), 2.5, NEAR);
	assert_float_equal(moments_spread(&moments), 2.5, NEAR);
}

/* R: summary(aov(c(6,8,4,5,3,4, 8,12,9,11,6,8, 13,9,11,8,7,12) ~ gl(3,6))): F = 9.3 */
static void anova_agrees_with_the_textbook(void **state)
{
	static const double groups[3][6] = {
		{ 6, 8, 4, 5, 3, 4 },
		{ 8, 12, 9, 11, 6, 8 },
		{ 13, 9, 11, 8, 7, 12 },
	};
	struct anova anova = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct moments moments = { 0 };

		for (int j = 0; j < 6; j++)
			moments_add(&moments, groups[i][j]);
		anova_add(&anova, &moments);
	}
	assert_float_equal(anova_f(&anova), 9.264706, 1e-4);
	assert_float_equal(anova_within(&anova), 68.0 / 15, 1e-4);
	assert_float_equal(anova_df_between(&anova), 2, 0);
	assert_float_equal(anova_df_within(&anova), 15, 0);
	assert_float_equal(anova_n0(&anova), 6, NEAR);
	assert_float_equal(anova_between_sd(&anova), sqrt((42 - 68.0 / 15) / 6), 1e-4);
}

static void anova_of_nothing_says_nothing(void **state)
{
	struct anova anova = { 0 };
	struct moments moments = { 0 };

	(void)state;
	assert_float_equal(anova_f(&anova), 1, 0);
	assert_float_equal(anova_between_sd(&anova), 0, 0);
	anova_add(&anova, &moments);
	moments_add(&moments, 3);
	anova_add(&anova, &moments);
	assert_float_equal(anova_f(&anova), 1, 0);
	assert_float_equal(anova_n0(&anova), 0, 0);
}

static void densities_agree_with_tables(void **state)
{
	(void)state;
	assert_float_equal(exp(stats_log_normal(0, 0, 1)), 0.3989423, NEAR);
	assert_float_equal(exp(stats_log_normal(3, 1, 2)), 0.1209854, NEAR);
	/* dt(2, 5) = 0.06509031; dt(0, 1) = 1 / pi */
	assert_float_equal(exp(stats_log_student(2, 0, 1, 5)), 0.06509031, NEAR);
	assert_float_equal(exp(stats_log_student(0, 0, 1, 1)), 1 / M_PI, NEAR);
	assert_float_equal(exp(stats_log_student(5, 1, 2, 5)), 0.06509031 / 2, NEAR);
}

static void decibans_and_ratios_are_inverse(void **state)
{
	(void)state;
	assert_float_equal(stats_db(100), 20, NEAR);
	assert_float_equal(stats_ratio(30), 1000, 1e-3);
	assert_float_equal(stats_db(0), -300, 0);
	assert_float_equal(stats_db(-1), -300, 0);
	assert_float_equal(stats_db(NAN), -300, 0);
}

static void log_sums_do_not_overflow(void **state)
{
	const double logs[] = { 1000, 1000 };

	(void)state;
	assert_float_equal(stats_log_sum(logs, 2), 1000 + log(2), 1e-9);
	assert_true(stats_log_sum(logs, 0) < -1e300);
}

static void quantiles_interpolate(void **state)
{
	double values[] = { 4, 1, 3, 2 }, many[] = { 1, 2, 3, 4, 100 };

	(void)state;
	assert_float_equal(stats_quantile(values, 4, 0.5), 2.5, NEAR);
	assert_float_equal(stats_quantile(values, 4, 0), 1, NEAR);
	assert_float_equal(stats_quantile(values, 4, 1), 4, NEAR);
	assert_float_equal(stats_quantile(values, 0, 0.5), 0, 0);
	assert_float_equal(stats_robust_sd(many, 5), 1.4826, NEAR);
}

static void an_excess_counts_only_above_its_base(void **state)
{
	(void)state;
	assert_float_equal(stats_excess(3, 4), 0, 0);
	assert_float_equal(stats_excess(4, 0), 0, 0);
	assert_float_equal(stats_excess(30, 4), 30 * log(7.5) - 26, NEAR);
}

static void the_mixer_depends_on_every_bit_of_key_and_value(void **state)
{
	(void)state;
	for (int bit = 0; bit < 64; bit++) {
		uint64_t one = 1ULL << bit;
		int by_value = __builtin_popcountll(stats_mix(1, 5) ^ stats_mix(1, 5 ^ one));
		int by_key = __builtin_popcountll(stats_mix(9, 5) ^ stats_mix(9 ^ one, 5));

		assert_in_range(by_value, 12, 52);
		assert_in_range(by_key, 12, 52);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_give_mean_and_spread),
		cmocka_unit_test(anova_agrees_with_the_textbook),
		cmocka_unit_test(anova_of_nothing_says_nothing),
		cmocka_unit_test(densities_agree_with_tables),
		cmocka_unit_test(decibans_and_ratios_are_inverse),
		cmocka_unit_test(log_sums_do_not_overflow),
		cmocka_unit_test(quantiles_interpolate),
		cmocka_unit_test(an_excess_counts_only_above_its_base),
		cmocka_unit_test(the_mixer_depends_on_every_bit_of_key_and_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
