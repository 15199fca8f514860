/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns writes into bytes in memory and those back into writes. */

#include "edge/ledger/journal.h"

#include <errno.h>
#include <stdlib.h>

#include <zlib.h>

#define JOURNAL_BYTES_MAX (256u << 20) /* a million rules are about 100 MiB */
#define JOURNAL_ROOM_FIRST 65536
#define JOURNAL_ROOM_KEPT (4u << 20) /* what a usual flush needs; more is given back */

uint32_t cells_sum(const struct cell *cells, size_t count)
{
	uLong sum = crc32(0, NULL, 0);

	for (size_t i = 0; i < count; i++) {
		uint8_t number[8];

		/* The length in front, that "a", "bc" and "ab", "c" differ. */
		for (size_t byte = 0; byte < sizeof(number); byte++)
			number[byte] = (uint8_t)((cells[i].number + cells[i].len) >> (8 * byte));
		sum = crc32(sum, number, sizeof(number));
		if (cells[i].len)
			sum = crc32(sum, cells[i].data, (uInt)cells[i].len);
	}
	return (uint32_t)sum;
}

static int room_make(struct journal *journal, size_t more)
{
	size_t room = journal->room ? journal->room : JOURNAL_ROOM_FIRST;
	uint8_t *bytes;

	if (more > JOURNAL_BYTES_MAX || journal->len + more > JOURNAL_BYTES_MAX)
		return -EFBIG;
	while (room < journal->len + more)
		room *= 2;
	if (room == journal->room)
		return 0;
	bytes = realloc(journal->bytes, room);
	if (!bytes)
		return -ENOMEM;
	journal->bytes = bytes;
	journal->room = room;
	return 0;
}

static void bytes_add(struct journal *journal, const void *bytes, size_t len)
{
	memcpy(journal->bytes + journal->len, bytes, len);
	journal->len += len;
}

/* A write is its statement and count, then for each cell its type, number, length, and data with a
 * NUL behind it. */
int journal_add(struct journal *journal, uint8_t statement, const struct cell *cells, size_t count)
{
	uint8_t head[2] = { statement, (uint8_t)count };
	size_t size = sizeof(head);
	int error;

	for (size_t i = 0; i < count; i++)
		size += 1 + sizeof(cells[i].number) + sizeof(cells[i].len) + cells[i].len + 1;
	error = room_make(journal, size);
	if (error)
		return error;
	bytes_add(journal, head, sizeof(head));
	for (size_t i = 0; i < count; i++) {
		uint8_t type = (uint8_t)cells[i].type;

		bytes_add(journal, &type, sizeof(type));
		bytes_add(journal, &cells[i].number, sizeof(cells[i].number));
		bytes_add(journal, &cells[i].len, sizeof(cells[i].len));
		if (cells[i].len)
			bytes_add(journal, cells[i].data, cells[i].len);
		bytes_add(journal, "", 1);
	}
	return 0;
}

bool journal_next(const struct journal *journal, size_t *at, uint8_t *statement,
		  struct cell cells[CELLS_MAX], size_t *count)
{
	const uint8_t *from = journal->bytes + *at;

	if (*at >= journal->len)
		return false;
	*statement = from[0];
	*count = from[1];
	from += 2;
	for (size_t i = 0; i < *count; i++) {
		cells[i].type = (enum cell_type) * from++;
		memcpy(&cells[i].number, from, sizeof(cells[i].number));
		from += sizeof(cells[i].number);
		memcpy(&cells[i].len, from, sizeof(cells[i].len));
		from += sizeof(cells[i].len);
		cells[i].data = from;
		from += cells[i].len + 1;
	}
	*at = (size_t)(from - journal->bytes);
	return true;
}

void journal_reset(struct journal *journal)
{
	journal->len = 0;
	if (journal->room > JOURNAL_ROOM_KEPT)
		journal_clear(journal);
}

void journal_clear(struct journal *journal)
{
	free(journal->bytes);
	*journal = (struct journal){ 0 };
}
