/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/config.h"

/* Any bytes as a configuration file: read or refused with a line that says why, never half. */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config, untouched;
	char why[512] = "", *errors = NULL;
	size_t errors_size;
	FILE *in, *out;
	int err;

	if (size == 0)
		return 0;
	in = fmemopen((void *)(uintptr_t)data, size, "r");
	out = open_memstream(&errors, &errors_size);
	assert(in && out);
	memset(&config, 0x55, sizeof(config));
	memset(&untouched, 0x55, sizeof(untouched));
	err = config_read(in, "fuzz", &config, out);
	fclose(in);
	fclose(out);
	assert(err == 0 || err == -EINVAL);
	assert((err == 0) == (errors_size == 0));
	if (err)
		assert(memcmp(&config, &untouched, sizeof(config)) == 0);
	else if (config_check(&config, why, sizeof(why)))
		assert(why[0]);
	free(errors);
	return 0;
}
