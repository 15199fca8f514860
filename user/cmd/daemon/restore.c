/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Ledger, words file and configuration into engine, rules, names and mode. */

#include "cmd/daemon/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edge/log.h"

/* Stacks that came and went since the ledger began, for each that there may be at once: 40 MB at the default. */
#define NAMES_PER_STACK 8

struct blob_restore {
	struct daemon *d;
	enum engine_blob kind;
	size_t restored, refused;
};

struct rule_restore {
	struct daemon *d;
	uint64_t now_unix_ns;
	size_t restored, expired, refused;
};

static int blob_take(const char *key, const void *data, size_t len, void *arg)
{
	struct blob_restore *restore = arg;

	if (engine_restore(restore->d->engine, restore->kind, key, data, len))
		restore->refused++;
	else
		restore->restored++;
	return 0;
}

static int engine_resume(struct daemon *d)
{
	struct blob_restore restore = { .d = d };

	d->engine = engine_new(&d->config.detect, d->maps.hash_key[0] ^ d->maps.hash_key[1]);
	if (!d->engine)
		return -ENOMEM;
	for (int kind = 0; kind < ENGINE_BLOB_MAX; kind++) {
		int error;

		restore.kind = (enum engine_blob)kind;
		error = ledger_each(d->ledger, kind, blob_take, &restore);
		if (error)
			return error;
	}
	if (restore.refused)
		log_warning("ledger: %zu records are of another version and were left out",
			    restore.refused);
	return 0;
}

static int rule_take(const struct rule *rule, void *arg)
{
	struct rule_restore *restore = arg;
	int error;

	if (rule->expires_unix_ns && rule->expires_unix_ns <= restore->now_unix_ns) {
		restore->expired++;
		return 0;
	}
	error = rules_put(restore->d->rules, rule, NULL);
	/* An id taken twice is not worth losing the rule. */
	if (error == -EEXIST) {
		struct rule copy = *rule;

		copy.id = 0;
		error = rules_put(restore->d->rules, &copy, NULL);
	}
	if (error)
		restore->refused++;
	else
		restore->restored++;
	return error == -ENOMEM ? error : 0;
}

/* The id may be given anew: what an earlier daemon's rule caught is not the new one's. */
static int hit_check(uint32_t rule_id, const struct weir_hit *hit, void *arg)
{
	struct daemon *d = arg;

	(void)hit;
	if (!rules_by_id(d->rules, rule_id))
		maps_remove_hit(&d->maps, rule_id);
	return 0;
}

static int rules_resume(struct daemon *d)
{
	struct rule_restore restore = { .d = d, .now_unix_ns = clock_unix_ns() };
	int error;

	d->rules = rules_new(d->config.rules_max);
	if (!d->rules)
		return -ENOMEM;
	/* The ledger's first: they bring the ids under which the kernel counts their hits. */
	error = ledger_each_rule(d->ledger, rule_take, &restore);
	if (!error)
		error = hits_each(d->maps.hits, hit_check, d);
	if (!error)
		error = words_each_allow(d->words, rule_take, &restore);
	if (!error)
		error = daemon_put_config_allows(d);
	if (restore.refused)
		log_error("%zu rules of the ledger do not fit: raise limits.rules (now %u)",
			  restore.refused, d->config.rules_max);
	log_info("%zu rules resumed, %zu had expired", restore.restored, restore.expired);
	return error;
}

static int name_take(uint64_t digest, const char *name, void *arg)
{
	struct daemon *d = arg;

	int error = stack_names_put(d->names, digest, name);

	return error == -ENOSPC ? 0 : error; /* limits.stacks was lowered */
}

static int judgement_take(const char *fleet_id, enum fleet_word word, const struct net *members,
			  size_t member_count, void *arg)
{
	struct daemon *d = arg;

	(void)members;
	(void)member_count;
	engine_judge(d->engine, fleet_id, word);
	return 0;
}

/* What root may have written with bpftool while no daemon ran; -ENOENT where no daemon has filled `settings` yet. */
static int mode_in_map(const struct daemon *d, uint64_t *mode)
{
	struct maps before = { .settings = kernel_settings_before(d->kernel) };
	uint64_t idle_ns = 0;
	int error;

	if (before.settings < 0)
		return before.settings;
	error = maps_get(&before, WEIR_SETTING_FLOW_IDLE_NS, &idle_ns);
	if (!error && !idle_ns)
		error = -ENOENT;
	if (!error)
		error = maps_get(&before, WEIR_SETTING_MODE, mode);
	close(before.settings);
	return !error && *mode >= WEIR_MODE_MAX ? -EINVAL : error;
}

/* The map is right, not our memory of it; but of a ledger that is not the map's companion only "off" counts. */
static void mode_follow_map(struct daemon *d, enum ledger_state state)
{
	uint64_t mode;

	if (mode_in_map(d, &mode) || mode == d->mode ||
	    (state != LEDGER_RESUMED && mode != WEIR_MODE_OFF))
		return;
	log_warning("mode is %s, as map settings says; it was %s", mode_name((uint8_t)mode),
		    mode_name(d->mode));
	d->mode = (uint8_t)mode;
	ledger_set_value(d->ledger, "mode", mode_name(d->mode));
}

static void mode_resume(struct daemon *d, enum ledger_state state)
{
	char text[32];
	int mode = mode_parse(d->config.mode);

	if (!ledger_get_value(d->ledger, "mode", text, sizeof(text)) && mode_parse(text) >= 0)
		mode = mode_parse(text);
	d->mode = mode < 0 ? WEIR_MODE_PROPOSE : (uint8_t)mode;
	if (state == LEDGER_SET_ASIDE) {
		d->mode = WEIR_MODE_PROPOSE;
		ledger_set_value(d->ledger, "mode_forced", "the ledger was corrupt");
	}
	if (state != LEDGER_RESUMED)
		ledger_set_value(d->ledger, "mode", mode_name(d->mode));
	mode_follow_map(d, state);
	if (!ledger_get_value(d->ledger, "mode_forced", text, sizeof(text)) && text[0]) {
		struct problem problem = {
			.key = "mode forced",
			.advice =
				"look at ledger.db.corrupt-* in the state directory, then set the "
				"mode with `weir mode`",
			.since_unix_ns = clock_unix_ns(),
		};

		snprintf(problem.what, sizeof(problem.what),
			 "the ledger was corrupt and set aside: mode is %s", mode_name(d->mode));
		problem_set(&d->problems, &problem);
	}
}

static int ledger_resume(struct daemon *d, enum ledger_state *state)
{
	char path[300], text[32];
	int error;

	snprintf(path, sizeof(path), "%s/ledger.db", d->config.state_dir);
	error = ledger_open(path, &d->ledger, state);
	if (error)
		return error;
	if (ledger_get_value(d->ledger, "created_unix_ns", text, sizeof(text))) {
		snprintf(text, sizeof(text), "%" PRIu64, clock_unix_ns());
		ledger_set_value(d->ledger, "created_unix_ns", text);
	}
	snprintf(path, sizeof(path), "%s/words.txt", d->config.state_dir);
	return words_open(path, &d->words);
}

int daemon_restore(struct daemon *d)
{
	enum ledger_state state = LEDGER_FRESH;
	int error = ledger_resume(d, &state);

	if (error)
		return error;
	d->names = stack_names_new();
	if (!d->names)
		return -ENOMEM;
	/* Names in the ledger are names in memory first, so that this holds for both. */
	stack_names_limit(d->names, (size_t)d->config.stacks_max * NAMES_PER_STACK);
	error = ledger_each_stack(d->ledger, name_take, d);
	if (!error)
		error = engine_resume(d);
	if (!error)
		error = rules_resume(d);
	if (!error)
		error = words_each_judgement(d->words, judgement_take, d);
	if (!error)
		mode_resume(d, state);
	return error;
}
