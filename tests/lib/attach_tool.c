/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns lines of standard input into calls of edge/kernel.h, for tests/e2e/attach.bats. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>

#include <weir/reasons.h>

#include "edge/kernel.h"
#include "edge/log.h"

#define ATTACHMENTS_MAX 32
#define TOOL_ENTRIES 1024
#define NS_PER_S 1000000000ULL

static const char *const via_names[] = {
	[KERNEL_VIA_NONE] = "none",	      [KERNEL_VIA_XDP_NATIVE] = "native",
	[KERNEL_VIA_XDP_GENERIC] = "generic", [KERNEL_VIA_TCX] = "tcx",
	[KERNEL_VIA_CLSACT] = "clsact",
};
static const char *const hook_names[] = {
	[KERNEL_XDP] = "xdp",
	[KERNEL_TC_INGRESS] = "in",
	[KERNEL_TC_EGRESS] = "out",
};
static const char *const start_names[] = {
	[KERNEL_FRESH] = "fresh",
	[KERNEL_TAKEN] = "taken",
	[KERNEL_SWITCHED] = "switched",
};

/* Of kernel 6.6, newer than the headers. */
#define ATTACH_TCX_INGRESS ((enum bpf_attach_type)46)
#define FOREIGN_MAX 16

static struct config config;
static struct kernel *kernel;
static int watch_fd = -1;

static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (unsigned long long)now.tv_sec * NS_PER_S + (unsigned long long)now.tv_nsec;
}

/* What a daemon would write: enough for the next one to take over, and for programs to judge. */
static int meta_write(void)
{
	struct weir_meta meta = {
		.abi_version = WEIR_ABI_VERSION,
		.source_prefix6 = config.source_prefix6,
		.heartbeat_ns = now_ns(),
		.flows_max = config.flows_max,
		.sources_max = config.sources_max,
		.rules_max = config.rules_max,
		.daemon_pid = (__u32)getpid(),
	};
	__u32 key = 0;

	return bpf_map_update_elem(kernel_maps(kernel)->meta, &key, &meta, BPF_ANY);
}

static int tool_open(void)
{
	int err = kernel_open(&config, &kernel);

	if (err)
		return err;
	printf("start %s\n", start_names[kernel_start(kernel)]);
	return meta_write();
}

static int tool_attach(void)
{
	int count = kernel_attach(kernel, &config);

	if (count >= 0)
		printf("attached %d\n", count);
	return count < 0 ? count : 0;
}

static int tool_status(void)
{
	struct kernel_attachment rows[ATTACHMENTS_MAX];
	size_t count = kernel_attachments(kernel, rows, ATTACHMENTS_MAX);

	for (size_t i = 0; i < count; i++)
		printf("%s %s %s program=%s link=%s problem=%s\n", rows[i].interface,
		       hook_names[rows[i].hook], via_names[rows[i].via],
		       rows[i].program_id ? "yes" : "no", rows[i].link_id ? "yes" : "no",
		       rows[i].problem);
	return 0;
}

static void say(const char *what, void *arg)
{
	(void)arg;
	printf("removed %s\n", what);
}

static int tool_detach(void)
{
	int count = kernel_detach(config.pin_dir, say, NULL);

	if (count >= 0)
		printf("detached %d\n", count);
	return count < 0 ? count : 0;
}

static int tool_watch(void)
{
	if (watch_fd < 0)
		watch_fd = kernel_watch_interfaces();
	if (watch_fd < 0)
		return watch_fd;
	printf("changed %s\n", kernel_read_interfaces(watch_fd) ? "yes" : "no");
	return 0;
}

static int tool_pid(void)
{
	printf("pid %d\n", (int)kernel_daemon_pid(config.run_dir));
	return 0;
}

static int tool_commit(void)
{
	return kernel_commit(kernel);
}

static int tool_recreate(void)
{
	return kernel_recreate_push(kernel, "push_net4");
}

static int tool_freeze(void)
{
	return bpf_map_freeze(kernel_maps(kernel)->push_net4) == 0 ? 0 : -errno;
}

static int tool_close(void)
{
	kernel_close(kernel);
	kernel = NULL;
	return 0;
}

static const char *const reason_kinds[] = {
#define X(name, kind, text) #kind,
	WEIR_REASONS(X)
#undef X
};

/* Packets that the programs have looked at: each ends under one reason that is not an event. */
static int tool_counters(void)
{
	int cpus = libbpf_num_possible_cpus(), fd = kernel_maps(kernel)->counters;
	struct weir_counter *values = calloc((size_t)cpus, sizeof(*values));
	unsigned long long sum = 0;

	for (__u32 key = 0; values && key < WEIR_REASON_MAX; key++) {
		if (strcmp(reason_kinds[key], "EVENT") == 0 ||
		    bpf_map_lookup_elem(fd, &key, values) != 0)
			continue;
		for (int i = 0; i < cpus; i++)
			sum += values[i].packets;
	}
	free(values);
	printf("counters %llu\n", sum);
	return 0;
}

/* Somebody else's program: one that passes every packet and ends the chain. */
static int foreign_load(enum bpf_prog_type type, int verdict)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(type, "foreign", "GPL", code, 2, NULL);
}

/* Links live as long as this process. */
static int foreign_attach(const char *how, const char *interface)
{
	int ifindex = (int)if_nametoindex(interface);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1);
	int fd;

	if (strcmp(how, "xdp") == 0) {
		fd = foreign_load(BPF_PROG_TYPE_XDP, 2 /* XDP_PASS */);
		return bpf_link_create(fd, ifindex, BPF_XDP, NULL) < 0 ? -errno : 0;
	}
	fd = foreign_load(BPF_PROG_TYPE_SCHED_CLS, 0 /* TC_ACT_OK */);
	if (strcmp(how, "tcx") == 0)
		return bpf_link_create(fd, ifindex, ATTACH_TCX_INGRESS, NULL) < 0 ? -errno : 0;
	bpf_tc_hook_create(&hook);
	opts.prog_fd = fd;
	return bpf_tc_attach(&hook, &opts);
}

/* "tcx v0 weir_tc_in foreign": the programs of an interface's TCX ingress in their order. */
static int tcx_show(const char *interface)
{
	__u32 ids[FOREIGN_MAX], count = FOREIGN_MAX;

	if (bpf_prog_query((int)if_nametoindex(interface), ATTACH_TCX_INGRESS, 0, NULL, ids,
			   &count))
		return -errno;
	printf("tcx %s", interface);
	for (__u32 i = 0; i < count; i++) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(ids[i]);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
			printf(" %s", info.name);
		if (fd >= 0)
			close(fd);
	}
	printf("\n");
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(void);
} tool_commands[] = {
	{ "open", tool_open },
	{ "attach", tool_attach },
	{ "status", tool_status },
	{ "detach", tool_detach },
	{ "watch", tool_watch },
	{ "pid", tool_pid },
	{ "commit", tool_commit },
	{ "recreate", tool_recreate },
	{ "freeze", tool_freeze },
	{ "close", tool_close },
	{ "drop", kernel_drop_capabilities },
	{ "counters", tool_counters },
};

/* "set NAME VALUE": what of the configuration the tests change. */
static int config_word(const char *name, const char *value)
{
	if (strcmp(name, "xdp") == 0)
		config.xdp_is_wanted = strcmp(value, "yes") == 0;
	else if (strcmp(name, "tcx") == 0)
		config.tcx_is_wanted = strcmp(value, "yes") == 0;
	else if (strcmp(name, "generic") == 0)
		config.generic_xdp_is_allowed = strcmp(value, "yes") == 0;
	else if (strcmp(name, "flows") == 0)
		config.flows_max = (uint32_t)atoi(value);
	else if (strcmp(name, "group") == 0)
		snprintf(config.group, sizeof(config.group), "%s", value);
	else if (strcmp(name, "interface") == 0)
		snprintf(config.interfaces[config.interface_count++ % 16], 16, "%.15s", value);
	else if (strcmp(name, "interfaces") == 0)
		config.interface_count = 0;
	else
		return -EINVAL;
	return 0;
}

static int line_run(char *line)
{
	char name[32], value[64];

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "set %31s %63s", name, value) == 2)
		return config_word(name, value);
	if (sscanf(line, "foreign %31s %63s", name, value) == 2)
		return foreign_attach(name, value);
	if (sscanf(line, "order %63s", value) == 1)
		return tcx_show(value);
	for (size_t i = 0; i < sizeof(tool_commands) / sizeof(tool_commands[0]); i++)
		if (strcmp(line, tool_commands[i].name) == 0)
			return tool_commands[i].fn();
	return -EINVAL;
}

int main(int argc, char **argv)
{
	char line[256];

	if (argc != 3) {
		fprintf(stderr, "usage: attach_tool PIN_DIR RUN_DIR <COMMANDS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_init(getenv("ATTACH_TOOL_DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	snprintf(config.pin_dir, sizeof(config.pin_dir), "%s", argv[1]);
	snprintf(config.run_dir, sizeof(config.run_dir), "%s", argv[2]);
	config.xdp_is_wanted = config.tcx_is_wanted = true;
	config.flows_max = config.sources_max = config.rules_max = TOOL_ENTRIES;
	config.stacks_max = config.syns_max = TOOL_ENTRIES;
	config.exchanges_ring_bytes = 65536;
	config.source_prefix6 = 64;
	while (fgets(line, sizeof(line), stdin)) {
		int err = line_run(line);

		if (err)
			printf("%s: %s\n", line, strerror(-err));
		else
			printf("%s: ok\n", line);
	}
	if (kernel)
		kernel_close(kernel);
	return 0;
}
