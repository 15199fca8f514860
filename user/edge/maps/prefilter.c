/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the nets of rules into the bits that stand in front of all rule maps. */

#include "edge/maps/prefilter.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <weir/bounds.h>
#include <weir/hash.h>

#define BITS_PER_WORD 64
#define NET4_BITS 24 /* a bit for each /24 */
#define NET6_BITS 48 /* a bit for each /48 */
#define BYTES4 (WEIR_PREFILTER4_WORDS * sizeof(uint64_t))
#define BYTES6 (WEIR_PREFILTER6_WORDS * sizeof(uint64_t))

int prefilter_open(struct prefilter *prefilter, int fd4, int fd6, const uint64_t hash_key[2])
{
	void *words4 = mmap(NULL, BYTES4, PROT_READ | PROT_WRITE, MAP_SHARED, fd4, 0);
	void *words6;
	int err;

	if (words4 == MAP_FAILED)
		return -errno;
	words6 = mmap(NULL, BYTES6, PROT_READ | PROT_WRITE, MAP_SHARED, fd6, 0);
	if (words6 == MAP_FAILED) {
		err = -errno;
		munmap(words4, BYTES4);
		return err;
	}
	*prefilter = (struct prefilter){
		.words4 = words4,
		.words6 = words6,
		.hash_key = { hash_key[0], hash_key[1] },
	};
	return 0;
}

void prefilter_close(struct prefilter *prefilter)
{
	if (!prefilter->words4)
		return;
	munmap(prefilter->words4, BYTES4);
	munmap(prefilter->words6, BYTES6);
	prefilter->words4 = prefilter->words6 = NULL;
}

int prefilter_new(struct prefilter *prefilter, const uint64_t hash_key[2])
{
	struct prefilter fresh = {
		.words4 = calloc(1, BYTES4),
		.words6 = calloc(1, BYTES6),
		.hash_key = { hash_key[0], hash_key[1] },
	};

	if (!fresh.words4 || !fresh.words6) {
		prefilter_free(&fresh);
		return -ENOMEM;
	}
	*prefilter = fresh;
	return 0;
}

void prefilter_free(struct prefilter *prefilter)
{
	free(prefilter->words4);
	free(prefilter->words6);
	prefilter->words4 = prefilter->words6 = NULL;
}

/* The daemon alone writes, programs on other CPUs read: a whole word at a time. */
static void word_or(uint64_t *word, uint64_t bits)
{
	__atomic_store_n(word, *word | bits, __ATOMIC_RELAXED);
}

static void bits_set(uint64_t *words, uint32_t first, uint32_t count)
{
	while (count) {
		uint32_t bit = first % BITS_PER_WORD;
		uint32_t here = BITS_PER_WORD - bit < count ? BITS_PER_WORD - bit : count;
		uint64_t mask = here == BITS_PER_WORD ? ~0ULL : ((1ULL << here) - 1) << bit;

		word_or(&words[first / BITS_PER_WORD], mask);
		first += here;
		count -= here;
	}
}

bool prefilter_add(struct prefilter *prefilter, const struct net *net)
{
	uint8_t len = net->prefix_len;

	if (net_is_ipv4(net)) {
		uint32_t count = 1;

		len -= NET_IPV4_OFFSET;
		if (len < NET4_BITS)
			count = 1u << (NET4_BITS - len);
		bits_set(prefilter->words4,
			 weir_prefilter4_bit(net->addr + NET_IPV4_OFFSET / 8) & ~(count - 1),
			 count);
		return true;
	}
	if (len < NET6_BITS)
		return false;
	bits_set(prefilter->words6,
		 weir_prefilter6_bit(net->addr, prefilter->hash_key[0], prefilter->hash_key[1]), 1);
	return true;
}

static void words_replace(uint64_t *into, const uint64_t *from, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (into[i] != from[i])
			__atomic_store_n(&into[i], from[i], __ATOMIC_RELAXED);
}

void prefilter_replace(struct prefilter *into, const struct prefilter *from)
{
	words_replace(into->words4, from->words4, WEIR_PREFILTER4_WORDS);
	words_replace(into->words6, from->words6, WEIR_PREFILTER6_WORDS);
}
