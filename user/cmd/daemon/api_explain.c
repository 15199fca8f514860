/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `explain`: the chain from rule to fleet to evidence to figures, as facts and as sentences. */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/daemon/cohort.h"
#include "cmd/daemon/handlers.h"

struct explanation {
	struct daemon *d;
	struct net net;
	json_t *rules, *lines;
	const struct rule *allow; /* the one that wins, if any */
	bool has_deny;
	uint64_t now_unix_ns;
};

__attribute__((format(printf, 2, 3))) static void say(struct explanation *explanation,
						      const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	json_array_append_new(explanation->lines, json_string(line));
}

static void until_format(const struct rule *rule, uint64_t now_unix_ns, char *text, size_t size)
{
	char span[32];

	if (!rule->expires_unix_ns) {
		snprintf(text, size, "for ever");
		return;
	}
	duration_format(rule->expires_unix_ns > now_unix_ns ? rule->expires_unix_ns - now_unix_ns :
							      0,
			span, sizeof(span));
	snprintf(text, size, "for another %s", span);
}

static void rule_say(struct explanation *explanation, const struct rule *rule)
{
	char target[NET_TEXT_MAX], until[64];
	struct weir_hit hit = { 0 };
	bool has_list = rule->list[0] != 0;

	net_format(&rule->net, target);
	until_format(rule, explanation->now_unix_ns, until, sizeof(until));
	maps_read_hit(&explanation->d->maps, rule->id, &hit);
	say(explanation, "rule %u: %s %s, %s, from %s%s%s%s%s%s, %llu packets so far", rule->id,
	    rule_action_name(rule->action), target, until, rule_origin_name(rule->origin),
	    has_list ? " " : "", rule->list, rule->reason[0] ? " (" : "", rule->reason,
	    rule->reason[0] ? ")" : "", (unsigned long long)hit.packets);
}

static int rule_explain(const struct rule *rule, void *arg)
{
	struct explanation *explanation = arg;

	if (rule->action != WEIR_ACTION_ALLOW && rule->action != WEIR_ACTION_OBSERVE)
		explanation->has_deny = true;
	json_array_append_new(explanation->rules, json_rule_new(explanation->d, rule));
	rule_say(explanation, rule);
	return 0;
}

static void verdict_say(struct explanation *explanation)
{
	char target[NET_TEXT_MAX], allowed[NET_TEXT_MAX];

	net_format(&explanation->net, target);
	if (!json_array_size(explanation->rules))
		say(explanation, "%s is under no rule", target);
	if (rules_is_allowed(explanation->d->rules, &explanation->net, &explanation->allow)) {
		net_format(&explanation->allow->net, allowed);
		say(explanation, "%s is allowed by %s (%s), and an allow wins over every block",
		    target, allowed,
		    explanation->allow->reason[0] ? explanation->allow->reason :
						    rule_origin_name(explanation->allow->origin));
	} else if (explanation->has_deny && explanation->d->mode == WEIR_MODE_OFF) {
		say(explanation, "mode is off: none of these rules is in force");
	} else if (explanation->has_deny) {
		say(explanation, "%s is blocked", target);
	}
}

static const struct plan_row *plan_row_of(const struct daemon *d, const struct net *net)
{
	for (size_t i = 0; i < d->plan.count; i++) {
		if (net_equals(&d->plan.rows[i].source, net))
			return &d->plan.rows[i];
	}
	return NULL;
}

static void fleet_say(struct explanation *explanation, const struct fleet *fleet)
{
	say(explanation,
	    "fleet %s: %s, %s, %zu members; coordination %.0f dB (is it one actor?), "
	    "concealment %.0f dB (does it hide that?); seen in cell %s",
	    fleet->id, fleet_level_name(fleet->level), fleet_state_name(fleet->state),
	    fleet->member_count, fleet->score_db, fleet->concealment_db, fleet->cell);
	if (fleet->word != FLEET_UNJUDGED)
		say(explanation, "the operator says: %s", fleet_word_name(fleet->word));
	for (size_t i = 0; i < fleet->evidence_count; i++)
		say(explanation, "  %+6.1f dB  %s, %s: %s", fleet->evidence[i].db,
		    fleet->evidence[i].question == EVIDENCE_COORDINATION ? "coordination" :
									   "concealment",
		    fleet->evidence[i].family, fleet->evidence[i].why);
}

static void member_say(struct explanation *explanation, const struct fleet_member *member)
{
	char gap[48] = "unknown";

	if (member->relay_gap_us >= 0 && !isnan(member->relay_gap_us))
		snprintf(gap, sizeof(gap), "%.0f ms", member->relay_gap_us / 1000);
	say(explanation,
	    "as a member: probability %.3f%s, %llu exchanges, own concealment %.0f dB, relay gap %s",
	    member->posterior, member->is_listed ? "" : " (below the listing threshold)",
	    (unsigned long long)member->exchanges, member->concealment_db, gap);
	if (member->is_shared)
		say(explanation, "it looks shared by several clients: no rule on its address");
}

static void ordinary_say(struct explanation *explanation, const struct source_figures *figures)
{
	const struct detect_settings *detect = &explanation->d->config.detect;

	if (figures->exchanges < detect->effective_exchanges_min)
		say(explanation,
		    "it belongs to no fleet: %llu exchanges so far are too few to compare it with others "
		    "(detect.effective_exchanges is %u)",
		    (unsigned long long)figures->exchanges, detect->effective_exchanges_min);
	else
		say(explanation,
		    "it belongs to no fleet: no group of sources shares its habits more closely "
		    "than chance explains");
}

static json_t *figures_json(const struct explanation *explanation,
			    const struct source_figures *figures)
{
	json_t *object = json_object();

#define FIGURE(name) json_object_set_new(object, #name, json_figure_new(figures->name))
	json_object_set_new(object, "exchanges", json_integer((json_int_t)figures->exchanges));
	json_object_set_new(object, "sessions", json_integer((json_int_t)figures->sessions));
	FIGURE(rate_per_day);
	FIGURE(bytes_up_typical);
	FIGURE(bytes_down_typical);
	FIGURE(duration_typical_us);
	FIGURE(cadence_lv);
	FIGURE(relay_gap_us);
	FIGURE(tcp_rtt_min_us);
	FIGURE(tls_rtt_min_us);
#undef FIGURE
	json_object_set_new(object, "connections_timed",
			    json_integer((json_int_t)figures->connections_timed));
	json_object_set_new(object, "stacks", json_integer(figures->stacks));
	json_object_set_new(object, "is_shared", json_boolean(figures->is_shared));
	json_object_set_new(object, "syn_stack", json_digest_new(figures->syn_stack));
	if (daemon_stack_name(explanation->d, figures->syn_stack))
		json_object_set_new(
			object, "syn_stack",
			json_string(daemon_stack_name(explanation->d, figures->syn_stack)));
	json_object_set_new(object, "ja4_stack", json_digest_new(figures->ja4_stack));
	return object;
}

static json_t *explanation_json(struct explanation *explanation, const char *kind,
				const char *subject)
{
	return json_pack("{s:s,s:s,s:s,s:O,s:O}", "kind", kind, "subject", subject, "mode",
			 mode_name(explanation->d->mode), "rules", explanation->rules, "lines",
			 explanation->lines);
}

static void source_figures_explain(struct explanation *explanation, json_t *result)
{
	struct daemon *d = explanation->d;
	struct source_figures figures;
	const struct fleet *fleet;
	const struct fleet_member *member;

	if (engine_figures(d->engine, &explanation->net, &figures)) {
		say(explanation, "no exchange of it is known");
		return;
	}
	json_object_set_new(result, "figures", figures_json(explanation, &figures));
	fleet = figures.fleet_id ? engine_find_fleet(d->engine, figures.fleet_id) : NULL;
	member = fleet ? fleet_find_member(fleet, &figures.source) : NULL;
	if (!fleet) {
		ordinary_say(explanation, &figures);
		return;
	}
	fleet_say(explanation, fleet);
	json_object_set_new(result, "fleet", json_fleet_new(fleet, false));
	if (member)
		member_say(explanation, member);
	json_object_set_new(result, "cohort",
			    cohort_compare(d->engine, fleet, &figures, explanation->lines));
}

/* An IPv6 client's address is explained by its source, the prefix that is counted. */
static struct net source_of(const struct daemon *d, const struct net *net)
{
	struct net source = *net;

	if (!net_is_host(net) || net_is_ipv4(net))
		return source;
	source.prefix_len = d->config.source_prefix6;
	for (size_t i = 0; i < d->config.source_prefix6_count; i++) {
		if (net_contains(&d->config.source_prefixes6[i].net, net))
			source.prefix_len = d->config.source_prefixes6[i].source_prefix_len;
	}
	net_mask(&source);
	return source;
}

static json_t *source_explain(struct explanation *explanation, const char *subject)
{
	const struct plan_row *row;
	json_t *result;

	rules_each_covering(explanation->d->rules, &explanation->net, rule_explain, explanation);
	verdict_say(explanation);
	explanation->net = source_of(explanation->d, &explanation->net);
	result = explanation_json(explanation, "source", subject);
	source_figures_explain(explanation, result);
	row = plan_row_of(explanation->d, &explanation->net);
	if (row)
		say(explanation, "plan: %s%s%s",
		    row->why[0] ? row->why : plan_verdict_text(row->verdict),
		    row->is_written ? ", written as " : ", no rule",
		    row->is_written ? rule_action_name(row->action) : "");
	return result;
}

static void plan_count_say(struct explanation *explanation, const char *id)
{
	size_t verdicts[PLAN_ROLLED_BACK + 1] = { 0 };
	const struct plan *plan = &explanation->d->plan;

	for (size_t i = 0; i < plan->count; i++) {
		if (!strcmp(plan->rows[i].fleet, id))
			verdicts[plan->rows[i].verdict]++;
	}
	for (int i = 0; i <= PLAN_ROLLED_BACK; i++) {
		if (verdicts[i])
			say(explanation, "plan: %zu members: %s", verdicts[i],
			    plan_verdict_text((enum plan_verdict)i));
	}
}

struct fleet_rules {
	struct explanation *explanation;
	const char *id;
};

static int fleet_rule_filter(const struct rule *rule, void *arg)
{
	const struct fleet_rules *wanted = arg;

	if (rule->origin != WEIR_ORIGIN_FLEET || strcmp(rule->list, wanted->id))
		return 0;
	return json_array_append_new(wanted->explanation->rules,
				     json_rule_new(wanted->explanation->d, rule));
}

static json_t *fleet_explain(struct explanation *explanation, const struct fleet *fleet)
{
	struct fleet_rules wanted = { .explanation = explanation, .id = fleet->id };
	json_t *result;

	rules_each(explanation->d->rules, fleet_rule_filter, &wanted);
	fleet_say(explanation, fleet);
	plan_count_say(explanation, fleet->id);
	say(explanation, "%zu rules are in the maps because of it",
	    json_array_size(explanation->rules));
	if (explanation->d->mode == WEIR_MODE_PROPOSE)
		say(explanation,
		    "mode is propose: its rules only observe; `weir mode enforce` lets them bite");
	result = explanation_json(explanation, "fleet", fleet->id);
	json_object_set_new(result, "fleet", json_fleet_new(fleet, true));
	return result;
}

json_t *answer_explain(struct daemon *d, const struct request *request)
{
	struct args args = { .object = request->args };
	const char *subject = args_text(&args, "subject", "");
	const struct fleet *fleet = engine_find_fleet(d->engine, subject);
	struct explanation explanation = { .d = d, .now_unix_ns = clock_unix_ns() };
	int error = fleet ? 0 : net_parse(subject, &explanation.net);
	json_t *result;

	if (args.why[0])
		return args_refusal(&args);
	if (error)
		return answer_refused(API_EXIT_USAGE,
				      "%.60s is neither a fleet (`weir fleets` lists them) nor an "
				      "address or CIDR",
				      subject);
	explanation.rules = json_array();
	explanation.lines = json_array();
	result = fleet ? fleet_explain(&explanation, fleet) : source_explain(&explanation, subject);
	json_decref(explanation.rules);
	json_decref(explanation.lines);
	return answer_ok(result);
}
