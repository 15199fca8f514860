/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/intern.h"

/* Interned strings: one copy, counted users, nothing left behind. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct intern_pool pool;

static void equal_texts_are_one_copy(void **state)
{
	char own[] = "a list";
	const char *first = intern_take(&pool, own), *second;

	(void)state;
	own[0] = 'A';
	second = intern_take(&pool, "a list");
	assert_ptr_equal(first, second);
	assert_string_equal(first, "a list");
	assert_ptr_not_equal(first, intern_take(&pool, own));
	assert_string_equal(intern_take(&pool, NULL), "");
	assert_ptr_equal(intern_find(&pool, ""), intern_find(&pool, NULL));
	intern_pool_clear(&pool);
}

static void the_last_user_takes_the_copy_along(void **state)
{
	const char *text = intern_take(&pool, "a list");

	(void)state;
	intern_take(&pool, "a list");
	intern_heads(text)[2] = 7;
	intern_drop(&pool, text);
	assert_ptr_equal(intern_find(&pool, "a list"), text);
	assert_int_equal(intern_heads(text)[2], 7);
	intern_drop(&pool, text);
	assert_null(intern_find(&pool, "a list"));
	assert_int_equal(pool.count, 0);
	intern_pool_clear(&pool);
	assert_null(intern_find(&pool, "a list"));
}

/* Probing without tombstones: what is dropped from the middle must not hide what stands behind it. */
static void thousands_come_and_go_in_any_order(void **state)
{
	const char *texts[3000];
	char text[32];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "list %d", i);
		texts[i] = intern_take(&pool, text);
	}
	for (int step = 0; step < 3; step++)
		for (int i = step; i < 3000; i += 3) {
			snprintf(text, sizeof(text), "list %d", i);
			assert_ptr_equal(intern_find(&pool, text), texts[i]);
			intern_drop(&pool, texts[i]);
			assert_null(intern_find(&pool, text));
		}
	assert_int_equal(pool.count, 0);
	intern_pool_clear(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_texts_are_one_copy),
		cmocka_unit_test(the_last_user_takes_the_copy_along),
		cmocka_unit_test(thousands_come_and_go_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
