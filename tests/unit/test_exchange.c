/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/exchange.h"

/* Rows of the exchange log: what they mean, what is refused, and that they come out as they went in. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LINUX_NAME "4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0"
#define ROW_FULL                                                                                   \
	"1700000000123456789,192.0.2.7,443,1200,3400,56000,"                                       \
	"\"4:57+7:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0\","                                   \
	"t13d1516h2_8daaf6152771_b186095e22b6,21000,63000,42,#00000000000000ff"

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

static int parse(const char *text, struct stack_names *names, struct exchange *out,
		 const char **why)
{
	char line[EXCHANGE_LINE_MAX * 2];

	snprintf(line, sizeof(line), "%s", text);
	return exchange_parse_csv(line, names, out, why);
}

static struct exchange exchange_of(const char *text, struct stack_names *names)
{
	struct exchange exchange;
	const char *why;

	if (parse(text, names, &exchange, &why))
		fail_msg("%s: %s", text, why);
	return exchange;
}

static void every_column_of_a_row_is_read(void **state)
{
	struct exchange exchange = exchange_of(ROW_FULL, *state);
	char source[NET_TEXT_MAX];

	net_format(&exchange.source, source);
	assert_int_equal(exchange.time_unix_ns, 1700000000123456789ULL);
	assert_string_equal(source, "192.0.2.7");
	assert_int_equal(exchange.server_port, 443);
	assert_int_equal(exchange.bytes_up, 1200);
	assert_int_equal(exchange.bytes_down, 3400);
	assert_int_equal(exchange.duration_us, 56000);
	assert_int_equal(exchange.syn_ttl, 57);
	assert_int_equal(exchange.tcp_rtt_us, 21000);
	assert_int_equal(exchange.tls_rtt_us, 63000);
	assert_int_equal(exchange.connection, 42);
	assert_int_equal(exchange.account, 255);
	assert_string_equal(stack_names_get(*state, exchange.syn_stack), LINUX_NAME);
	assert_string_equal(stack_names_get(*state, exchange.ja4_stack),
			    "t13d1516h2_8daaf6152771_b186095e22b6");
}

static void an_empty_field_is_unknown(void **state)
{
	struct exchange exchange = exchange_of("5,2001:db8::/64,,,,,,,,,,", *state);
	char line[EXCHANGE_LINE_MAX];

	assert_int_equal(exchange.source.prefix_len, 64);
	assert_true(exchange_format_csv(&exchange, *state, line, sizeof(line)) > 0);
	assert_string_equal(line, "5,2001:db8::/64,,0,0,0,,,,,,");
	assert_int_equal(exchange.syn_ttl, 0);
	assert_int_equal(exchange.flags, 0);
}

static void a_row_comes_out_as_it_went_in(void **state)
{
	static const char *const rows[] = {
		ROW_FULL,
		"0,192.0.2.7,,0,0,0,,,,,,",
		"18446744073709551615,2001:db8:1:2::/64,65535,18446744073709551615,"
		"18446744073709551615,4294967295,,,4294967295,4294967295,18446744073709551615,",
		"5,192.0.2.7,443,1,1,1,#0123456789abcdef,#fedcba9876543210,,,1,",
		"5,192.0.2.7,443,1,1,1,\"4:150+?:0:1460:mss*44,7:mss:df:0\",,,,1,",
		"5,192.0.2.7,443,1,1,1,\"4:64:0:1460:mss*44,7:mss:df:0\",,,,1,",
		"5,192.0.2.7,443,1,1,1,,\"a,\"\"b\"\"\",,,1,",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct exchange exchange = exchange_of(rows[i], *state);
		char line[EXCHANGE_LINE_MAX];
		int len = exchange_format_csv(&exchange, *state, line, sizeof(line));

		assert_string_equal(line, rows[i]);
		assert_int_equal(len, strlen(rows[i]));
		assert_int_equal(exchange_format_csv(&exchange, *state, line, (size_t)len),
				 -ENOSPC);
	}
}

static void the_distance_is_the_paths_and_not_the_stacks(void **state)
{
	struct exchange near =
		exchange_of("5,192.0.2.7,,,,,\"4:64+0:0:1460:8192,8:mss:df:0\",,,,,", *state);
	struct exchange far =
		exchange_of("5,192.0.2.8,,,,,\"4:52+12:0:1460:8192,8:mss:df:0\",,,,,", *state);
	struct exchange other =
		exchange_of("5,192.0.2.9,,,,,\"4:116+12:0:1460:8192,8:mss:df:0\",,,,,", *state);

	assert_int_equal(near.syn_stack, far.syn_stack);
	assert_int_not_equal(near.syn_stack, other.syn_stack);
	assert_int_equal(near.syn_ttl, 64);
	assert_int_equal(far.syn_ttl, 52);
}

static void equal_accounts_stay_equal_and_are_not_kept_as_text(void **state)
{
	struct exchange one = exchange_of("5,192.0.2.7,,,,,,,,,c-1,alice", *state);
	struct exchange two = exchange_of("6,192.0.2.8,,,,,,,,,c-1,alice", *state);
	struct exchange other = exchange_of("6,192.0.2.8,,,,,,,,,c-2,42", *state);
	char line[EXCHANGE_LINE_MAX];
	struct exchange again;

	assert_int_not_equal(one.account, 0);
	assert_int_equal(one.account, two.account);
	assert_int_equal(one.connection, two.connection);
	assert_int_not_equal(one.account, other.account);
	assert_int_not_equal(other.account, 42);
	assert_true(exchange_format_csv(&one, *state, line, sizeof(line)) > 0);
	assert_null(strstr(line, "alice"));
	again = exchange_of(line, *state);
	assert_int_equal(again.account, one.account);
	assert_int_equal(again.connection, one.connection);
}

static void a_broken_row_is_refused_with_what_is_wrong(void **state)
{
	static const struct {
		const char *row, *why;
	} rows[] = {
		{ "", "the row has fewer than 12 fields" },
		{ "5,192.0.2.7,,,,,,,,,", "the row has fewer than 12 fields" },
		{ "5,192.0.2.7,,,,,,,,,,,", "the row has more than 12 fields" },
		{ ",192.0.2.7,,,,,,,,,,", "time_ns is missing" },
		{ "5,,,,,,,,,,,", "source is missing" },
		{ "5x,192.0.2.7,,,,,,,,,,", "time_ns is not a number" },
		{ "+5,192.0.2.7,,,,,,,,,,", "time_ns is not a number" },
		{ "-5,192.0.2.7,,,,,,,,,,", "time_ns is not a number" },
		{ " 5,192.0.2.7,,,,,,,,,,", "time_ns is not a number" },
		{ "0x5,192.0.2.7,,,,,,,,,,", "time_ns is not a number" },
		{ "1e9,192.0.2.7,,,,,,,,,,", "time_ns is not a number" },
		{ "1.5,192.0.2.7,,,,,,,,,,", "time_ns is not a number" },
		{ "18446744073709551616,192.0.2.7,,,,,,,,,,", "time_ns is larger than UINT64_MAX" },
		{ "99999999999999999999999,192.0.2.7,,,,,,,,,,",
		  "time_ns is larger than UINT64_MAX" },
		{ "5,192.0.2.7,65536,,,,,,,,,", "server_port is larger than UINT16_MAX" },
		{ "5,192.0.2.7,,x,,,,,,,,", "bytes_up is not a number" },
		{ "5,192.0.2.7,,,x,,,,,,,", "bytes_down is not a number" },
		{ "5,192.0.2.7,,,,4294967296,,,,,,", "duration_us is larger than UINT32_MAX" },
		{ "5,192.0.2.7,,,,,,,x,,,", "tcp_rtt_us is not a number" },
		{ "5,192.0.2.7,,,,,,,,-1,,", "tls_rtt_us is not a number" },
		{ "5,300.0.2.7,,,,,,,,,,", "source is not an address or an IPv6 prefix" },
		{ "5,192.0.2.0/24,,,,,,,,,,", "source is an IPv4 network, not an address" },
		{ "5,2001:db8::1/64,,,,,,,,,,", "source has bits beyond its prefix length" },
		{ "5,192.0.2.7,,,,,linux,,,,,",
		  "syn_sig is not a SYN signature in p0f's notation" },
		{ "5,192.0.2.7,,,,,4:64+0:0:0:8192::0,,,,,",
		  "syn_sig is not a SYN signature in p0f's notation" },
		{ "5,192.0.2.7,,,,,\"4:0+0:0:0:1,0:::0\",,,,,",
		  "syn_sig is not a SYN signature in p0f's notation" },
		{ "5,192.0.2.7,,,,,\"4:256+0:0:0:1,0:::0\",,,,,",
		  "syn_sig is not a SYN signature in p0f's notation" },
		{ "5,192.0.2.7,,,,,\"5:64+0:0:0:1,0:::0\",,,,,",
		  "syn_sig is not a SYN signature in p0f's notation" },
		{ "5,192.0.2.7,,,,,\"4:64+0:0:0:1,0:::0,,,,,", "a quoted field does not end" },
		{ "5,192.0.2.7,,,,,\"4:64+0:0:0:1,0:::0\"x,,,,,",
		  "something follows a quoted field" },
		{ "5,192.0.2.7,,,,,,a\"b,,,,", "a quote stands inside a field that is not quoted" },
		{ "5,192.0.2.7,,,,,,a b,,,,",
		  "ja4 holds blanks or characters that no JA4 has, or is too long" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct exchange out = { .time_unix_ns = 77 };
		const char *why = NULL;

		assert_int_equal(parse(rows[i].row, *state, &out, &why), -EINVAL);
		assert_string_equal(why, rows[i].why);
		assert_int_equal(out.time_unix_ns, 77);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, names_make, names_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_column_of_a_row_is_read),
		TEST(an_empty_field_is_unknown),
		TEST(a_row_comes_out_as_it_went_in),
		TEST(the_distance_is_the_paths_and_not_the_stacks),
		TEST(equal_accounts_stay_equal_and_are_not_kept_as_text),
		TEST(a_broken_row_is_refused_with_what_is_wrong),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
