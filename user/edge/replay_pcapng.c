/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A pcapng file into a stream that libpcap reads whole: every interface gets the same snapshot length. */

#include "edge/replay_capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * libpcap keeps one snapshot length for a file and stops at an interface with another one (1.10, and
 * every Wireshark capture of "any two interfaces" may have one). The length bounds nothing that we
 * need, so it is evened out on the way, block by block, and nothing else is touched.
 */
#define SNAPSHOT_BYTES (256u << 10) /* libpcap's own maximum */
#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du

/* What the two kinds of blocks that matter begin with. */
struct block_head {
	uint32_t type, len_bytes;
	uint32_t first; /* section: byte order; interface: link type and 16 bits of padding */
	uint32_t snapshot_bytes; /* interface */
};
#define HEAD_BYTES offsetof(struct block_head, snapshot_bytes) /* as long as the shortest block */

struct pcapng {
	FILE *in;
	bool is_swapped; /* the section is in the other byte order */
	struct block_head head;
	size_t head_at, head_len; /* of its bytes: handed on, read */
	uint64_t body_bytes;	  /* of the block behind its head: to hand on */
};

static uint32_t host_order(const struct pcapng *pcapng, uint32_t value)
{
	return pcapng->is_swapped ? __builtin_bswap32(value) : value;
}

/* Reads the head of the next block; a block that makes no sense is left to libpcap, with all behind it. */
static void block_begin(struct pcapng *pcapng)
{
	struct block_head *head = &pcapng->head;
	uint32_t len_bytes;

	pcapng->head_at = 0;
	pcapng->head_len = fread(head, 1, HEAD_BYTES, pcapng->in);
	if (pcapng->head_len < HEAD_BYTES)
		return;
	if (head->type == BLOCK_SECTION)
		pcapng->is_swapped = head->first != BYTE_ORDER_MAGIC;
	if (host_order(pcapng, head->type) == BLOCK_INTERFACE) {
		pcapng->head_len +=
			fread(&head->snapshot_bytes, 1, sizeof(head->snapshot_bytes), pcapng->in);
		head->snapshot_bytes = host_order(pcapng, SNAPSHOT_BYTES);
	}
	len_bytes = host_order(pcapng, head->len_bytes);
	pcapng->body_bytes =
		len_bytes < pcapng->head_len ? UINT64_MAX : len_bytes - pcapng->head_len;
}

static ssize_t pcapng_read(void *cookie, char *out, size_t size)
{
	struct pcapng *pcapng = cookie;
	size_t got;

	if (pcapng->head_at == pcapng->head_len && !pcapng->body_bytes)
		block_begin(pcapng);
	if (pcapng->head_at < pcapng->head_len) {
		got = pcapng->head_len - pcapng->head_at;
		got = got < size ? got : size;
		memcpy(out, (const char *)&pcapng->head + pcapng->head_at, got);
		pcapng->head_at += got;
		return (ssize_t)got;
	}
	got = fread(out, 1, size < pcapng->body_bytes ? size : (size_t)pcapng->body_bytes,
		    pcapng->in);
	pcapng->body_bytes -= got;
	return ferror(pcapng->in) ? -1 : (ssize_t)got;
}

static int pcapng_close(void *cookie)
{
	struct pcapng *pcapng = cookie;

	fclose(pcapng->in);
	free(pcapng);
	return 0;
}

FILE *capture_even_out(FILE *in)
{
	cookie_io_functions_t functions = { .read = pcapng_read, .close = pcapng_close };
	struct pcapng *pcapng = calloc(1, sizeof(*pcapng));
	FILE *out;

	if (!pcapng)
		return NULL;
	pcapng->in = in;
	out = fopencookie(pcapng, "r", functions);
	if (!out)
		free(pcapng);
	return out;
}
