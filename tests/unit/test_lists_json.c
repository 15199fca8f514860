/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/lists.h"

/* Lists in JSON: every shape, and how what is bad is named. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/list_reading.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void spamhaus_drop_lines_are_read(void **state)
{
	(void)state;
	reads_as("{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL1\",\"rir\":\"apnic\"}\n"
		 "{\"cidr\":\"2001:db8::/32\",\"sblid\":\"SBL2\",\"rir\":\"ripencc\"}\n"
		 "{\"type\":\"metadata\",\"timestamp\":1,\"size\":2,\"records\":2}\n",
		 "spamhaus drop json", "192.0.2.0/24 2001:db8::/32");
	assert_int_equal(list.entries[1].line, 2);
	reads_as("{\"cidr\":\"192.0.2.0\\/24\"}", "spamhaus drop json", "192.0.2.0/24");
	read_text("{\"cidr\":\"192.0.2.0/24\"}\n{\"cidr\":\"192.0.2\"}\n{\"cidr\":\n{\"a\":1}\n");
	problem_is(0, 2, "'192.0.2' is not an address or CIDR");
	assert_int_equal(list.problems[1].line, 3);
	problem_is(2, 4, "an entry without cidr or value");
}

static void crowdsec_decisions_are_read(void **state)
{
	(void)state;
	reads_as(
		"[{\"id\":1,\"decisions\":[{\"value\":\"192.0.2.1\",\"scope\":\"Ip\",\"type\":\"ban\"},"
		"{\"value\":\"192.0.2.0/25\",\"scope\":\"Range\",\"type\":\"ban\"}]}]",
		"crowdsec decisions json", "192.0.2.0/25 192.0.2.1");
	reads_as("{\"new\":[{\"value\":\"2001:db8::1\",\"scope\":\"ip\"}],\"deleted\":null}",
		 "crowdsec decisions json", "2001:db8::1");
	read_text("[{\"value\":\"FR\",\"scope\":\"Country\"},\n"
		  "{\"value\":\"192.0.2.1\",\"scope\":\"ip\",\"type\":\"captcha\"},\n"
		  "{\"value\":\"192.0.2.2\",\"scope\":\"ip\",\"simulated\":true},\n"
		  "{\"value\":7}]");
	problem_is(0, 1, "scope 'Country' is not an address or CIDR");
	problem_is(1, 2, "a decision of type 'captcha' is no ban");
	problem_is(2, 3, "a simulated decision bans nobody");
	problem_is(3, 3, "a decision's value is not text");
}

static void misp_cloud_and_simple_json_are_read(void **state)
{
	(void)state;
	reads_as(
		"{\n\"name\":\"x\",\n\"list\":[\n\"192.0.2.1\",\n\"2001:db8::/32\"\n],\"type\":\"cidr\"}",
		"misp warning list", "192.0.2.1 2001:db8::/32");
	assert_int_equal(list.entries[1].line, 5);
	reads_as(
		"{\"syncToken\":\"1\",\"prefixes\":[{\"ip_prefix\":\"192.0.2.0/24\",\"region\":\"a\"}],"
		"\"ipv6_prefixes\":[{\"ipv6_prefix\":\"2001:db8::/32\"}]}",
		"ip ranges json", "192.0.2.0/24 2001:db8::/32");
	reads_as(
		"{\"prefixes\":[{\"ipv4Prefix\":\"192.0.2.0/24\"},{\"ipv6Prefix\":\"2001:db8::/32\"}]}",
		"ip ranges json", "192.0.2.0/24 2001:db8::/32");
	reads_as("{\"values\":[{\"properties\":{\"addressPrefixes\":[\"192.0.2.0/24\"]}}]}",
		 "service tags json", "192.0.2.0/24");
	reads_as("[\"192.0.2.1\", \"192.0.2.2\"]", "json", "192.0.2.1 192.0.2.2");
}

static void nft_json_is_read(void **state)
{
	(void)state;
	reads_as(
		"{\"nftables\":[{\"metainfo\":{\"version\":\"1.0.6\"}},{\"set\":{\"family\":\"inet\","
		"\"name\":\"s\",\"type\":\"ipv4_addr\",\"elem\":[\"192.0.2.1\","
		"{\"prefix\":{\"addr\":\"198.51.100.0\",\"len\":24}},"
		"{\"range\":[\"203.0.113.0\",\"203.0.113.2\"]},"
		"{\"elem\":{\"val\":\"192.0.2.9\",\"timeout\":60}}]}}]}",
		"nft json", "192.0.2.1 192.0.2.9 198.51.100.0/24 203.0.113.0/31 203.0.113.2");
	read_text("{\"nftables\":[{\"set\":{\"elem\":[22,{\"concat\":[\"192.0.2.1\",22]}]}}]}");
	problem_is(0, 1, "an element that is no address, prefix or range");
	problem_is(1, 1, "an element that is no address, prefix or range");
}

static void broken_json_is_told_with_its_line(void **state)
{
	static const char *const broken[] = { "{\n\"list\":[\n\"192.0.2.1\",\n", "{\"list\":\n[}",
					      "{" };

	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		read_text(broken[i]);
		assert_int_equal(list.count, 0);
		assert_int_equal(list.problem_count, 1);
		assert_int_equal(strncmp(list.problems[0].why, "not JSON: ", 10), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		list_test(spamhaus_drop_lines_are_read),
		list_test(crowdsec_decisions_are_read),
		list_test(misp_cloud_and_simple_json_are_read),
		list_test(nft_json_is_read),
		list_test(broken_json_is_told_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
