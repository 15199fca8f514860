/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Everything a person asks first into one answer: attached, in force, full, lost, wrong. */

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/daemon/handlers.h"
#include "edge/metrics.h"

#define ATTACHMENTS_MAX 64
#define FILLS_MAX 32

static const char *hook_name(enum kernel_hook hook)
{
	static const char *const names[] = { "xdp", "tc ingress", "tc egress" };

	return names[hook];
}

static const char *via_name(enum kernel_via via)
{
	static const char *const names[] = { "none", "native", "generic", "tcx", "clsact" };

	return names[via];
}

static json_t *attachments_new(const struct daemon *d)
{
	struct kernel_attachment rows[ATTACHMENTS_MAX];
	size_t count = kernel_attachments(d->kernel, rows, ATTACHMENTS_MAX);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			array, json_pack("{s:s,s:i,s:s,s:s,s:i,s:i,s:s}", "interface",
					 rows[i].interface, "ifindex", rows[i].ifindex, "hook",
					 hook_name(rows[i].hook), "via", via_name(rows[i].via),
					 "program_id", (int)rows[i].program_id, "link_id",
					 (int)rows[i].link_id, "problem", rows[i].problem));
	return array;
}

static json_t *fills_new(const struct daemon *d)
{
	struct maps_fill rows[FILLS_MAX];
	size_t count = maps_fill(&d->maps, rows, FILLS_MAX);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:s,s:I,s:I}", "map", rows[i].name, "used",
						       (json_int_t)rows[i].used, "max",
						       (json_int_t)rows[i].max));
	json_array_append_new(array, json_pack("{s:s,s:I,s:I}", "map", "rules", "used",
					       (json_int_t)rules_count(d->rules), "max",
					       (json_int_t)d->config.rules_max));
	return array;
}

static json_t *reasons_new(const struct daemon *d)
{
	static const struct {
		const char *name, *kind, *text;
	} names[] = {
#define X(name, kind, text) { #name, #kind, text },
		WEIR_REASONS(X)
#undef X
	};
	json_t *array = json_array();

	for (size_t i = 0; i < WEIR_REASON_MAX; i++) {
		if (!d->reasons[i].packets)
			continue;
		json_array_append_new(array, json_pack("{s:i,s:s,s:s,s:s,s:I,s:I}", "reason",
						       (int)i, "name", names[i].name, "kind",
						       names[i].kind, "text", names[i].text,
						       "packets", (json_int_t)d->reasons[i].packets,
						       "bytes", (json_int_t)d->reasons[i].bytes));
	}
	return array;
}

static json_t *problems_new(const struct daemon *d)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->problems.count; i++) {
		const struct problem *problem = &d->problems.rows[i];

		json_array_append_new(array,
				      json_pack("{s:s,s:s,s:s,s:I,s:b}", "key", problem->key,
						"what", problem->what, "do", problem->advice,
						"since_unix_ns", (json_int_t)problem->since_unix_ns,
						"is_notice", problem->is_notice));
	}
	return array;
}

static json_t *fleets_new(const struct daemon *d)
{
	json_int_t levels[FLEET_CONFIRMED + 1] = { 0 };
	size_t count;
	const struct fleet *const *fleets = engine_fleets(d->engine, &count);

	for (size_t i = 0; i < count; i++) {
		if (fleets[i]->state == FLEET_ACTIVE)
			levels[fleets[i]->level]++;
	}
	return json_pack("{s:I,s:I,s:I}", "watch", levels[FLEET_WATCH], "suspect",
			 levels[FLEET_SUSPECT], "confirmed", levels[FLEET_CONFIRMED]);
}

static int origin_count(const struct rule *rule, void *arg)
{
	((json_int_t *)arg)[rule->origin]++;
	return 0;
}

static json_t *rules_new_count(const struct daemon *d)
{
	json_int_t origins[WEIR_ORIGIN_MAX] = { 0 };
	json_t *object = json_object();

	rules_each(d->rules, origin_count, origins);
	for (uint8_t i = 0; i < WEIR_ORIGIN_MAX; i++)
		json_object_set_new(object, rule_origin_name(i), json_integer(origins[i]));
	return object;
}

static json_t *engine_new_stats(const struct daemon *d)
{
	struct engine_stats stats;

	engine_stats(d->engine, &stats);
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "exchanges",
			 (json_int_t)stats.exchanges, "sources", (json_int_t)stats.sources,
			 "sources_refused", (json_int_t)stats.sources_refused, "first_unix_ns",
			 (json_int_t)stats.first_unix_ns, "last_unix_ns",
			 (json_int_t)stats.last_unix_ns, "ticks", (json_int_t)stats.ticks, "scans",
			 (json_int_t)stats.scans, "tick_took_ns", (json_int_t)d->tick_took_ns,
			 "top_share", json_figure_new(stats.top_share));
}

static json_t *services_new(const struct daemon *d)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->config.service_count; i++) {
		const struct service *service = &d->config.services[i];
		struct net net = { .prefix_len = 128 };
		static const uint8_t any[16];

		memcpy(net.addr, service->addr, sizeof(net.addr));
		json_array_append_new(array,
				      json_pack("{s:o,s:i,s:s}", "address",
						memcmp(service->addr, any, sizeof(any)) ?
							json_net_new(&net) :
							json_string("*"),
						"port", service->port, "protocol",
						service->protocol == IPPROTO_UDP ? "udp" : "tcp"));
	}
	return array;
}

static json_t *ledger_new(const struct daemon *d)
{
	char created[32];
	json_t *object = json_pack("{s:b}", "is_writable", ledger_is_writable(d->ledger));

	if (!ledger_get_value(d->ledger, "created_unix_ns", created, sizeof(created)))
		json_object_set_new(object, "created_unix_ns",
				    json_integer((json_int_t)strtoull(created, NULL, 10)));
	return object;
}

json_t *answer_status(struct daemon *d, const struct request *request)
{
	uint64_t now_ns = clock_boot_ns();
	json_t *result;

	(void)request;
	maps_sum_reasons(&d->maps, d->reasons);
	daemon_check_health(d);
	result = json_pack("{s:s,s:i,s:i,s:I,s:I,s:I,s:s,s:b,s:b}", "version", WEIR_VERSION, "abi",
			   WEIR_ABI_VERSION, "pid", (int)getpid(), "now_unix_ns",
			   (json_int_t)clock_unix_ns(), "started_unix_ns",
			   (json_int_t)d->started_unix_ns, "uptime_ns",
			   (json_int_t)(now_ns - d->started_boot_ns), "mode", mode_name(d->mode),
			   "is_persistent", d->config.is_persistent, "is_well",
			   !problems_are_serious(&d->problems));
	json_object_set_new(result, "services", services_new(d));
	json_object_set_new(result, "attachments", attachments_new(d));
	json_object_set_new(result, "maps", fills_new(d));
	json_object_set_new(result, "reasons", reasons_new(d));
	json_object_set_new(result, "engine", engine_new_stats(d));
	json_object_set_new(result, "ledger", ledger_new(d));
	json_object_set_new(result, "fleets", fleets_new(d));
	json_object_set_new(result, "rules", rules_new_count(d));
	json_object_set_new(result, "problems", problems_new(d));
	return answer_ok(result);
}

void daemon_write_metrics(FILE *out, void *arg)
{
	json_t *answer = answer_status(arg, NULL);

	metrics_write(out, json_object_get(answer, "result"));
	json_decref(answer);
}
