/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/recording.h"

/* Exchange logs: what is written is read, what is broken is said, what was cut off gives its whole part. */

#include <errno.h>

#include <zlib.h>

#include "scratch.h"

#include "core/wx.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define EXCHANGES 500
#define JA4 "t13d1516h2_8daaf6152771_b186095e22b6"
#define SYN "4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0"

static char path[SCRATCH_PATH_MAX];
static char gzipped[SCRATCH_PATH_MAX];
static struct stack_names *names;

static int dir_make(void **state)
{
	int error = scratch_make(state);

	snprintf(path, sizeof(path), "%s/log", scratch_dir);
	snprintf(gzipped, sizeof(gzipped), "%s/log.gz", scratch_dir);
	names = stack_names_new();
	return error || !names ? -1 : 0;
}

static int dir_remove(void **state)
{
	stack_names_free(names);
	return scratch_remove(state);
}

/* The i-th exchange; every field differs from its neighbours'. */
static struct exchange exchange_of(unsigned i)
{
	struct exchange exchange = {
		.time_unix_ns = 1700000000000000000ULL + i,
		.bytes_up = 1000 + i,
		.bytes_down = 1ULL << 40 | i,
		.connection = 7000000000ULL + i,
		.syn_stack = stack_name_digest(SYN),
		.ja4_stack = i % 2 ? stack_name_digest(JA4) : 0x1234,
		.account = i + 1,
		.duration_us = 10 + i,
		.tcp_rtt_us = 20 + i,
		.tls_rtt_us = 30 + i,
		.server_port = 443,
		.syn_ttl = (uint8_t)(40 + i % 20),
	};
	char source[64];

	snprintf(source, sizeof(source), i % 3 ? "192.0.%u.%u" : "2001:db8:%x:%x::/64", i / 256,
		 i % 256);
	assert_int_equal(net_parse(source, &exchange.source), 0);
	return exchange;
}

static void names_fill(void)
{
	assert_int_equal(stack_names_put(names, stack_name_digest(SYN), SYN), 0);
	assert_int_equal(stack_names_put(names, stack_name_digest(JA4), JA4), 0);
}

static void log_write(const char *name, enum recording_format format, bool is_anonymised)
{
	struct recording_writer *writer;

	names_fill();
	assert_int_equal(recording_create(name, format, is_anonymised, &writer), 0);
	for (unsigned i = 0; i < EXCHANGES; i++) {
		struct exchange exchange = exchange_of(i);

		assert_int_equal(recording_write(writer, &exchange, names), 0);
	}
	assert_int_equal(recording_finish(writer), 0);
}

/* Their rows and flags are compared: structs have padding. */
static void assert_exchange(const struct exchange *got, unsigned i)
{
	struct exchange want = exchange_of(i);
	char got_row[EXCHANGE_LINE_MAX], want_row[EXCHANGE_LINE_MAX];

	assert_true(exchange_format_csv(got, NULL, got_row, sizeof(got_row)) > 0);
	assert_true(exchange_format_csv(&want, NULL, want_row, sizeof(want_row)) > 0);
	assert_string_equal(got_row, want_row);
	assert_int_equal(got->flags, want.flags);
	assert_int_equal(got->syn_ttl, want.syn_ttl);
}

/* Reads all; every exchange must be as written. Returns the number read, *end what came behind them. */
static unsigned log_read(const char *name, int *end)
{
	struct stack_names *read_names = stack_names_new();
	struct recording *recording;
	struct exchange exchange;
	unsigned count = 0;

	assert_non_null(read_names);
	*end = recording_open(name, read_names, &recording);
	if (*end) {
		stack_names_free(read_names);
		return 0;
	}
	while ((*end = recording_next(recording, &exchange)) == 1)
		assert_exchange(&exchange, count++);
	if (count > 1) {
		assert_string_equal(stack_names_get(read_names, stack_name_digest(SYN)), SYN);
		assert_string_equal(stack_names_get(read_names, stack_name_digest(JA4)), JA4);
	}
	recording_close(recording);
	stack_names_free(read_names);
	return count;
}

static void what_is_written_is_read_in_both_formats_gzipped_or_not(void **state)
{
	static const enum recording_format formats[] = { RECORDING_CSV, RECORDING_WX };
	int end;

	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		uint8_t head[2];

		log_write(path, formats[i], false);
		assert_int_equal(log_read(path, &end), EXCHANGES);
		assert_int_equal(end, 0);
		log_write(gzipped, formats[i], false);
		assert_int_equal(scratch_read(gzipped, head, sizeof(head)), 2);
		assert_int_equal(head[0] << 8 | head[1], 0x1f8b);
		assert_int_equal(log_read(gzipped, &end), EXCHANGES);
		assert_int_equal(end, 0);
	}
}

static void nobody_else_may_read_a_recording(void **state)
{
	struct stat st;
	mode_t before = umask(0);

	(void)state;
	log_write(path, RECORDING_CSV, false);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_binary_recording_keeps_that_an_exchange_is_a_lower_bound(void **state)
{
	struct exchange exchange = exchange_of(1), got;
	struct recording_writer *writer;
	struct recording *recording;

	(void)state;
	exchange.flags = EXCHANGE_LOWER_BOUND;
	assert_int_equal(recording_create(path, RECORDING_WX, false, &writer), 0);
	assert_int_equal(recording_write(writer, &exchange, NULL), 0);
	assert_int_equal(recording_finish(writer), 0);
	assert_int_equal(recording_open(path, names, &recording), 0);
	assert_int_equal(recording_next(recording, &got), 1);
	assert_int_equal(got.flags, EXCHANGE_LOWER_BOUND);
	recording_close(recording);
}

static void standard_input_is_read(void **state)
{
	int end, status;
	pid_t child;

	(void)state;
	log_write(path, RECORDING_CSV, false);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		int fd = open(path, O_RDONLY);

		dup2(fd, STDIN_FILENO);
		close(fd);
		_exit(log_read("-", &end) == EXCHANGES && end == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void the_header_line_must_be_there(void **state)
{
	static const char *const texts[] = { "", "\n", "time_ns,source\n5,192.0.2.1\n",
					     "5,192.0.2.7,,,,,,,,,,\n" };
	struct recording *recording = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		scratch_write(path, texts[i], strlen(texts[i]));
		assert_int_equal(recording_open(path, names, &recording), -EINVAL);
		assert_null(recording);
	}
	assert_int_equal(recording_open("/tmp/weir-no-such-file", names, &recording), -ENOENT);
	assert_int_equal(recording_open(scratch_dir, names, &recording), -EISDIR);
}

static void a_broken_row_is_refused_and_the_next_is_read(void **state)
{
	struct recording *recording;
	struct exchange exchange;
	char text[4096];
	int len;

	(void)state;
	len = snprintf(text, sizeof(text),
		       "\xef\xbb\xbf%s\r\n5,192.0.2.7,,,,,,,,,,\r\n\r\nbroken\n"
		       "6,192.0.2.7,,,,,,,,%01500d,,\n7,192.0.2.7,,,,,,,,,,%c\n"
		       "8,192.0.2.7,,,,,,,,,,",
		       exchange_csv_header, 1, 0);
	scratch_write(path, text, (size_t)len);
	assert_int_equal(recording_open(path, names, &recording), 0);
	assert_int_equal(recording_next(recording, &exchange), 1);
	assert_int_equal(exchange.time_unix_ns, 5);
	for (int i = 0; i < 3; i++)
		assert_int_equal(recording_next(recording, &exchange), -EINVAL);
	assert_int_equal(recording_next(recording, &exchange), 1);
	assert_int_equal(exchange.time_unix_ns, 8);
	assert_int_equal(recording_next(recording, &exchange), 0);
	assert_int_equal(recording_next(recording, &exchange), 0);
	recording_close(recording);
}

static void a_binary_recording_cut_anywhere_gives_its_whole_exchanges_and_an_error(void **state)
{
	static uint8_t whole[1 << 20];
	const size_t record = WX_RECORD_HEAD_LEN + 8 + sizeof(struct weir_exchange);
	size_t len;

	(void)state;
	log_write(path, RECORDING_WX, false);
	len = scratch_read(path, whole, sizeof(whole));
	for (size_t cut = 8; cut < len; cut += cut < 600 ? 1 : 97) {
		unsigned count;
		int end;

		scratch_write(path, whole, cut);
		count = log_read(path, &end);
		assert_int_equal(end, -EINVAL);
		/* What is missing is at most the last exchange and the two names. */
		assert_true(count * record <= cut);
		assert_true((count + 1) * record + 200 >= cut);
	}
}

static void gzip_data_cut_short_or_damaged_are_an_error(void **state)
{
	static uint8_t whole[1 << 20];
	size_t len;
	int end;

	(void)state;
	log_write(gzipped, RECORDING_CSV, false);
	len = scratch_read(gzipped, whole, sizeof(whole));
	scratch_write(path, whole, len - 5);
	assert_int_equal(log_read(path, &end), EXCHANGES);
	assert_int_equal(end, -EINVAL);
	scratch_write(path, whole, len / 2);
	assert_in_range(log_read(path, &end), 1, EXCHANGES - 1);
	assert_int_equal(end, -EINVAL);
	whole[len - 6] ^= 1; /* of the checksum */
	scratch_write(path, whole, len);
	log_read(path, &end);
	assert_int_equal(end, -EINVAL);
}

static void another_version_is_refused(void **state)
{
	static const size_t offsets[] = { offsetof(struct wx_header, format_version),
					  offsetof(struct wx_header, abi_version),
					  offsetof(struct wx_header, exchange_bytes) };
	static uint8_t whole[1 << 20];
	struct recording *recording = NULL;
	size_t len;

	(void)state;
	log_write(path, RECORDING_WX, false);
	len = scratch_read(path, whole, sizeof(whole));
	for (size_t i = 0; i < COUNT(offsets); i++) {
		whole[offsets[i]]++;
		scratch_write(path, whole, len);
		assert_int_equal(recording_open(path, names, &recording), -EINVAL);
		assert_null(recording);
		whole[offsets[i]]--;
	}
}

static void a_missing_exchange_is_noticed_at_the_end(void **state)
{
	static uint8_t whole[1 << 20];
	const size_t record = WX_RECORD_HEAD_LEN + 8 + sizeof(struct weir_exchange);
	size_t len;
	int end;

	(void)state;
	log_write(path, RECORDING_WX, false);
	len = scratch_read(path, whole, sizeof(whole));
	/* Without the exchange before the end record. */
	memmove(whole + len - 12 - record, whole + len - 12, 12);
	scratch_write(path, whole, len - record);
	assert_int_equal(log_read(path, &end), EXCHANGES - 1);
	assert_int_equal(end, -EINVAL);
}

/* Sources of a log in their order. */
static size_t sources_read(struct net *sources, struct exchange *first)
{
	struct recording *recording;
	struct exchange exchange;
	size_t count = 0;

	assert_int_equal(recording_open(path, names, &recording), 0);
	while (recording_next(recording, &exchange) == 1) {
		if (!count)
			*first = exchange;
		sources[count++] = exchange.source;
	}
	recording_close(recording);
	return count;
}

static void anonymised_logs_hide_addresses_alike_within_a_log_and_not_between_two(void **state)
{
	static struct net real[EXCHANGES], first[EXCHANGES], second[EXCHANGES];
	struct exchange plain, one, two;
	size_t same = 0;

	(void)state;
	log_write(path, RECORDING_CSV, false);
	assert_int_equal(sources_read(real, &plain), EXCHANGES);
	log_write(path, RECORDING_CSV, true);
	assert_int_equal(sources_read(first, &one), EXCHANGES);
	log_write(path, RECORDING_WX, true);
	assert_int_equal(sources_read(second, &two), EXCHANGES);
	for (size_t i = 0; i < EXCHANGES; i++) {
		same += !net_compare(&real[i], &first[i]) + !net_compare(&first[i], &second[i]);
		assert_int_equal(net_is_ipv4(&real[i]), net_is_ipv4(&first[i]));
		assert_int_equal(real[i].prefix_len, first[i].prefix_len);
	}
	/* Neighbours of a /16: one in 65536 pseudonyms meets its address. */
	assert_in_range(same, 0, 5);
	assert_int_not_equal(one.account, plain.account);
	assert_int_not_equal(one.connection, plain.connection);
	assert_int_not_equal(one.account, two.account);
	assert_int_equal(one.bytes_up, plain.bytes_up);
}

static void a_full_disk_is_said(void **state)
{
	struct recording_writer *writer;
	struct exchange exchange = exchange_of(1);
	int error = 0;

	(void)state;
	if (access("/dev/full", W_OK))
		skip();
	assert_int_equal(recording_create("/dev/full", RECORDING_CSV, false, &writer), 0);
	assert_int_equal(recording_write(writer, &exchange, NULL), 0);
	error = recording_flush(writer);
	assert_int_equal(error, -ENOSPC);
	assert_int_equal(recording_finish(writer), -ENOSPC);
	assert_int_equal(recording_create("/tmp/weir-no-such-directory/x", RECORDING_WX, false,
					  &writer),
			 -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, dir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_in_both_formats_gzipped_or_not),
		TEST(nobody_else_may_read_a_recording),
		TEST(a_binary_recording_keeps_that_an_exchange_is_a_lower_bound),
		TEST(standard_input_is_read),
		TEST(the_header_line_must_be_there),
		TEST(a_broken_row_is_refused_and_the_next_is_read),
		TEST(a_binary_recording_cut_anywhere_gives_its_whole_exchanges_and_an_error),
		TEST(gzip_data_cut_short_or_damaged_are_an_error),
		TEST(another_version_is_refused),
		TEST(a_missing_exchange_is_noticed_at_the_end),
		TEST(anonymised_logs_hide_addresses_alike_within_a_log_and_not_between_two),
		TEST(a_full_disk_is_said),
	};

	return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
