/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* One tick: exchanges -> fleets -> plan -> rules, and what changed said in log and events. */

#include "cmd/daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/daemon/fleet_memory.h"
#include "cmd/fleet_rules.h"
#include "cmd/rule_copy.h"
#include "edge/log.h"

/* Refreshed expiries reach the ledger at least this often; a restart after it finds them fresh enough. */
#define SAVE_EVERY_NS (600 * NS_PER_S)

static void fleet_say(struct daemon *d, const struct fleet *fleet, const char *change)
{
	log_info("fleet %s: %s: %s, %zu members, coordination %.0f dB, concealment %.0f dB",
		 fleet->id, change, fleet_level_name(fleet->level), fleet->member_count,
		 fleet->score_db, fleet->concealment_db);
	events_write(d->events, clock_unix_ns(), "fleet", NULL,
		     json_pack("{s:s,s:s,s:s,s:s,s:i,s:f,s:f}", "id", fleet->id, "change", change,
			       "level", fleet_level_name(fleet->level), "state",
			       fleet_state_name(fleet->state), "members", (int)fleet->member_count,
			       "score_db", fleet->score_db, "concealment_db",
			       fleet->concealment_db));
}

struct judgement_find {
	const struct fleet *fleet;
	enum fleet_word word;
};

/* Members that both know, of the smaller of the two sets: a fleet that comes back under another id. */
static int judgement_match(const char *fleet_id, enum fleet_word word, const struct net *members,
			   size_t member_count, void *arg)
{
	struct judgement_find *find = arg;
	size_t smaller =
		member_count < find->fleet->member_count ? member_count : find->fleet->member_count;
	size_t both = 0;

	if (!strcmp(fleet_id, find->fleet->id)) {
		find->word = word;
		return 1;
	}
	for (size_t i = 0; i < member_count; i++)
		both += fleet_find_member(find->fleet, &members[i]) != NULL;
	if (!smaller || both * 2 <= smaller)
		return 0;
	find->word = word;
	return 1;
}

/* The operator's words outlive the ledger: they are asked again for every fleet without one. */
static void words_apply(struct daemon *d)
{
	size_t count;
	const struct fleet *const *fleets = engine_fleets(d->engine, &count);

	for (size_t i = 0; i < count; i++) {
		struct judgement_find find = { .fleet = fleets[i] };

		if (fleets[i]->word != FLEET_UNJUDGED ||
		    !words_each_judgement(d->words, judgement_match, &find))
			continue;
		if (find.word == FLEET_UNJUDGED)
			continue;
		log_info("fleet %s: the operator's word of an earlier one holds: %s", fleets[i]->id,
			 fleet_word_name(find.word));
		if (!engine_judge(d->engine, fleets[i]->id, find.word))
			fleets = engine_fleets(d->engine, &count);
	}
}

static void fleets_report(struct daemon *d)
{
	size_t count;
	const struct fleet *const *fleets = engine_fleets(d->engine, &count);

	for (size_t i = 0; i < count; i++) {
		const char *change = fleet_memory_note(&d->fleet_memory, fleets[i]);

		if (change)
			fleet_say(d, fleets[i], change);
	}
}

struct list_save {
	struct daemon *d;
	bool is_open;	/* a transaction */
	bool is_wanted; /* whether it changed or not */
	int error;
};

static int list_write(struct daemon *d, const char *list)
{
	struct rule *rules = NULL;
	size_t count = 0;
	int error = rules_copy_list(d->rules, WEIR_ORIGIN_FLEET, list, &rules, &count);

	if (!error)
		error = ledger_replace_rules(d->ledger, WEIR_ORIGIN_FLEET, list, rules, count);
	free(rules);
	return error;
}

static void list_saved(const char *list, const struct rules_replaced *replaced, void *arg)
{
	struct list_save *save = arg;

	if (!replaced->added && !replaced->removed && !save->is_wanted)
		return;
	if (save->is_open && !save->error)
		save->error = list_write(save->d, list);
	if (!replaced->added && !replaced->removed)
		return;
	log_info("fleet %s: %zu rules added, %zu removed, %zu kept", list, replaced->added,
		 replaced->removed, replaced->kept);
	events_write(save->d->events, clock_unix_ns(), "rule", NULL,
		     json_pack("{s:s,s:s,s:i,s:i,s:i}", "origin", "fleet", "list", list, "added",
			       (int)replaced->added, "removed", (int)replaced->removed, "kept",
			       (int)replaced->kept));
}

static int plan_remake(struct daemon *d)
{
	struct engine_stats stats;
	struct plan_inputs inputs = {
		.engine = d->engine,
		.rules = d->rules,
		.settings = &d->config.plan,
		.mode = d->mode,
		.now_unix_ns = clock_unix_ns(),
		.ttl_max_ns = d->config.rule_ttl_max_ns,
		.holdout_key = d->maps.hash_key[1],
	};
	struct plan plan = { 0 };
	int error;

	engine_stats(d->engine, &stats);
	/* A clock that was set back behind the first exchange is no history. */
	if (stats.exchanges && inputs.now_unix_ns > stats.first_unix_ns)
		inputs.history_ns = inputs.now_unix_ns - stats.first_unix_ns;
	error = plan_make(&inputs, &plan);
	if (error)
		return error;
	plan_clear(&d->plan);
	d->plan = plan;
	return 0;
}

void daemon_replan(struct daemon *d)
{
	uint64_t now_ns = clock_boot_ns();
	struct list_save save = {
		.d = d,
		.is_wanted = now_ns - d->fleet_rules_saved_ns > SAVE_EVERY_NS,
	};
	int error = plan_remake(d);

	/* Without a ledger rules still go to the maps; status says that it cannot be written. */
	save.is_open = !ledger_begin(d->ledger);
	if (!error)
		error = fleet_rules_put(&d->plan, d->engine, d->rules, list_saved, &save);
	if (save.is_open && !ledger_commit(d->ledger) && !save.error && save.is_wanted)
		d->fleet_rules_saved_ns = now_ns;
	if (error)
		log_error("fleet rules are not renewed: %s", strerror(-error));
	daemon_apply_rules(d);
}

void daemon_tick(struct daemon *d)
{
	uint64_t start_ns = clock_boot_ns();
	int error = engine_tick(d->engine, clock_unix_ns());

	d->tick_took_ns = clock_boot_ns() - start_ns;
	if (d->tick_took_ns > NS_PER_S)
		log_info("the tick took %llu ms", (unsigned long long)(d->tick_took_ns / 1000000));
	daemon_heartbeat(d);
	if (error) {
		log_error("tick: %s", strerror(-error));
		return;
	}
	words_apply(d);
	fleets_report(d);
	daemon_replan(d);
}
