/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <weir/syn_digest.h>

/* The signature of a SYN: how its options are read, where reading must stop, and that its digest and
 * its name tell the same SYNs apart. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/stack_names.h"
#include "core/syn_name.h"
#include "lib/rng.h"

static struct weir_syn_signature read_of(const void *bytes, size_t len)
{
	struct weir_syn_facts facts = { .options_len = (uint8_t)len };
	struct weir_syn_signature signature;

	memcpy(facts.options, bytes, len);
	weir_syn_signature_read(&facts, &signature);
	return signature;
}

static int has_quirk(const struct weir_syn_signature *signature, enum weir_syn_quirk quirk)
{
	return (signature->quirks >> quirk) & 1;
}

static void values_are_read_in_network_order(void **state)
{
	static const uint8_t bytes[] = { 2, 4, 0x05, 0xb4, 3, 3, 7, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0 };
	static const uint8_t kinds[WEIR_SYN_KINDS_MAX] = { 2, 3, 8 };
	struct weir_syn_signature signature = read_of(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(signature.kinds_count, 3);
	assert_memory_equal(signature.kinds, kinds, sizeof(kinds));
	assert_int_equal(signature.mss, 1460);
	assert_int_equal(signature.scale, 7);
	assert_false(has_quirk(&signature, WEIR_QUIRK_BAD));
	assert_false(has_quirk(&signature, WEIR_QUIRK_TS1_MINUS));
}

static void the_last_of_two_values_holds(void **state)
{
	static const uint8_t bytes[] = { 2, 4, 1, 0, 2, 4, 2, 0 };

	(void)state;
	assert_int_equal(read_of(bytes, sizeof(bytes)).mss, 512);
}

static void no_more_than_24_options_are_read_and_the_rest_is_bad(void **state)
{
	struct weir_syn_signature signature;
	uint8_t bytes[40];

	(void)state;
	memset(bytes, WEIR_TCP_NOP, sizeof(bytes));
	signature = read_of(bytes, 24);
	assert_int_equal(signature.kinds_count, 24);
	assert_false(has_quirk(&signature, WEIR_QUIRK_BAD));
	signature = read_of(bytes, 25);
	assert_int_equal(signature.kinds_count, 24);
	assert_true(has_quirk(&signature, WEIR_QUIRK_BAD));
	assert_int_equal(read_of(bytes, 40).kinds_count, 24);
}

static void an_option_that_says_more_than_there_is_reads_nothing_beyond(void **state)
{
	static const uint8_t kinds[] = { 2, 3, 4, 5, 8, 254 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds); i++) {
		for (unsigned len = 1; len <= 40; len++) {
			struct weir_syn_signature signature;
			uint8_t bytes[40];

			memset(bytes, WEIR_TCP_NOP, sizeof(bytes));
			bytes[len - 1] = kinds[i];
			signature = read_of(bytes, len);
			assert_true(has_quirk(&signature, WEIR_QUIRK_BAD));
			assert_int_equal(signature.kinds_count, len < 24 ? len : 24);
			assert_int_equal(signature.mss | signature.scale, 0);
			assert_false(has_quirk(&signature, WEIR_QUIRK_TS1_MINUS));
		}
	}
}

static void the_last_byte_of_padding_is_not_looked_at(void **state)
{
	static const uint8_t unused[] = { 1, 0, 0, 0, 9 }, used[] = { 1, 0, 0, 9, 0 };
	struct weir_syn_signature signature = read_of(unused, sizeof(unused));

	(void)state;
	assert_int_equal(signature.eol_bytes, 3);
	assert_false(has_quirk(&signature, WEIR_QUIRK_OPTIONS_PLUS));
	signature = read_of(used, sizeof(used));
	assert_true(has_quirk(&signature, WEIR_QUIRK_OPTIONS_PLUS));
}

/* ---- digest and name -------------------------------------------------------------------------- */

#define SYNS (1000 * 1000)
#define BASES 97	 /* so few that most SYNs have a relative that differs in a byte or two */
#define NAMES_MIN 100000 /* of a million: enough that differ, */
#define NAMES_MAX 800000 /* and enough that do not */
#define OPTION_KINDS 12	 /* all known ones and some that are not */
#define OCTET 256u

static unsigned below(struct rng *rng, unsigned bound)
{
	return (unsigned)((rng_next(rng) >> 32) % bound);
}

/* Options of every kind, mostly of their right lengths. */
static void options_make(struct rng *rng, struct weir_syn_facts *facts)
{
	size_t at = 0, room = below(rng, 11) * 4;

	facts->options_len = (uint8_t)room;
	while (at < room) {
		uint8_t kind = (uint8_t)below(rng, OPTION_KINDS);
		size_t len = weir_syn_option_len(kind);

		facts->options[at++] = kind;
		if (kind <= WEIR_TCP_NOP)
			continue;
		if (!len)
			len = 2 + below(rng, 12);
		for (size_t i = 1; i < len && at < room; i++)
			facts->options[at++] = i == 1 ? (uint8_t)len : (uint8_t)below(rng, OCTET);
	}
}

/* A window that is a multiple of something, as often as not. */
static uint16_t window_make(struct rng *rng, const struct weir_syn_facts *facts)
{
	static const uint16_t units[] = { 1, 1460, 1448, 1440, 1428, 1500 };
	struct weir_syn_signature signature;
	unsigned unit = units[below(rng, 6)];

	weir_syn_signature_read(facts, &signature);
	if (below(rng, 2) && signature.mss > WEIR_TIMESTAMP_BYTES)
		unit = signature.mss + (below(rng, 2) ? 0 : WEIR_HEADERS4_BYTES) -
		       (below(rng, 2) ? 0 : WEIR_TIMESTAMP_BYTES);
	return (uint16_t)(unit * below(rng, 46));
}

static void facts_make(uint64_t seed, struct weir_syn_facts *facts)
{
	struct rng rng = { .state = (seed + 1) * 0x9e3779b97f4a7c15ULL };

	memset(facts, 0, sizeof(*facts));
	options_make(&rng, facts);
	facts->ip_version = below(&rng, 3) ? 4 : 6;
	facts->ttl = (uint8_t)below(&rng, OCTET);
	facts->ip_options_len = below(&rng, 8) ? 0 : 8;
	facts->window = window_make(&rng, facts);
	facts->ip_id = below(&rng, 2) ? 7 : 0;
	facts->ip_flags = (uint16_t)below(&rng, 16);
	facts->tcp_flags = (uint16_t)(below(&rng, 2) ? 0x002 : below(&rng, 0x1000));
	facts->sequence = below(&rng, 4);
	facts->acknowledgment = below(&rng, 2);
	facts->urgent = (uint16_t)below(&rng, 2);
	facts->payload_len = (uint16_t)below(&rng, 2);
}

/* One of the changes that hide in corners: a bit of an option or of any fact, a new window, some other
 * length of the options. */
static void facts_mutate(struct rng *rng, struct weir_syn_facts *facts)
{
	uint8_t *bytes = (uint8_t *)facts;

	switch (below(rng, 6)) {
	case 0:
		facts->window = window_make(rng, facts);
		return;
	case 1:
		facts->options_len = (uint8_t)below(rng, 45);
		return;
	case 2:
		facts->options[below(rng, WEIR_TCP_OPTIONS_MAX)] =
			(uint8_t)below(rng, OPTION_KINDS);
		return;
	case 3:
		facts->ttl = (uint8_t)below(rng, OCTET);
		facts->ip_id ^= 0x0100;
		facts->sequence ^= 0x0100;
		return;
	default:
		bytes[below(rng, sizeof(*facts))] ^= (uint8_t)(1u << below(rng, 8));
	}
}

/* SYN number `index` of the million: random every eighth time, else a base with one to three changes. */
static void facts_of_index(uint32_t index, struct weir_syn_facts *facts)
{
	struct rng rng = { .state = (index + 1) * 0xbf58476d1ce4e5b9ULL };
	unsigned changes;

	if (index % 8 == 0) {
		facts_make(BASES + index, facts);
		return;
	}
	rng_next(&rng);
	facts_make(below(&rng, BASES), facts);
	changes = 1 + below(&rng, 3);
	for (unsigned i = 0; i < changes; i++)
		facts_mutate(&rng, facts);
}

struct pair {
	uint64_t name; /* the hash of it */
	uint64_t digest;
	uint32_t index;
};

static int pair_compare_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->name > y->name) - (x->name < y->name);
}

static int pair_compare_digest(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->digest > y->digest) - (x->digest < y->digest);
}

/* Neighbours in either order are equal in both or in none. Returns the number of different names. */
static size_t pairs_check(struct pair *pairs, int (*compare)(const void *, const void *))
{
	size_t names = 1;

	qsort(pairs, SYNS, sizeof(*pairs), compare);
	for (size_t i = 1; i < SYNS; i++) {
		char one[STACK_NAME_MAX], other[STACK_NAME_MAX];
		struct weir_syn_facts facts;

		names += pairs[i].name != pairs[i - 1].name;
		if ((pairs[i].name == pairs[i - 1].name) ==
		    (pairs[i].digest == pairs[i - 1].digest))
			continue;
		facts_of_index(pairs[i - 1].index, &facts);
		syn_name_format(&facts, false, one, sizeof(one));
		facts_of_index(pairs[i].index, &facts);
		syn_name_format(&facts, false, other, sizeof(other));
		fail_msg("SYNs %u and %u: %s and %s disagree with their digests",
			 pairs[i - 1].index, pairs[i].index, one, other);
	}
	return names;
}

static void a_million_syns_have_equal_digests_just_where_they_have_equal_names(void **state)
{
	struct pair *pairs = calloc(SYNS, sizeof(*pairs));

	(void)state;
	assert_non_null(pairs);
	for (uint32_t i = 0; i < SYNS; i++) {
		struct weir_syn_facts facts;
		char name[STACK_NAME_MAX];

		facts_of_index(i, &facts);
		assert_true(syn_name_format(&facts, false, name, sizeof(name)) > 0);
		pairs[i] = (struct pair){ .name = stack_name_digest(name),
					  .digest = weir_syn_digest(&facts, 1, 2),
					  .index = i };
	}
	assert_in_range(pairs_check(pairs, pair_compare_name), NAMES_MIN, NAMES_MAX);
	pairs_check(pairs, pair_compare_digest);
	free(pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_in_network_order),
		cmocka_unit_test(the_last_of_two_values_holds),
		cmocka_unit_test(no_more_than_24_options_are_read_and_the_rest_is_bad),
		cmocka_unit_test(an_option_that_says_more_than_there_is_reads_nothing_beyond),
		cmocka_unit_test(the_last_byte_of_padding_is_not_looked_at),
		cmocka_unit_test(
			a_million_syns_have_equal_digests_just_where_they_have_equal_names),
	};

	return cmocka_run_group_tests_name("syn_digest", tests, NULL, NULL);
}
