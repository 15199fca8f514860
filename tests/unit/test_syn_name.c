/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/syn_name.h"

/* p0f's notation, against p0f itself: its tables of signatures over the shared captures. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <weir/syn_digest.h>

#include "capture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct weir_syn_facts facts_of(const void *options, size_t options_len)
{
	struct weir_syn_facts facts = {
		.options_len = (uint8_t)options_len,
		.ip_version = 4,
		.ttl = 57,
		.window = 64240,
		.ip_id = 5,
		.ip_flags = WEIR_SYN_DF,
		.tcp_flags = 0x02,
		.sequence = 1,
	};

	memcpy(facts.options, options, options_len);
	return facts;
}

static const uint8_t linux_options[] = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2,
					 3, 4, 0,    0,	   0, 0, 1, 3,	3, 7 };

static void assert_name(const struct weir_syn_facts *facts, const char *want)
{
	char name[STACK_NAME_MAX];

	assert_int_equal(syn_name_format(facts, true, name, sizeof(name)), strlen(want));
	assert_string_equal(name, want);
}

static void a_linux_syn_reads_as_p0f_reads_it(void **state)
{
	struct weir_syn_facts facts = facts_of(linux_options, sizeof(linux_options));

	(void)state;
	assert_name(&facts, "4:57+7:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0");
}

static void the_stacks_name_has_the_initial_ttl_alone(void **state)
{
	struct weir_syn_facts facts = facts_of(linux_options, sizeof(linux_options));
	char name[STACK_NAME_MAX];

	(void)state;
	assert_true(syn_name_format(&facts, false, name, sizeof(name)) > 0);
	assert_string_equal(name, "4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0");
}

static void a_ttl_too_far_from_any_start_has_no_distance(void **state)
{
	struct weir_syn_facts facts = facts_of("", 0);

	(void)state;
	facts.window = 0;
	facts.ttl = 92;
	assert_name(&facts, "4:92+?:0:0:0,0::df,id+:0");
	facts.ttl = 93;
	assert_name(&facts, "4:93+35:0:0:0,0::df,id+:0");
	facts.ttl = 20;
	assert_name(&facts, "4:20+12:0:0:0,0::df,id+:0");
	facts.ttl = 129;
	assert_name(&facts, "4:129+?:0:0:0,0::df,id+:0");
	facts.ttl = 0;
	assert_name(&facts, "4:0+32:0:0:0,0::df,id+:0");
}

static void a_window_is_shown_as_the_multiple_it_is(void **state)
{
	static const struct {
		uint8_t ip_version;
		uint16_t mss, window;
		const char *want;
	} rows[] = {
		{ 4, 1460, 64240, "mss*44" },
		{ 4, 1460, 1448 * 10, "mss*10" },
		{ 4, 1400, 1460 * 4, "mss*4" },
		{ 4, 1400, 1440 * 3, "mtu*3" },
		{ 4, 1400, 1500 * 7, "mtu*7" },
		{ 4, 99, 990, "990" },
		{ 4, 1460, 0, "0" },
		{ 4, 1460, 65535, "65535" },
		{ 6, 1340, 1440 * 3, "mss*3" },
		{ 6, 1340, 1400 * 3, "mtu*3" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t options[] = { 2, 4, (uint8_t)(rows[i].mss >> 8), (uint8_t)rows[i].mss };
		struct weir_syn_facts facts = facts_of(options, sizeof(options));
		char name[STACK_NAME_MAX], want[64];

		facts.ip_version = rows[i].ip_version;
		facts.window = rows[i].window;
		assert_true(syn_name_format(&facts, true, name, sizeof(name)) > 0);
		snprintf(want, sizeof(want), ":%u:%s,", rows[i].mss, rows[i].want);
		if (!strstr(name, want))
			fail_msg("%s does not hold %s", name, want);
	}
}

static void every_quirk_has_its_place(void **state)
{
	/* MSS of a wrong length, zero timestamp with a peer's, scale 15, end of options, used padding. */
	static const uint8_t options[] = { 2, 5, 1, 0, 8, 10, 0,  0, 0, 0,
					   0, 0, 0, 9, 3, 3,  15, 0, 7, 0 };
	struct weir_syn_facts facts = facts_of(options, sizeof(options));

	(void)state;
	facts.ip_flags |= WEIR_SYN_RESERVED | WEIR_SYN_ECN;
	facts.sequence = 0;
	facts.acknowledgment = 1;
	facts.urgent = 1;
	facts.tcp_flags |= 0x08;
	facts.payload_len = 3;
	facts.window = 1;
	assert_name(&facts, "4:57+7:0:256:1,15:mss,ts,ws,eol+2:df,id+,ecn,0+,seq-,ack+,uptr+,"
			    "pushf+,ts1-,ts2+,opt+,exws,bad:+");
	facts.ip_version = 6;
	facts.ip_flags = WEIR_SYN_FLOW_LABEL;
	facts.ip_options_len = 8;
	facts.tcp_flags |= 0x20 | 0x100;
	assert_name(&facts,
		    "6:57+7:8:256:1,15:mss,ts,ws,eol+2:ecn,flow,seq-,ack+,urgf+,pushf+,ts1-,"
		    "ts2+,opt+,exws,bad:+");
	facts = facts_of("", 0);
	facts.ip_flags = 0;
	facts.ip_id = 0;
	assert_name(&facts, "4:57+7:0:0:64240,0::id-:0");
}

static void options_cut_short_are_bad_and_nothing_behind_them_is_read(void **state)
{
	static const struct {
		uint8_t options[12];
		uint8_t len;
		const char *layout;
	} rows[] = {
		{ { 2, 4, 5 }, 3, ":mss:df,id+,bad:" },
		{ { 1, 3, 3 }, 3, ":nop,ws:df,id+,bad:" },
		{ { 4 }, 1, ":sok:df,id+,bad:" },
		{ { 8, 10, 1, 1, 1 }, 5, ":ts:df,id+,bad:" },
		{ { 5, 9, 1, 1 }, 4, ":sack:df,id+,bad:" },
		{ { 5, 10, 1, 1, 1, 1, 1, 1, 1, 1 }, 10, ":sack:df,id+:" },
		{ { 254, 1, 1 }, 3, ":?254:df,id+,bad:" },
		{ { 254, 3, 1, 1 }, 4, ":?254,nop:df,id+:" },
		{ { 254 }, 1, ":?254:df,id+,bad:" },
		{ { 1, 0, 0, 0, 5 }, 5, ":nop,eol+3:df,id+:" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct weir_syn_facts facts = facts_of(rows[i].options, rows[i].len);
		char name[STACK_NAME_MAX];

		assert_true(syn_name_format(&facts, true, name, sizeof(name)) > 0);
		if (!strstr(name, rows[i].layout))
			fail_msg("%s does not hold %s", name, rows[i].layout);
	}
}

static void the_longest_name_has_room(void **state)
{
	struct weir_syn_facts facts = facts_of(linux_options, sizeof(linux_options));
	char name[STACK_NAME_MAX];

	(void)state;
	memset(facts.options, 254, sizeof(facts.options));
	for (size_t i = 1; i < sizeof(facts.options); i += 2)
		facts.options[i] = 2;
	facts.options_len = sizeof(facts.options);
	facts.tcp_flags = 0xfff;
	facts.ip_flags = 0xffff;
	facts.sequence = 0;
	assert_true(syn_name_format(&facts, true, name, sizeof(name)) > 0);
	assert_int_equal(syn_name_format(&facts, true, name, strlen(name)), -ENOSPC);
	facts.options_len = 255;
	assert_true(syn_name_format(&facts, true, name, sizeof(name)) > 0);
}

static void a_name_taken_apart_goes_together_again(void **state)
{
	static const char *const signatures[] = {
		"4:57+7:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0",
		"4:129+?:0:0:0,0::df,id+:0",
		"6:64+0:0:1440:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1:flow:0",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(signatures); i++) {
		char name[STACK_NAME_MAX], again[STACK_NAME_MAX];
		uint8_t ttl;

		assert_int_equal(syn_name_split(signatures[i], name, &ttl), 0);
		assert_null(strchr(name, '?'));
		assert_int_equal(syn_name_join(name, ttl, again, sizeof(again)),
				 strlen(signatures[i]));
		assert_string_equal(again, signatures[i]);
	}
}

/* ---- against p0f ------------------------------------------------------------------------------ */

struct row {
	char pcap[256];
	struct net source, service;
	uint16_t source_port, service_port;
	char raw_sig[STACK_NAME_MAX];
	int is_found;
	char seen[STACK_NAME_MAX]; /* what we make of that flow's SYN */
};

static int row_parse(char *line, struct row *row)
{
	char *fields[6];

	for (size_t i = 0; i < COUNT(fields); i++) {
		fields[i] = strsep(&line, "\t");
		if (!fields[i])
			return -1;
	}
	memset(row, 0, sizeof(*row));
	snprintf(row->pcap, sizeof(row->pcap), "%s", fields[0]);
	snprintf(row->raw_sig, sizeof(row->raw_sig), "%s", fields[5]);
	row->source_port = (uint16_t)atoi(fields[2]);
	row->service_port = (uint16_t)atoi(fields[4]);
	return net_parse(fields[1], &row->source) || net_parse(fields[3], &row->service) ? -1 : 0;
}

static int syn_compare(const struct capture_syn *syn, void *arg)
{
	struct row *row = arg;

	if (net_compare(&syn->source, &row->source) || net_compare(&syn->service, &row->service) ||
	    syn->source_port != row->source_port || syn->service_port != row->service_port)
		return 0;
	assert_true(syn_name_format(&syn->facts, true, row->seen, sizeof(row->seen)) > 0);
	row->is_found = strcmp(row->seen, row->raw_sig) == 0;
	return row->is_found;
}

#define UNREADABLE_MAX 1 /* packets/pcapplusplus/gtpv2.pcap: libpcap stops at its interfaces */

/* Returns how many rows of a table were compared; fails on the first that differs. */
static size_t table_compare(const char *corpus, const char *table)
{
	size_t unreadable = 0;
	char path[2048], line[1024];
	size_t compared = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", corpus, table);
	file = fopen(path, "re");
	if (!file)
		return 0;
	assert_non_null(fgets(line, sizeof(line), file)); /* the header */
	while (fgets(line, sizeof(line), file)) {
		struct row row;
		int result;

		if (row_parse(line, &row))
			fail_msg("%s: a row cannot be read", table);
		snprintf(path, sizeof(path), "%s/%s", corpus, row.pcap);
		result = capture_each_syn(path, syn_compare, &row);
		unreadable += result == -EINVAL;
		if (result < 0)
			continue;
		if (!row.is_found)
			fail_msg("%s: p0f says %s, we say %s", row.pcap, row.raw_sig, row.seen);
		compared++;
	}
	fclose(file);
	assert_in_range(unreadable, 0, UNREADABLE_MAX);
	return compared;
}

static void every_syn_of_the_shared_captures_reads_as_p0f_reads_it(void **state)
{
	const char *corpus = capture_corpus();

	(void)state;
	if (!corpus) {
		print_message("skipped: no corpus\n");
		skip();
	}
	assert_in_range(table_compare(corpus, "syn/expected.tsv"), 100, 10000);
	assert_in_range(table_compare(corpus, "syn/packets.tsv"), 50, 10000);
}

/* ---- against the digest ----------------------------------------------------------------------- */

#define SEEN_MAX 4096

struct seen {
	char names[SEEN_MAX][STACK_NAME_MAX];
	uint64_t digests[SEEN_MAX];
	size_t count;
};

static int syn_collect(const struct capture_syn *syn, void *arg)
{
	struct seen *seen = arg;

	if (seen->count == SEEN_MAX)
		return 1;
	assert_true(syn_name_format(&syn->facts, false, seen->names[seen->count], STACK_NAME_MAX) >
		    0);
	seen->digests[seen->count++] = weir_syn_digest(&syn->facts, 1, 2);
	return 0;
}

static void captures_collect(const char *corpus, struct seen *seen)
{
	static const char *const tables[] = { "syn/expected.tsv", "syn/packets.tsv" };

	for (size_t i = 0; i < COUNT(tables); i++) {
		char path[2048], line[1024], last[2048] = "";
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", corpus, tables[i]);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file)) {
			line[strcspn(line, "\t")] = '\0';
			snprintf(path, sizeof(path), "%s/%s", corpus, line);
			if (strcmp(path, last) != 0)
				capture_each_syn(path, syn_collect, seen);
			strcpy(last, path);
		}
		if (file)
			fclose(file);
	}
}

static void equal_names_mean_equal_digests_and_the_reverse(void **state)
{
	static struct seen seen;
	const char *corpus = capture_corpus();

	(void)state;
	if (!corpus) {
		print_message("skipped: no corpus\n");
		skip();
	}
	captures_collect(corpus, &seen);
	assert_in_range(seen.count, 100, SEEN_MAX);
	for (size_t i = 0; i < seen.count; i++) {
		for (size_t j = 0; j < i; j++) {
			int is_same_name = strcmp(seen.names[i], seen.names[j]) == 0;

			if (is_same_name != (seen.digests[i] == seen.digests[j]))
				fail_msg("%s and %s disagree with their digests", seen.names[i],
					 seen.names[j]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_linux_syn_reads_as_p0f_reads_it),
		cmocka_unit_test(the_stacks_name_has_the_initial_ttl_alone),
		cmocka_unit_test(a_ttl_too_far_from_any_start_has_no_distance),
		cmocka_unit_test(a_window_is_shown_as_the_multiple_it_is),
		cmocka_unit_test(every_quirk_has_its_place),
		cmocka_unit_test(options_cut_short_are_bad_and_nothing_behind_them_is_read),
		cmocka_unit_test(the_longest_name_has_room),
		cmocka_unit_test(a_name_taken_apart_goes_together_again),
		cmocka_unit_test(every_syn_of_the_shared_captures_reads_as_p0f_reads_it),
		cmocka_unit_test(equal_names_mean_equal_digests_and_the_reverse),
	};

	return cmocka_run_group_tests_name("syn_name", tests, NULL, NULL);
}
