/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Exchanges of a log through engine and plan in the log's own time. */

#include "cmd/replay_engine.h"

#include <errno.h>
#include <stdlib.h>

#include "cmd/fleet_rules.h"
#include "core/engine.h"
#include "core/plan.h"
#include "core/rule.h"

/* Fixed, so that a replay gives the same answer twice. */
#define REPLAY_SEED 0x77656972ULL

struct replay {
	const struct config *config;
	uint8_t mode;
	struct engine *engine;
	struct rules *rules;
	uint64_t exchanges;
	uint64_t first_unix_ns, last_unix_ns;
	uint64_t next_tick_unix_ns; /* 0: no exchange yet */
};

struct replay *replay_new(const struct config *config, uint8_t mode)
{
	struct replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return NULL;
	replay->config = config;
	replay->mode = mode;
	replay->engine = engine_new(&config->detect, REPLAY_SEED);
	replay->rules = rules_new(config->rules_max);
	if (replay->engine && replay->rules)
		return replay;
	replay_free(replay);
	return NULL;
}

void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	engine_free(replay->engine);
	rules_free(replay->rules);
	free(replay);
}

/* Allows of the configuration hold in a replay, too. */
static int allows_put(struct replay *replay)
{
	int error = 0;

	for (size_t i = 0; i < replay->config->allow_count && !error; i++) {
		struct rule rule = {
			.net = replay->config->allow[i],
			.action = WEIR_ACTION_ALLOW,
			.origin = WEIR_ORIGIN_OPERATOR,
			.list = "config",
			.reason = "configuration",
			.by = "configuration",
		};

		error = rules_put(replay->rules, &rule, NULL);
	}
	return error;
}

static int tick(struct replay *replay, uint64_t now_unix_ns)
{
	struct plan_inputs inputs = {
		.engine = replay->engine,
		.rules = replay->rules,
		.settings = &replay->config->plan,
		.mode = replay->mode,
		.now_unix_ns = now_unix_ns,
		.history_ns = now_unix_ns - replay->first_unix_ns,
		.ttl_max_ns = replay->config->rule_ttl_max_ns,
		.holdout_key = REPLAY_SEED,
	};
	struct plan plan = { 0 };
	int error = engine_tick(replay->engine, now_unix_ns);

	rules_expire(replay->rules, now_unix_ns);
	if (!error)
		error = plan_make(&inputs, &plan);
	if (!error)
		error = fleet_rules_put(&plan, replay->engine, replay->rules, NULL, NULL);
	plan_clear(&plan);
	return error;
}

/* One tick at each multiple, but a silence is crossed in one step: nothing new could be found in it. */
static int ticks_until(struct replay *replay, uint64_t now_unix_ns)
{
	uint64_t step_ns = replay->config->detect.tick_ns;
	int error = 0;

	if (replay->next_tick_unix_ns > now_unix_ns)
		return 0;
	error = tick(replay, replay->next_tick_unix_ns);
	replay->next_tick_unix_ns += step_ns;
	if (error || replay->next_tick_unix_ns > now_unix_ns)
		return error;
	replay->next_tick_unix_ns += (now_unix_ns - replay->next_tick_unix_ns) / step_ns * step_ns;
	error = tick(replay, replay->next_tick_unix_ns);
	replay->next_tick_unix_ns += step_ns;
	return error;
}

int replay_add(struct replay *replay, const struct exchange *exchange)
{
	int error = 0;

	if (!replay->exchanges) {
		replay->first_unix_ns = replay->last_unix_ns = exchange->time_unix_ns;
		replay->next_tick_unix_ns = exchange->time_unix_ns + replay->config->detect.tick_ns;
		error = allows_put(replay);
	}
	/* An exchange ends after others that began later. */
	if (exchange->time_unix_ns < replay->first_unix_ns)
		replay->first_unix_ns = exchange->time_unix_ns;
	if (!error)
		error = ticks_until(replay, exchange->time_unix_ns);
	if (!error)
		error = engine_add(replay->engine, exchange);
	if (error && error != -ENOSPC)
		return error;
	replay->exchanges++;
	if (exchange->time_unix_ns > replay->last_unix_ns)
		replay->last_unix_ns = exchange->time_unix_ns;
	return 0;
}

int replay_finish(struct replay *replay)
{
	struct detect_settings settings = replay->config->detect;

	if (!replay->exchanges)
		return 0;
	settings.scan_ns = 1;
	engine_configure(replay->engine, &settings);
	return tick(replay, replay->last_unix_ns);
}

static json_t *time_new(uint64_t unix_ns)
{
	return unix_ns ? json_integer((json_int_t)unix_ns) : json_null();
}

static json_t *evidence_new(const struct fleet *fleet)
{
	json_t *array = json_array();

	for (size_t i = 0; i < fleet->evidence_count; i++) {
		const struct evidence *evidence = &fleet->evidence[i];

		json_array_append_new(array,
				      json_pack("{s:s,s:f,s:s,s:s,s:s}", "test", evidence->test,
						"db", evidence->db, "why", evidence->why, "family",
						evidence->family, "question",
						evidence->question == EVIDENCE_COORDINATION ?
							"coordination" :
							"concealment"));
	}
	return array;
}

static json_t *members_new(const struct fleet *fleet)
{
	json_t *array = json_array();

	for (size_t i = 0; i < fleet->member_count; i++) {
		const struct fleet_member *member = &fleet->members[i];
		char source[NET_TEXT_MAX];

		if (!member->is_listed)
			continue;
		net_format(&member->source, source);
		json_array_append_new(array, json_pack("{s:s,s:I}", "source", source, "since_ns",
						       (json_int_t)member->since_unix_ns));
	}
	return array;
}

static json_t *fleets_new(const struct replay *replay)
{
	json_t *array = json_array();
	size_t count;
	const struct fleet *const *fleets = engine_fleets(replay->engine, &count);

	for (size_t i = 0; i < count; i++) {
		const struct fleet *fleet = fleets[i];

		json_array_append_new(
			array,
			json_pack("{s:s,s:s,s:f,s:f,s:s,s:o,s:o,s:o,s:o}", "id", fleet->id, "level",
				  fleet_level_name(fleet->level), "score_db", fleet->score_db,
				  "concealment_db", fleet->concealment_db, "state",
				  fleet_state_name(fleet->state), "first_suspected_ns",
				  time_new(fleet->first_suspected_unix_ns), "first_confirmed_ns",
				  time_new(fleet->first_confirmed_unix_ns), "evidence",
				  evidence_new(fleet), "sources", members_new(fleet)));
	}
	return array;
}

static int rule_append(const struct rule *rule, void *arg)
{
	char source[NET_TEXT_MAX];

	if (rule->origin != WEIR_ORIGIN_FLEET)
		return 0;
	net_format(&rule->net, source);
	return json_array_append_new(
		arg, json_pack("{s:s,s:n,s:s,s:s,s:I}", "source", source, "stack", "action",
			       rule_action_name(rule->action), "fleet", rule->list, "since_ns",
			       (json_int_t)rule->created_unix_ns));
}

json_t *replay_json(const struct replay *replay)
{
	struct engine_stats stats;
	json_t *rules = json_array();

	engine_stats(replay->engine, &stats);
	rules_each(replay->rules, rule_append, rules);
	return json_pack("{s:I,s:I,s:o,s:o,s:o,s:o}", "exchanges", (json_int_t)replay->exchanges,
			 "sources", (json_int_t)stats.sources, "first_ns",
			 time_new(replay->first_unix_ns), "last_ns", time_new(replay->last_unix_ns),
			 "fleets", fleets_new(replay), "rules", rules);
}
