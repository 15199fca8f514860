/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/lists.h"

/* Lists of other tools: every format, every kind of bad line, and the real files of the corpus. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/list_reading.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void plain_lines_take_comments_blanks_and_windows_ends(void **state)
{
	(void)state;
	reads_as("\xef\xbb\xbf# a list\r\n"
		 "192.0.2.1\r\n"
		 "  198.51.100.0/24  ; a net\r\n"
		 "\r\n"
		 ";\n"
		 "2001:db8::/32\t# and more\n"
		 "[2001:db9::1]\n"
		 "203.0.113.7",
		 "plain", "192.0.2.1 198.51.100.0/24 203.0.113.7 2001:db8::/32 2001:db9::1");
	assert_int_equal(list.entries[2].line, 8);
}

static void the_first_column_that_is_a_net_counts(void **state)
{
	(void)state;
	reads_as("fingerprint, ipaddr, port\n"
		 "0008D9640FE4947F, 192.0.2.1, 444\n"
		 "0008D9640FE4947F, \"2001:db8::1\", 81\n"
		 "198.51.100.9\t7\n",
		 "plain", "192.0.2.1 198.51.100.9 2001:db8::1");
}

static void ranges_become_the_fewest_nets(void **state)
{
	(void)state;
	reads_as("192.0.2.1-192.0.2.6\n", "plain", "192.0.2.1 192.0.2.2/31 192.0.2.4/31 192.0.2.6");
	reads_as("10.0.0.0 - 10.0.1.255\n", "plain", "10.0.0.0/23");
	reads_as("0.0.0.0-255.255.255.255\n", "plain", "0.0.0.0/0");
	reads_as("192.0.2.9-192.0.2.9\n", "plain", "192.0.2.9");
	reads_as("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n", "plain", "::/0");
	reads_as("2001:db8::-2001:db8::ffff\n", "plain", "2001:db8::/112");
}

static void every_bad_line_is_named(void **state)
{
	static const char text[] = "192.0.2.1\n"
				   "300.1.2.3\n"
				   "192.0.2.7/24\n"
				   "192.0.2.0/33\n"
				   "not an address\n"
				   "192.0.2.9-192.0.2.1\n"
				   "1.2.3.4:80\n"
				   "a\x1b[31m\tb\n"
				   "192.0.2.1 and more\n"
				   "192.0.2.2\0junk\n";

	(void)state;
	read_bytes(text, sizeof(text) - 1);
	assert_string_equal(entries_text(), "192.0.2.1");
	problem_is(0, 2, "'300.1.2.3' is not an address or CIDR");
	problem_is(1, 3, "192.0.2.7/24 has bits beyond its length: 192.0.2.0/24 is meant?");
	problem_is(2, 4, "192.0.2.0/33: the length is too large");
	problem_is(3, 5, "'not an address' is not an address or CIDR");
	problem_is(4, 6, "a range must rise within one address family");
	problem_is(5, 7, "'1.2.3.4:80' is not an address or CIDR");
	problem_is(6, 8, "'a?[31m' is not an address or CIDR");
	problem_is(7, 9, "'192.0.2.1 and more' is not an address or CIDR");
	problem_is(8, 10, "a NUL byte: not text");
	assert_int_equal(list.problem_count, 9);
}

static void duplicates_merge_and_are_counted_and_contained_nets_stay(void **state)
{
	(void)state;
	reads_as("10.0.0.1\n10.0.0.0/8\n10.0.0.0/8\n10.255.0.0/16\n11.0.0.0\n::/0\n2001:db8::1\n",
		 "plain", "::/0 10.0.0.0/8 10.0.0.1 10.255.0.0/16 11.0.0.0 2001:db8::1");
	assert_int_equal(list.duplicates, 1);
}

static void nothing_is_an_empty_list(void **state)
{
	static const char *const empty[] = {
		"", "\n", "# only a comment\n", "\xef\xbb\xbf", "null\n", "[]", " [\n]\n"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(empty); i++) {
		read_text(empty[i]);
		assert_int_equal(list.count + list.problem_count, 0);
	}
}

static void what_is_no_text_is_told_once(void **state)
{
	(void)state;
	read_bytes("\x1f\x8b\x08\x00\n\n\n", 7);
	problem_is(0, 1, "the file is compressed: unpack it first");
	assert_int_equal(list.problem_count, 1);
	read_bytes("\xff\xfe"
		   "1\0\n\0",
		   6);
	problem_is(0, 1, "the file is UTF-16: save it as UTF-8");
}

static void ipset_save_is_read(void **state)
{
	(void)state;
	reads_as("create bad hash:net family inet hashsize 1024 maxelem 65536 comment\n"
		 "add bad 192.0.2.0/24\n"
		 "add bad 198.51.100.1 timeout 300 comment \"a # nomatch\"\n"
		 "create bad6 hash:ip family inet6\n"
		 "add -exist bad6 2001:db8::1\n",
		 "ipset save", "192.0.2.0/24 198.51.100.1 2001:db8::1");
}

static void ipset_lines_that_are_more_than_a_net_are_named(void **state)
{
	static const char bad[] = "add a 192.0.2.1,tcp:80\n"
				  "add a 192.0.2.0/24 nomatch\n"
				  "flush a\n"
				  "add a\n";

	(void)state;
	read_bytes(bad, sizeof(bad) - 1);
	problem_is(0, 1, "'192.0.2.1,tcp:80' is more than an address");
	problem_is(1, 2, "an exception (nomatch) is not a net");
	problem_is(2, 3, "'flush' is not a line of ipset save");
	problem_is(3, 4, "'' is not an address or CIDR");
}

static void what_is_written_reads_back(void **state)
{
	static const enum list_format readable[] = { LIST_PLAIN, LIST_JSON, LIST_IPSET,
						     LIST_CROWDSEC };
	static const char *const texts[] = { "192.0.2.1", "198.51.100.0/24", "2001:db8::/32",
					     "2001:db9::1" };
	struct net nets[COUNT(texts)];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(net_parse(texts[i], &nets[i]), 0);
	for (size_t i = 0; i < COUNT(readable); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_int_equal(list_write(out, readable[i], nets, COUNT(nets)), 0);
		fclose(out);
		read_bytes(text, size);
		free(text);
		assert_int_equal(list.problem_count, 0);
		assert_string_equal(entries_text(),
				    "192.0.2.1 198.51.100.0/24 2001:db8::/32 2001:db9::1");
	}
}

static void nft_output_is_one_table_with_two_sets(void **state)
{
	struct net net;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(net_parse("192.0.2.0/24", &net), 0);
	assert_int_equal(list_write(out, LIST_NFT, &net, 1), 0);
	fclose(out);
	assert_string_equal(text, "table inet weir {\n"
				  "\tset block4 {\n\t\ttype ipv4_addr\n\t\tflags interval\n"
				  "\t\telements = {\n\t\t\t192.0.2.0/24\n\t\t}\n\t}\n"
				  "\tset block6 {\n\t\ttype ipv6_addr\n\t\tflags interval\n\t}\n"
				  "}\n");
	free(text);
	assert_int_equal(list_format_parse("nft"), LIST_NFT);
	assert_int_equal(list_format_parse("xml"), -EINVAL);
}

static void a_failed_write_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct net net;

	(void)state;
	assert_non_null(full);
	assert_int_equal(net_parse("192.0.2.1", &net), 0);
	assert_int_equal(list_write(full, LIST_PLAIN, &net, 1), -ENOSPC);
	fclose(full);
}

static void a_failed_read_is_an_error(void **state)
{
	FILE *folder = fopen("/", "r");
	struct list untouched = { .count = 77 };

	(void)state;
	assert_non_null(folder);
	assert_int_equal(list_read(folder, "/", &untouched), -EISDIR);
	assert_int_equal(untouched.count, 77);
	fclose(folder);
}

static void a_million_lines_are_read_in_about_a_second(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	clock_t start;

	(void)state;
	for (unsigned i = 0; i < 1000000; i++)
		fprintf(out, "%u.%u.%u.%u\n", 11 + i % 89, i >> 16 & 255, i >> 8 & 255, i & 255);
	fclose(out);
	start = clock();
	read_bytes(text, size);
	print_message("# a million lines in %.2f s with sanitizers\n",
		      (double)(clock() - start) / CLOCKS_PER_SEC);
	assert_int_equal(list.count, 1000000);
	free(text);
}

/* ---- the corpus --------------------------------------------------------------------------------- */

struct corpus_row {
	const char *path, *format;
	size_t lines_min, lines_max; /* entries, merged ones included */
	size_t problems_max;
};

static const struct corpus_row corpus[] = {
	{ "ipranges/all_ipv4.txt", "plain", 111110, 111111, 0 },
	{ "ipranges/all_ipv4_merged.txt", "plain", 7728, 7729, 0 },
	{ "ipranges/all_ipv6_merged.txt", "plain", 12872, 12873, 0 },
	{ "ipranges/amazon_ipv4.txt", "plain", 7904, 7905, 0 },
	{ "ipranges/amazon_ipv6.txt", "plain", 3108, 3109, 0 },
	{ "ipranges/google_ipv4.txt", "plain", 1109, 1110, 0 },
	{ "ipranges/google_ipv6.txt", "plain", 257, 258, 0 },
	{ "ipranges/microsoft_ipv4.txt", "plain", 49110, 49111, 0 },
	{ "ipranges/microsoft_ipv6.txt", "plain", 18510, 18511, 0 },
	{ "ipranges/openai_ipv4.txt", "plain", 254, 255, 0 },
	{ "ipsum/ipsum.txt", "plain", 120400, 120437, 0 },
	{ "ipsum/levels_3.txt", "plain", 14217, 14218, 0 },
	{ "misp/icloud-private-relay.json", "misp warning list", 13700, 13762, 0 },
	{ "misp/public-dns-v4.json", "misp warning list", 62700, 62760, 0 },
	{ "misp/vpn-ipv4.json", "misp warning list", 42400, 42441, 0 },
	{ "misp/vpn-ipv6.json", "misp warning list", 1200, 1265, 0 },
	{ "tor-institute/tor-exit-nodes.lst", "plain", 1746, 1747, 0 },
	{ "tor-institute/tor-nodes.lst", "plain", 8054, 8055, 0 },
	{ "tor-nodes/latest.exits.csv", "plain", 5933, 5934, 0 },
	{ "x4bnet/datacenter_ipv4.txt", "plain", 42566, 42567, 0 },
	{ "x4bnet/datacenter_ipv6.txt", "plain", 8752, 8753, 0 },
	{ "x4bnet/vpn_ipv4.txt", "plain", 10862, 10863, 0 },
	{ "x4bnet/vpn_ipv6.txt", "plain", 498, 499, 0 },
	{ "x4bnet/datacenter_ASN.txt", "plain", 0, 0, 906 },
};

static const char *corpus_dir(void)
{
	const char *dir = getenv("WEIR_CORPUS");

	return dir ? dir : "../shared/corpus";
}

static void corpus_file_check(const struct corpus_row *row)
{
	char path[512];
	FILE *in;
	size_t entries;

	snprintf(path, sizeof(path), "%s/lists/%s", corpus_dir(), row->path);
	in = fopen(path, "r");
	if (!in)
		fail_msg("%s: %s", path, strerror(errno));
	list_clear(&list);
	assert_int_equal(list_read(in, path, &list), 0);
	fclose(in);
	entries = list.count + list.duplicates;
	if (entries < row->lines_min || entries > row->lines_max ||
	    list.problem_count > row->problems_max)
		fail_msg("%s: %zu entries, %zu problems, first: %s", row->path, entries,
			 list.problem_count, list.problem_count ? list.problems[0].why : "");
	assert_string_equal(list.format, row->format);
}

static void every_list_of_the_corpus_reads_whole(void **state)
{
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/lists", corpus_dir());
	if (access(path, R_OK)) {
		print_message("skipped: no corpus\n");
		skip();
	}
	for (size_t i = 0; i < COUNT(corpus); i++)
		corpus_file_check(&corpus[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		list_test(plain_lines_take_comments_blanks_and_windows_ends),
		list_test(the_first_column_that_is_a_net_counts),
		list_test(ranges_become_the_fewest_nets),
		list_test(every_bad_line_is_named),
		list_test(duplicates_merge_and_are_counted_and_contained_nets_stay),
		list_test(nothing_is_an_empty_list),
		list_test(what_is_no_text_is_told_once),
		list_test(ipset_save_is_read),
		list_test(ipset_lines_that_are_more_than_a_net_are_named),
		list_test(what_is_written_reads_back),
		list_test(nft_output_is_one_table_with_two_sets),
		list_test(a_failed_write_is_an_error),
		list_test(a_failed_read_is_an_error),
		list_test(a_million_lines_are_read_in_about_a_second),
		list_test(every_list_of_the_corpus_reads_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
