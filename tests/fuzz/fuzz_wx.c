/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Any bytes as a binary exchange log: no crash, and a record that is read is written as it was. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/wx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Structs have padding, their bytes in the file have none: two writings are compared. */
static void record_check(const struct wx_record *record, const struct wx_header *header)
{
	uint8_t once[WX_RECORD_MAX], twice[WX_RECORD_MAX];
	struct wx_record again;
	const char *why = NULL;
	size_t len = wx_record_write(record, header, once);

	assert(wx_record_read(once, len, header, &again, &why) == (int)len);
	assert(again.kind == record->kind);
	assert(wx_record_write(&again, header, twice) == len);
	assert(memcmp(once, twice, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wx_header header;
	struct wx_record record;
	const char *why = NULL;

	if (size < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	if (wx_header_check(&header, &why)) {
		assert(why);
		wx_header_init(&header, header.boot_unix_ns, 0);
	}
	for (size_t at = sizeof(header); at < size;) {
		int len = wx_record_read(data + at, size - at, &header, &record, &why);

		if (len <= 0) {
			assert(!len || why);
			break;
		}
		record_check(&record, &header);
		at += (size_t)len;
	}
	return 0;
}
