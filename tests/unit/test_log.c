/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Lines on standard error: whole, levelled, and never forged. */

#include "edge/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CAUGHT_MAX 16384

static char caught[CAUGHT_MAX];
static int saved_fd = -1, pipe_fds[2];

/* Standard error goes into a pipe, which is large enough for what these tests say. */
static void catch_begin(void)
{
	fflush(stderr);
	assert_int_equal(pipe(pipe_fds), 0);
	saved_fd = dup(STDERR_FILENO);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[1]);
}

static void catch_end(void)
{
	ssize_t len;

	dup2(saved_fd, STDERR_FILENO);
	close(saved_fd);
	len = read(pipe_fds[0], caught, sizeof(caught) - 1);
	caught[len > 0 ? len : 0] = '\0';
	close(pipe_fds[0]);
}

static int libbpf_says(const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = log_libbpf(0, format, args);
	va_end(args);
	return result;
}

static void levels_below_the_chosen_one_are_silent(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_init(LOG_LEVEL_WARNING);
	catch_begin();
	log_debug("one");
	log_info("two");
	log_warning("three is %d", 3);
	log_error("four");
	catch_end();
	assert_string_equal(caught, "weir: warning: three is 3\nweir: error: four\n");
	assert_string_equal(log_last_error(), "four");
}

static void the_journal_gets_priorities(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_init(LOG_LEVEL_DEBUG);
	catch_begin();
	log_debug("a");
	log_info("b");
	log_warning("c");
	log_error("d");
	catch_end();
	unsetenv("JOURNAL_STREAM");
	log_init(LOG_LEVEL_INFO);
	assert_string_equal(caught, "<7>a\n<6>b\n<4>c\n<3>d\n");
}

static void line_ends_and_control_characters_cannot_forge_a_line(void **state)
{
	(void)state;
	log_init(LOG_LEVEL_INFO);
	catch_begin();
	log_info("name %s", "x\nweir: error: forged\x1b[2J\n");
	catch_end();
	assert_string_equal(caught, "weir: name x weir: error: forged [2J\n");
}

static void a_line_too_long_is_cut_and_still_a_line(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_init(LOG_LEVEL_INFO);
	catch_begin();
	log_info("%s", text);
	catch_end();
	assert_in_range(strlen(caught), 1000, 2100);
	assert_int_equal(caught[strlen(caught) - 1], '\n');
}

static void errno_outlives_a_log_line(void **state)
{
	(void)state;
	log_init(LOG_LEVEL_INFO);
	catch_begin();
	errno = ENOSPC;
	log_info("a line");
	assert_int_equal(errno, ENOSPC);
	catch_end();
}

static void libbpf_speaks_at_debug_level_alone(void **state)
{
	(void)state;
	log_init(LOG_LEVEL_INFO);
	catch_begin();
	libbpf_says("libbpf: a probe failed\n");
	catch_end();
	assert_string_equal(caught, "");
	log_init(LOG_LEVEL_DEBUG);
	catch_begin();
	libbpf_says("libbpf: %s\n", "a probe failed");
	catch_end();
	log_init(LOG_LEVEL_INFO);
	assert_string_equal(caught, "weir: debug: libbpf: a probe failed\n");
}

static void of_a_verifier_s_log_the_end_is_shown(void **state)
{
	char *text = calloc(1, 20000), *at = text;

	(void)state;
	for (int i = 0; i < 1000; i++)
		at += sprintf(at, "insn %d\n", i);
	strcpy(at, "R4 invalid zero-sized read\n");
	log_init(LOG_LEVEL_DEBUG);
	catch_begin();
	libbpf_says("%s", text);
	catch_end();
	log_init(LOG_LEVEL_INFO);
	free(text);
	assert_non_null(strstr(caught, "weir: debug: R4 invalid zero-sized read\n"));
	assert_non_null(strstr(caught, "weir: debug: insn 999\n"));
	assert_null(strstr(caught, "insn 900\n"));
}

static void a_level_is_known_by_its_name(void **state)
{
	(void)state;
	assert_int_equal(log_level_parse("debug"), LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("error"), LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("loud"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_below_the_chosen_one_are_silent),
		cmocka_unit_test(the_journal_gets_priorities),
		cmocka_unit_test(line_ends_and_control_characters_cannot_forge_a_line),
		cmocka_unit_test(a_line_too_long_is_cut_and_still_a_line),
		cmocka_unit_test(errno_outlives_a_log_line),
		cmocka_unit_test(libbpf_speaks_at_debug_level_alone),
		cmocka_unit_test(of_a_verifier_s_log_the_end_is_shown),
		cmocka_unit_test(a_level_is_known_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
