/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/service.h"

/* Protected services: every way to write one, and what is none. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void services_are_read_and_written_alike(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "192.0.2.1:443", "192.0.2.1:443" },
		{ "192.0.2.1:443/tcp", "192.0.2.1:443" },
		{ "[2001:DB8::1]:443/udp", "[2001:db8::1]:443/udp" },
		{ "*:8443", "*:8443" },
		{ "*:443/udp", "*:443/udp" },
		{ "[::ffff:192.0.2.1]:80", "192.0.2.1:80" },
	};
	static const char *const bad[] = { "",		 ":443",
					   "*",		 "*:0",
					   "*:65536",	 "*:44x",
					   "*:443/sctp", "2001:db8::1:443",
					   "[*]:443",	 "192.0.2.0/24:443",
					   "host:443",	 "[192.0.2.1:443",
					   "*:443/",	 "[]:443" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[SERVICE_TEXT_MAX];
		struct service service;

		assert_int_equal(service_parse(rows[i].in, &service), 0);
		service_format(&service, text);
		assert_string_equal(text, rows[i].out);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct service service;

		if (service_parse(bad[i], &service) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_read_and_written_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
