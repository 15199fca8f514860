/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* What the verifier has to do for each program, under a budget: a fifth of its limit of a million, so that
 * other kernels' verifiers, which follow more, have room. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdint.h>
#include <string.h>
#include <weir/abi.h>

#include "weir.skel.h"

#define VERIFIED_MAX 200000

static struct weir_bpf *skel;

static void every_program_stays_under_the_verifiers_budget(void **state)
{
	struct bpf_program *program;
	int programs = 0;

	(void)state;
	bpf_object__for_each_program(program, skel->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);

		assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len), 0);
		print_message("# %s: %u instructions followed, %u long\n",
			      bpf_program__name(program), info.verified_insns,
			      info.xlated_prog_len / 8);
		assert_in_range(info.verified_insns, 1, VERIFIED_MAX);
		programs++;
	}
	assert_int_equal(programs, 4);
}

/* bpftool and the loader find maps by their names, which the kernel cuts at 15 characters. */
static void map_names_fit_and_values_have_types(void **state)
{
	struct bpf_map *map;

	(void)state;
	bpf_object__for_each_map(map, skel->obj) {
		assert_in_range(strlen(bpf_map__name(map)), 1, 15);
		if (bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF)
			assert_int_not_equal(bpf_map__btf_value_type_id(map), 0);
	}
}

static int setup(void **state)
{
	struct bpf_map *map;

	(void)state;
	skel = weir_bpf__open();
	if (!skel)
		return -1;
	bpf_object__for_each_map(map, skel->obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_HASH)
			bpf_map__set_max_entries(map, 64);
	}
	return weir_bpf__load(skel);
}

static int teardown(void **state)
{
	(void)state;
	weir_bpf__destroy(skel);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_program_stays_under_the_verifiers_budget),
		cmocka_unit_test(map_names_fit_and_values_have_types),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
