/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/config.h"

/* The configuration file: what is read, and how everything wrong is named with its line. */

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct config config;
static char *errors;

/* Reads text as a file named f.yaml; what it complains of is in errors. */
static int read_text(const char *text)
{
	size_t size;
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	FILE *out;
	int err;

	free(errors);
	out = open_memstream(&errors, &size);
	assert_non_null(in);
	assert_non_null(out);
	memset(&config, 0x55, sizeof(config));
	err = config_read(in, "f.yaml", &config, out);
	fclose(in);
	fclose(out);
	return err;
}

static void read_well(const char *text)
{
	int err = read_text(text);

	if (err || *errors)
		fail_msg("%d: %s", err, errors);
}

static void read_badly(const char *text, const char *expected)
{
	assert_int_equal(read_text(text), -EINVAL);
	assert_string_equal(errors, expected);
	/* Nothing of a broken file arrives. */
	assert_int_equal(config.source_prefix6, 0x55);
}

static int errors_free(void **state)
{
	(void)state;
	free(errors);
	errors = NULL;
	return 0;
}

static void a_whole_file_lands_in_its_fields(void **state)
{
	(void)state;
	read_well("# a comment\n"
		  "interfaces: [eth0, eth1]\n"
		  "services:\n"
		  "  - \"192.0.2.1:443\"\n"
		  "  - '*:443/udp'\n"
		  "allow: 192.0.2.0/24\n"
		  "mode: off\n"
		  "source_prefixes6:\n"
		  "  2001:db8::/32: 56\n"
		  "  \"2001:db8:1::/48\": 48\n"
		  "detect:\n"
		  "  tick: 1s\n"
		  "  scan: 1s\n"
		  "plan.history_min: 0\n"
		  "limits: {flows: 4096}\n");
	assert_int_equal(config.interface_count, 2);
	assert_string_equal(config.interfaces[1], "eth1");
	assert_int_equal(config.service_count, 2);
	assert_int_equal(config.services[1].protocol, IPPROTO_UDP);
	assert_int_equal(config.allow_count, 1);
	assert_string_equal(config.mode, "off");
	assert_int_equal(config.source_prefix6_count, 2);
	assert_int_equal(config.source_prefixes6[1].source_prefix_len, 48);
	assert_int_equal(config.detect.tick_ns, 1000000000);
	assert_int_equal(config.plan.history_min_ns, 0);
	assert_int_equal(config.flows_max, 4096);
}

static void an_empty_file_is_the_defaults(void **state)
{
	static const char *const empty[] = { "\n", "# only a comment\n", "---\n", "---\n...\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		read_well(empty[i]);
		assert_int_equal(config.source_prefix6, 64);
		assert_int_equal(config.interface_count, 0);
	}
}

static void groups_and_lists_may_be_empty(void **state)
{
	(void)state;
	read_well("detect:\nplan: {}\nallow:\nshared_sources: []\n");
	assert_int_equal(config.detect.tick_ns, 60000000000);
}

static void every_error_is_told_with_its_line(void **state)
{
	(void)state;
	read_badly("interfaces: [eth0, \"\"]\n"
		   "detect:\n"
		   "  tikc: 5s\n"
		   "  scan: 5\n"
		   "nonsense: 1\n"
		   "sorce_prefix6: 64\n",
		   "f.yaml:1: interfaces: '' is not an interface name: 1 to 15 characters\n"
		   "f.yaml:3: unknown key 'tikc' in 'detect' (did you mean 'tick'?)\n"
		   "f.yaml:4: detect.scan: '5' is not what it takes: 100ms to 7d\n"
		   "f.yaml:5: unknown key 'nonsense'\n"
		   "f.yaml:6: unknown key 'sorce_prefix6' (did you mean 'source_prefix6'?)\n");
}

static void what_is_of_another_shape_is_refused(void **state)
{
	(void)state;
	read_badly("mode: [enforce]\n", "f.yaml:1: mode takes one value\n");
	read_badly("mode: {a: [b, {c: d}]}\nssh_port: x\n",
		   "f.yaml:1: mode takes one value\n"
		   "f.yaml:2: ssh_port: 'x' is not what it takes: 0 to 65535 port\n");
	read_badly("allow: {192.0.2.1: yes}\n", "f.yaml:1: allow takes a list\n");
	read_badly("allow: [[192.0.2.1]]\n", "f.yaml:1: a list item must be plain text\n");
	read_badly("detect: 5\n",
		   "f.yaml:1: 'detect' is a group: put its keys below it, indented\n");
	read_badly("- eth0\n", "f.yaml:1: the file must be a plain mapping of keys to values\n");
	read_badly("? [a]\n: b\n", "f.yaml:1: a key must be plain text\n");
	read_badly("source_prefixes6: {2001:db8::/32: [56]}\n",
		   "f.yaml:1: a length must be plain text\n");
	read_badly("mode: \"a\\0b\"\n", "f.yaml:1: a value contains a NUL byte\n");
	read_badly("mode:\n",
		   "f.yaml:1: mode: '' is not what it takes: one of propose, enforce, off\n");
}

static void no_control_character_reaches_the_terminal(void **state)
{
	(void)state;
	read_badly("\"a\\e[31m\": \"b\"\nmode: \"\\e[0m\"\n",
		   "f.yaml:1: unknown key 'a?[31m'\n"
		   "f.yaml:2: mode: '?[0m' is not what it takes: one of propose, enforce, off\n");
}

static void a_key_set_twice_is_refused(void **state)
{
	(void)state;
	read_badly("mode: off\nplan: {ttl: 1h}\nmode: off\nplan.ttl: 2h\n",
		   "f.yaml:3: mode is set twice, first in line 1: keep one\n"
		   "f.yaml:4: plan.ttl is set twice, first in line 2: keep one\n");
}

static void anchors_aliases_tags_and_second_documents_are_refused(void **state)
{
	(void)state;
	read_badly("pin_dir: &a /x\nrun_dir: *a\n",
		   "f.yaml:1: anchors are not supported: write the value out\n"
		   "f.yaml:2: aliases are not supported: write the value out\n");
	read_badly("allow: &a [192.0.2.1]\n",
		   "f.yaml:1: anchors are not supported: write the value out\n");
	read_badly("mode: !!str off\n", "f.yaml:1: tags are not supported: leave it out\n");
	read_badly("mode: off\n---\nmode: enforce\n",
		   "f.yaml:2: a second document: put all keys into the first\n");
}

static void what_is_not_yaml_is_told_once(void **state)
{
	(void)state;
	read_badly("mode: off\n\tpersist: yes\n",
		   "f.yaml:2: not YAML: found a tab character that violates indentation, "
		   "while scanning a plain scalar\n");
	assert_int_equal(read_text("a: [b\n"), -EINVAL);
	assert_non_null(strstr(errors, "not YAML"));
}

static void a_missing_file_is_its_errno(void **state)
{
	FILE *nowhere = fopen("/dev/null", "w");

	(void)state;
	assert_non_null(nowhere);
	assert_int_equal(config_load("/nonexistent/weir.yaml", &config, nowhere), -ENOENT);
	assert_int_equal(config_load("/", &config, nowhere), -EISDIR);
	fclose(nowhere);
}

/* Takes the sign of a comment from every commented key. */
static void uncomment(char *text)
{
	char *to = text;

	for (char *from = text; *from != '\0'; from++)
		if (from[0] != '#' || from[1] == ' ')
			*to++ = *from;
	*to = '\0';
}

static void the_example_names_every_key_and_holds_the_defaults(void **state)
{
	char *text = NULL;
	struct config defaults;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	config_print_example(out);
	fclose(out);
	config_default(&defaults);
	read_well(text);
	assert_memory_equal(&config, &defaults, sizeof(config));
	uncomment(text);
	read_well(text);
	assert_int_equal(config.interface_count, 1);
	assert_int_equal(config.source_prefix6_count, 1);
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if (config_is_list(key))
			assert_true(*(size_t *)((char *)&config + key->count_offset) > 0);
		else
			assert_memory_equal((char *)&config + key->offset,
					    (char *)&defaults + key->offset, key->size);
	}
	free(text);
}

#define file_test(name) cmocka_unit_test_teardown(name, errors_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		file_test(a_whole_file_lands_in_its_fields),
		file_test(an_empty_file_is_the_defaults),
		file_test(groups_and_lists_may_be_empty),
		file_test(every_error_is_told_with_its_line),
		file_test(what_is_of_another_shape_is_refused),
		file_test(no_control_character_reaches_the_terminal),
		file_test(a_key_set_twice_is_refused),
		file_test(anchors_aliases_tags_and_second_documents_are_refused),
		file_test(what_is_not_yaml_is_told_once),
		file_test(a_missing_file_is_its_errno),
		file_test(the_example_names_every_key_and_holds_the_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
