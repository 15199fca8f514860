/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The control socket against clients that dawdle, babble, flood, hang up and do not listen. */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge/api.h"
#include "edge/api_connection.h"
#include "edge/log.h"

struct fixture {
	char dir[64];
	char path[96];
	struct api_server *server;
	unsigned answered;
	uint64_t kept_open;
};

/* echo answers with its arguments; keep stays open; large answers with a megabyte, huge with 65. */
static json_t *answer(const char *command, const json_t *args, const struct api_peer *peer,
		      uint64_t connection, void *arg)
{
	struct fixture *fixture = arg;

	fixture->answered++;
	if (!strcmp(command, "keep")) {
		fixture->kept_open = connection;
		api_server_keep_open(fixture->server, connection);
	}
	if (!strcmp(command, "refuse"))
		return json_pack("{s:b,s:i,s:s}", "ok", 0, "code", API_EXIT_USAGE, "error", "no");
	if (!strcmp(command, "large") || !strcmp(command, "huge")) {
		size_t size = !strcmp(command, "large") ? 1u << 20 : 65u << 20;
		char *text = malloc(size);
		json_t *result;

		memset(text, 'x', size - 1);
		text[size - 1] = 0;
		result = json_pack("{s:b,s:s}", "ok", 1, "result", text);
		free(text);
		return result;
	}
	return json_pack("{s:b,s:{s:i,s:O?}}", "ok", 1, "result", "uid", (int)peer->uid, "args",
			 args);
}

static int fixture_make(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	log_init(LOG_LEVEL_ERROR);
	strcpy(fixture->dir, "/tmp/weir-api.XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	snprintf(fixture->path, sizeof(fixture->path), "%s/weir.sock", fixture->dir);
	*state = fixture;
	return api_server_new(fixture->path, "", answer, fixture, &fixture->server);
}

static int fixture_clear(void **state)
{
	struct fixture *fixture = *state;

	api_server_free(fixture->server);
	rmdir(fixture->dir);
	free(fixture);
	return 0;
}

static int client_open(const struct fixture *fixture)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, fixture->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Lets the server work until nothing is left for it. */
static void work(struct fixture *fixture)
{
	for (int i = 0; i < 100000; i++) {
		struct pollfd ear = { .fd = api_server_fd(fixture->server), .events = POLLIN };

		if (poll(&ear, 1, 0) <= 0)
			return;
		api_server_work(fixture->server);
	}
	fail_msg("the server never comes to rest");
}

static void put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* One line, without its end; "" when the server hung up. */
static char *line_get(struct fixture *fixture, int fd)
{
	size_t size = 2u << 20, len = 0;
	char *line = calloc(1, size);

	while (len < size - 1) {
		ssize_t got = recv(fd, line + len, 1, MSG_DONTWAIT);

		if (got == 0)
			break;
		if (got < 0) {
			work(fixture);
			got = recv(fd, line + len, 1, MSG_DONTWAIT);
			if (got <= 0)
				break;
		}
		if (line[len] == '\n')
			break;
		len++;
	}
	line[len] = 0;
	return line;
}

static void assert_line_has(struct fixture *fixture, int fd, const char *part)
{
	char *line = line_get(fixture, fd);

	if (!strstr(line, part))
		fail_msg("'%.200s' has no '%s'", line, part);
	free(line);
}

static void a_request_is_answered_with_the_peers_uid(void **state)
{
	struct fixture *fixture = *state;
	char expected[32];
	int fd = client_open(fixture);

	snprintf(expected, sizeof(expected), "\"uid\":%u", (unsigned)getuid());
	put(fd, "{\"command\":\"echo\",\"args\":{\"a\":1}}\n");
	work(fixture);
	assert_line_has(fixture, fd, expected);
	close(fd);
}

static void a_request_may_come_byte_by_byte(void **state)
{
	static const char request[] = "{\"command\":\"echo\",\"args\":{\"a\":1}}\n";
	struct fixture *fixture = *state;
	int fd = client_open(fixture);

	for (size_t i = 0; request[i]; i++) {
		char one[] = { request[i], 0 };

		assert_int_equal(fixture->answered, 0);
		put(fd, one);
		work(fixture);
	}
	assert_int_equal(fixture->answered, 1);
	assert_line_has(fixture, fd, "\"a\":1");
	close(fd);
}

static void many_requests_in_one_write_are_answered_in_order(void **state)
{
	struct fixture *fixture = *state;
	int fd = client_open(fixture);
	char text[64];

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "{\"command\":\"echo\",\"args\":{\"n\":%d}}\n", i);
		put(fd, text);
	}
	work(fixture);
	assert_int_equal(fixture->answered, 100);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "\"n\":%d}", i);
		assert_line_has(fixture, fd, text);
	}
	close(fd);
}

static void one_call_of_work_answers_a_bounded_number(void **state)
{
	struct fixture *fixture = *state;
	int fd = client_open(fixture);

	work(fixture);
	for (int i = 0; i < 100; i++)
		put(fd, "{\"command\":\"echo\"}\n");
	api_server_work(fixture->server);
	assert_in_range(fixture->answered, 1, 16);
	work(fixture);
	assert_int_equal(fixture->answered, 100);
	close(fd);
}

static void garbage_is_refused_and_the_next_request_answered(void **state)
{
	static const char *const garbage[] = {
		"\n",
		"hello\n",
		"[]\n",
		"{}\n",
		"{\"command\":7}\n",
		"{\"command\":\"echo\",\"args\":[]}\n",
		"{\"command\":\"echo\",\"command\":\"echo\"}\n",
		"\xff\xfe\n",
	};
	struct fixture *fixture = *state;
	int fd = client_open(fixture);

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		put(fd, garbage[i]);
		work(fixture);
		assert_line_has(fixture, fd, "\"ok\":false");
	}
	assert_int_equal(fixture->answered, 0);
	put(fd, "{\"command\":\"echo\"}\n");
	work(fixture);
	assert_line_has(fixture, fd, "\"ok\":true");
	close(fd);
}

static void a_client_that_hangs_up_leaves_nothing_behind(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 300; i++) {
		int fd = client_open(fixture);

		put(fd, i % 2 ? "{\"command\":" : "{\"command\":\"large\"}\n");
		work(fixture);
		close(fd);
		work(fixture);
	}
	assert_int_equal(fixture->answered, 150);
}

static void too_many_clients_are_turned_away_and_come_back(void **state)
{
	struct fixture *fixture = *state;
	int fds[80];

	for (int i = 0; i < 80; i++) {
		fds[i] = client_open(fixture);
		work(fixture);
	}
	for (int i = 0; i < 80; i++)
		close(fds[i]);
	work(fixture);
	fds[0] = client_open(fixture);
	put(fds[0], "{\"command\":\"echo\"}\n");
	work(fixture);
	assert_line_has(fixture, fds[0], "\"ok\":true");
	close(fds[0]);
}

static void a_large_answer_waits_for_a_slow_reader(void **state)
{
	struct fixture *fixture = *state;
	int fd = client_open(fixture);
	char *line;

	put(fd, "{\"command\":\"large\"}\n");
	work(fixture);
	line = line_get(fixture, fd);
	assert_in_range(strlen(line), 1u << 20, (1u << 20) + 64);
	free(line);
	close(fd);
}

static void an_answer_that_is_too_large_is_refused_instead_of_kept(void **state)
{
	struct fixture *fixture = *state;
	int fd = client_open(fixture);

	put(fd, "{\"command\":\"huge\"}\n");
	work(fixture);
	assert_line_has(fixture, fd, "too large");
	put(fd, "{\"command\":\"echo\"}\n");
	work(fixture);
	assert_line_has(fixture, fd, "\"ok\":true");
	close(fd);
}

static void a_stream_drops_lines_for_who_does_not_read(void **state)
{
	struct fixture *fixture = *state;
	int fd = client_open(fixture);
	json_t *line = json_pack("{s:s}", "text", "some kilobytes of it would be better");
	size_t sent = 0;
	int error;

	put(fd, "{\"command\":\"keep\"}\n");
	work(fixture);
	do
		error = api_server_send(fixture->server, fixture->kept_open, line);
	while (!error && ++sent < 1u << 20);
	assert_int_equal(error, -EAGAIN);
	assert_true(sent * 40 > API_STREAM_BUFFER_MAX / 2);
	assert_true(api_server_has(fixture->server, fixture->kept_open));
	close(fd);
	work(fixture);
	assert_false(api_server_has(fixture->server, fixture->kept_open));
	assert_int_equal(api_server_send(fixture->server, fixture->kept_open, line), -EPIPE);
	json_decref(line);
}

static void the_socket_is_for_root_alone_without_a_group(void **state)
{
	struct fixture *fixture = *state;
	struct stat stat_of;

	assert_int_equal(stat(fixture->path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	assert_true(api_is_served(fixture->path));
}

/* The client's end blocks, so the server runs in a child. */
static void a_client_gets_its_answer_and_the_refusals_code(void **state)
{
	struct fixture *fixture = *state;
	json_t *got = NULL;
	pid_t child = fork();

	if (!child) {
		for (;;) {
			struct pollfd ear = { .fd = api_server_fd(fixture->server),
					      .events = POLLIN };

			poll(&ear, 1, 1000);
			api_server_work(fixture->server);
		}
	}
	assert_int_equal(api_call(fixture->path, "large", NULL, &got), API_EXIT_OK);
	json_decref(got);
	got = NULL;
	assert_int_equal(api_call(fixture->path, "refuse", NULL, &got), API_EXIT_USAGE);
	json_decref(got);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void without_a_daemon_the_code_is_unreachable(void **state)
{
	json_t *got = NULL;

	(void)state;
	assert_int_equal(api_call("/tmp/weir-api.none/weir.sock", "echo", NULL, &got),
			 API_EXIT_UNREACHABLE);
	assert_null(got);
	assert_false(api_is_served("/tmp/weir-api.none/weir.sock"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_make, fixture_clear)
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered_with_the_peers_uid),
		TEST(a_request_may_come_byte_by_byte),
		TEST(many_requests_in_one_write_are_answered_in_order),
		TEST(one_call_of_work_answers_a_bounded_number),
		TEST(garbage_is_refused_and_the_next_request_answered),
		TEST(a_client_that_hangs_up_leaves_nothing_behind),
		TEST(too_many_clients_are_turned_away_and_come_back),
		TEST(a_large_answer_waits_for_a_slow_reader),
		TEST(an_answer_that_is_too_large_is_refused_instead_of_kept),
		TEST(a_stream_drops_lines_for_who_does_not_read),
		TEST(the_socket_is_for_root_alone_without_a_group),
		TEST(a_client_gets_its_answer_and_the_refusals_code),
		cmocka_unit_test(without_a_daemon_the_code_is_unreachable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
