/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Fleets, the plan and the operator's words on them into answers. */

#include <errno.h>
#include <string.h>

#include "cmd/daemon/handlers.h"
#include "edge/log.h"

static json_t *time_new(uint64_t unix_ns)
{
	return unix_ns ? json_integer((json_int_t)unix_ns) : json_null();
}

static json_t *evidence_new(const struct evidence *evidence)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:o,s:s}", "test", evidence->test, "family",
			 evidence->family, "question",
			 evidence->question == EVIDENCE_COORDINATION ? "coordination" :
								       "concealment",
			 "db", json_figure_new(evidence->db), "figure",
			 json_figure_new(evidence->figure), "why", evidence->why);
}

static json_t *member_new(const struct fleet_member *member)
{
	return json_pack(
		"{s:o,s:o,s:I,s:o,s:o,s:o,s:b,s:b}", "source", json_net_new(&member->source),
		"since_unix_ns", time_new(member->since_unix_ns), "exchanges",
		(json_int_t)member->exchanges, "posterior", json_figure_new(member->posterior),
		"concealment_db", json_figure_new(member->concealment_db), "relay_gap_us",
		member->relay_gap_us < 0 ? json_null() : json_figure_new(member->relay_gap_us),
		"is_listed", member->is_listed, "is_shared", member->is_shared);
}

static size_t listed_count(const struct fleet *fleet)
{
	size_t listed = 0;

	for (size_t i = 0; i < fleet->member_count; i++)
		listed += fleet->members[i].is_listed;
	return listed;
}

json_t *json_fleet_new(const struct fleet *fleet, bool with_members)
{
	json_t *evidence = json_array();
	json_t *object =
		json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:I,s:I,s:o}", "id",
			  fleet->id, "level", fleet_level_name(fleet->level), "state",
			  fleet_state_name(fleet->state), "word", fleet_word_name(fleet->word),
			  "score_db", json_figure_new(fleet->score_db), "concealment_db",
			  json_figure_new(fleet->concealment_db), "cell", fleet->cell,
			  "first_seen_unix_ns", time_new(fleet->first_seen_unix_ns),
			  "first_suspected_unix_ns", time_new(fleet->first_suspected_unix_ns),
			  "first_confirmed_unix_ns", time_new(fleet->first_confirmed_unix_ns),
			  "last_seen_unix_ns", time_new(fleet->last_seen_unix_ns), "members",
			  (json_int_t)fleet->member_count, "listed",
			  (json_int_t)listed_count(fleet), "evidence", evidence);

	for (size_t i = 0; i < fleet->evidence_count; i++)
		json_array_append_new(evidence, evidence_new(&fleet->evidence[i]));
	if (with_members) {
		json_t *sources = json_array();

		for (size_t i = 0; i < fleet->member_count; i++)
			json_array_append_new(sources, member_new(&fleet->members[i]));
		json_object_set_new(object, "sources", sources);
	}
	return object;
}

static int level_parse(const char *name)
{
	for (int i = FLEET_WATCH; i <= FLEET_CONFIRMED; i++) {
		if (!strcmp(fleet_level_name((enum fleet_level)i), name))
			return i;
	}
	return -EINVAL;
}

json_t *answer_fleets(struct daemon *d, const struct request *request)
{
	struct args args = { .object = request->args };
	int level = level_parse(args_text(&args, "level", "watch"));
	bool with_members = args_flag(&args, "members");
	json_t *rows;
	size_t count;
	const struct fleet *const *fleets = engine_fleets(d->engine, &count);

	if (args.why[0])
		return args_refusal(&args);
	if (level < 0)
		return answer_refused(API_EXIT_USAGE, "levels are watch, suspect and confirmed");
	rows = json_array();
	for (size_t i = 0; i < count; i++) {
		if ((int)fleets[i]->level >= level)
			json_array_append_new(rows, json_fleet_new(fleets[i], with_members));
	}
	return answer_ok(json_pack("{s:I,s:s,s:o}", "now_unix_ns", (json_int_t)clock_unix_ns(),
				   "mode", mode_name(d->mode), "fleets", rows));
}

static json_t *plan_row_new(const struct plan_row *row)
{
	json_t *object = json_pack("{s:o,s:s,s:s,s:b,s:s}", "source", json_net_new(&row->source),
				   "fleet", row->fleet, "verdict", plan_verdict_text(row->verdict),
				   "is_written", row->is_written, "why", row->why);

	json_object_set_new(object, "action",
			    row->is_written ? json_string(rule_action_name(row->action)) :
					      json_null());
	json_object_set_new(object, "expires_unix_ns",
			    row->is_written ? time_new(row->expires_unix_ns) : json_null());
	return object;
}

json_t *answer_plan(struct daemon *d, const struct request *request)
{
	struct args args = { .object = request->args };
	const char *fleet = args_text(&args, "fleet", NULL);
	json_t *rows = json_array();

	if (args.why[0]) {
		json_decref(rows);
		return args_refusal(&args);
	}
	for (size_t i = 0; i < d->plan.count; i++) {
		if (!fleet || !strcmp(fleet, d->plan.rows[i].fleet))
			json_array_append_new(rows, plan_row_new(&d->plan.rows[i]));
	}
	return answer_ok(json_pack("{s:s,s:o,s:o,s:o,s:f,s:f,s:o}", "mode", mode_name(d->mode),
				   "made_unix_ns", time_new(d->plan.made_unix_ns),
				   "share_exchanges", json_figure_new(d->plan.share_exchanges),
				   "share_sources", json_figure_new(d->plan.share_sources),
				   "budget_exchanges", d->config.plan.budget_exchanges_share,
				   "budget_sources", d->config.plan.budget_sources_share, "rows",
				   rows));
}

static json_t *fleet_judge(struct daemon *d, const struct request *request, enum fleet_word word)
{
	struct args args = { .object = request->args };
	const char *id = args_text(&args, "fleet", "");
	const struct fleet *fleet;
	int error;

	if (args.why[0])
		return args_refusal(&args);
	fleet = engine_find_fleet(d->engine, id);
	if (!fleet)
		return answer_refused(API_EXIT_USAGE, "no fleet %.40s: `weir fleets` lists them",
				      id);
	error = words_put_judgement(d->words, fleet, word);
	if (error)
		return answer_refused(API_EXIT_FAILED, "cannot keep the word: %s",
				      strerror(-error));
	error = engine_judge(d->engine, id, word);
	if (error)
		return answer_refused(API_EXIT_FAILED, "fleet %.40s: %s", id, strerror(-error));
	events_write(d->events, clock_unix_ns(), "fleet", NULL,
		     json_pack("{s:s,s:s,s:s,s:s}", "id", id, "change", "word", "word",
			       fleet_word_name(word), "by", request->peer->name));
	daemon_replan(d);
	fleet = engine_find_fleet(d->engine, id);
	return answer_ok(fleet ? json_fleet_new(fleet, false) : json_object());
}

json_t *answer_confirm(struct daemon *d, const struct request *request)
{
	return fleet_judge(d, request, FLEET_OPERATOR_CONFIRMED);
}

json_t *answer_dismiss(struct daemon *d, const struct request *request)
{
	return fleet_judge(d, request, FLEET_DISMISSED);
}
