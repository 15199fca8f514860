/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/lists.h"

/* Any bytes as a list: whatever is read is sorted, apart, and reads back as written. */

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void list_check(const struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct net masked = list->entries[i].net;

		net_mask(&masked);
		assert(net_compare(&masked, &list->entries[i].net) == 0);
		assert(i == 0 || net_compare(&list->entries[i - 1].net, &masked) < 0);
		assert(list->entries[i].line > 0);
	}
	for (size_t i = 0; i < list->problem_count; i++)
		assert(list->problems[i].line > 0 && list->problems[i].why[0]);
}

/* Written as plain lines and read again it is the same list. */
static void list_check_round_trip(const struct list *list)
{
	struct net *nets = calloc(list->count + 1, sizeof(*nets));
	struct list again;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size), *in;

	assert(nets && out);
	for (size_t i = 0; i < list->count; i++)
		nets[i] = list->entries[i].net;
	assert(list_write(out, LIST_PLAIN, nets, list->count) == 0);
	fclose(out);
	in = size ? fmemopen(text, size, "r") : fopen("/dev/null", "r");
	assert(in && list_read(in, "again", &again) == 0);
	fclose(in);
	assert(again.count == list->count && again.problem_count == 0);
	for (size_t i = 0; i < list->count; i++)
		assert(net_compare(&again.entries[i].net, &nets[i]) == 0);
	list_clear(&again);
	free(text);
	free(nets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct list list;
	FILE *in;

	if (size == 0)
		return 0;
	in = fmemopen((void *)(uintptr_t)data, size, "r");
	assert(in);
	if (list_read(in, "fuzz", &list) == 0) {
		list_check(&list);
		list_check_round_trip(&list);
		list_clear(&list);
	}
	fclose(in);
	return 0;
}
