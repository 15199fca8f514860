/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/stack_names.h"

/* Names of stacks by their digests. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int names_make(void **state)
{
	*state = stack_names_new();
	return *state ? 0 : -1;
}

static int names_drop(void **state)
{
	stack_names_free(*state);
	return 0;
}

static void the_first_name_of_a_digest_stays(void **state)
{
	assert_int_equal(stack_names_put(*state, 7, "first"), 0);
	assert_int_equal(stack_names_put(*state, 7, "second"), 0);
	assert_string_equal(stack_names_get(*state, 7), "first");
	assert_null(stack_names_get(*state, 8));
	assert_null(stack_names_get(*state, 0));
	assert_int_equal(stack_names_put(*state, 0, "none"), -EINVAL);
}

#define MANY 20000

static int name_visit(uint64_t digest, const char *name, void *arg)
{
	size_t *next = arg;

	assert_int_equal(digest, stack_name_digest(name));
	assert_int_equal(strtoul(name, NULL, 10), (*next)++);
	return 0;
}

static void many_names_are_all_found_again(void **state)
{
	char name[16];
	size_t next = 0;

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(stack_names_put(*state, stack_name_digest(name), name), 0);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_string_equal(stack_names_get(*state, stack_name_digest(name)), name);
	}
	assert_int_equal(stack_names_each(*state, name_visit, &next), 0);
	assert_int_equal(next, MANY);
}

static void a_digest_is_never_zero_and_does_not_change(void **state)
{
	(void)state;
	assert_int_not_equal(stack_name_digest(""), 0);
	/* Recordings and ledgers hold these: FNV-1a of "a" is 0xaf63dc4c8601ec8c, then mixed. */
	assert_int_equal(stack_name_digest("a"), 0x82a2a958a9bece5bULL);
	assert_int_not_equal(stack_name_digest("ab"), stack_name_digest("ba"));
}

static void at_the_limit_known_names_stay_and_new_ones_are_refused(void **state)
{
	stack_names_limit(*state, 1);
	assert_int_equal(stack_names_put(*state, 7, "known"), 0);
	assert_int_equal(stack_names_put(*state, 8, "new"), -ENOSPC);
	assert_int_equal(stack_names_put(*state, 7, "known"), 0);
	assert_string_equal(stack_names_get(*state, 7), "known");
	assert_null(stack_names_get(*state, 8));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, names_make, names_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_name_of_a_digest_stays),
		TEST(many_names_are_all_found_again),
		TEST(a_digest_is_never_zero_and_does_not_change),
		TEST(at_the_limit_known_names_stay_and_new_ones_are_refused),
	};

	return cmocka_run_group_tests_name("stack_names", tests, NULL, NULL);
}
