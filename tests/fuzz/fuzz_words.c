/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Any bytes as one of the operator's words: no crash, and what is read and written is read alike. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/word.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	struct word word;
	const char *why = NULL;

	assert(line);
	memcpy(line, data, size);
	line[size] = '\0';
	if (word_parse(line, &word, &why)) {
		assert(why);
	} else {
		char *once = word_format(&word), *copy = strdup(once), *twice;

		word_clear(&word);
		assert(word_parse(copy, &word, &why) == 0);
		twice = word_format(&word);
		assert(strcmp(once, twice) == 0);
		word_clear(&word);
		free(once);
		free(twice);
		free(copy);
	}
	free(line);
	return 0;
}
