/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Any bytes as a row of the exchange log: no crash, and what is read and written is read alike. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stack_names *names = stack_names_new();
	char line[EXCHANGE_LINE_MAX], again[EXCHANGE_LINE_MAX];
	struct exchange first, second;
	const char *why = NULL;

	assert(names);
	if (size >= sizeof(line))
		size = sizeof(line) - 1;
	memcpy(line, data, size);
	line[size] = '\0';
	if (exchange_parse_csv(line, names, &first, &why)) {
		assert(why);
	} else {
		assert(exchange_format_csv(&first, names, line, sizeof(line)) > 0);
		strcpy(again, line);
		assert(exchange_parse_csv(line, names, &second, &why) == 0);
		assert(exchange_format_csv(&second, names, line, sizeof(line)) > 0);
		assert(strcmp(line, again) == 0);
	}
	stack_names_free(names);
	return 0;
}
