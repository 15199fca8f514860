/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns the engine's state into answers: fleets, figures of a source, shares. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine_state.h"

#define NS_PER_DAY 86400e9
#define TOP_SOURCES 5

/* Highest score first; by id where equal. */
static int compare_fleets(const void *a, const void *b)
{
	const struct fleet *x = *(const struct fleet *const *)a,
			   *y = *(const struct fleet *const *)b;

	if (x->score_db < y->score_db || x->score_db > y->score_db)
		return x->score_db > y->score_db ? -1 : 1;
	return strcmp(x->id, y->id);
}

const struct fleet *const *engine_fleets(const struct engine *engine, size_t *count)
{
	/* The answer's array is a cache: what the engine knows does not change. */
	struct engine *cache = (struct engine *)(uintptr_t)engine;
	size_t living = 0;

	*count = 0;
	free(cache->shown);
	cache->shown = calloc(engine->fleets.count + 1, sizeof(*cache->shown));
	if (!cache->shown)
		return NULL;
	for (size_t i = 0; i < engine->fleets.count; i++)
		if (engine->fleets.items[i]->fleet.state != FLEET_GONE)
			cache->shown[living++] = &engine->fleets.items[i]->fleet;
	qsort(cache->shown, living, sizeof(*cache->shown), compare_fleets);
	*count = living;
	return cache->shown;
}

const struct fleet *engine_find_fleet(const struct engine *engine, const char *id)
{
	const struct followed *followed = fleets_find(&engine->fleets, id);

	return followed ? &followed->fleet : NULL;
}

/*
 * A fleet that comes back is matched by its members to the one that was judged, and keeps id and
 * word.
 */
int engine_judge(struct engine *engine, const char *id, enum fleet_word word)
{
	struct followed *followed = fleets_find(&engine->fleets, id);

	if (!followed)
		return -ENOENT;
	followed->fleet.word = word;
	followed->is_dirty = true;
	return 0;
}

static double mean_of(const struct half *all, enum feature feature)
{
	const struct moments *moments = &all->moments[feature];

	return moments->n > 0 ? moments_mean(moments) + feature_center[feature] : NAN;
}

/* Both halves and the running session, so that a newcomer has figures too. */
static struct half whole_of(const struct profile *profile)
{
	struct half all = profile->halves[PROFILE_A];

	half_merge(&all, &profile->halves[PROFILE_B]);
	half_add_session(&all, &profile->session);
	return all;
}

static void typical_set(const struct profile *profile, struct source_figures *out)
{
	struct half all = whole_of(profile);
	double span_ns = (double)(profile->last_ns - profile->first_ns);

	out->bytes_up_typical = expm1(mean_of(&all, FEATURE_UP));
	out->bytes_down_typical = expm1(mean_of(&all, FEATURE_DOWN));
	out->duration_typical_us = expm1(mean_of(&all, FEATURE_DURATION));
	out->cadence_lv = mean_of(&all, FEATURE_CADENCE);
	out->rate_per_day = span_ns > 0 ? (double)profile->exchanges * NS_PER_DAY / span_ns : NAN;
}

static void figures_of(const struct engine *engine, const struct source *source,
		       struct source_figures *out)
{
	const struct profile *profile = &source->profile;
	const struct profile_stack *stack = profile_usual_stack(profile);
	double gap_us = profile_gap_us(profile);

	memset(out, 0, sizeof(*out));
	out->source = profile->source;
	out->exchanges = profile->exchanges;
	out->sessions = profile->sessions;
	out->first_unix_ns = profile->first_ns;
	out->last_unix_ns = profile->last_ns;
	typical_set(profile, out);
	out->relay_gap_us = gap_us >= 0 ? gap_us : NAN;
	out->tcp_rtt_min_us = profile->tcp_rtt_min_us ? profile->tcp_rtt_min_us : NAN;
	out->tls_rtt_min_us = profile->tls_rtt_min_us ? profile->tls_rtt_min_us : NAN;
	out->connections_timed = profile->connections_timed;
	out->stacks = profile->stack_count + (profile->stacks_overflow > 0);
	out->syn_stack = stack ? stack->syn : 0;
	out->ja4_stack = stack ? stack->ja4 : 0;
	out->is_shared = profile_is_shared(profile);
	if (source->fleet != 0)
		out->fleet_id = engine->fleets.items[source->fleet - 1]->fleet.id;
}

int engine_figures(const struct engine *engine, const struct net *net, struct source_figures *out)
{
	const struct source *source = profiles_find(&engine->profiles, net);

	if (!source)
		return -ENOENT;
	figures_of(engine, source, out);
	return 0;
}

int engine_each_source(const struct engine *engine,
		       int (*fn)(const struct source_figures *figures, void *arg), void *arg)
{
	for (size_t i = 0; i < engine->profiles.slot_count; i++) {
		struct source_figures figures;
		int answer;

		if (!engine->profiles.slots[i])
			continue;
		figures_of(engine, engine->profiles.slots[i], &figures);
		answer = fn(&figures, arg);
		if (answer)
			return answer;
	}
	return 0;
}

static double recent_of(const struct engine *engine, const struct source *source)
{
	return profile_recent(&source->profile, engine_now(engine),
			      engine->settings.evidence_day_ns);
}

static double recent_total(const struct engine *engine)
{
	double age_ns = (double)(engine_now(engine) - engine->state.recent_ns);

	return engine->state.recent *
	       exp2(-fmax(age_ns, 0) / (double)engine->settings.evidence_day_ns);
}

double engine_share(const struct engine *engine, const struct net *net)
{
	const struct source *source = profiles_find(&engine->profiles, net);
	double total = recent_total(engine);

	if (!source || total <= 0)
		return 0;
	return fmin(recent_of(engine, source) / total, 1);
}

static double top_share(const struct engine *engine)
{
	double top[TOP_SOURCES] = { 0 }, sum = 0, total = recent_total(engine);

	for (size_t i = 0; i < engine->profiles.slot_count; i++) {
		double recent;

		if (!engine->profiles.slots[i])
			continue;
		recent = recent_of(engine, engine->profiles.slots[i]);
		for (int j = 0; j < TOP_SOURCES; j++)
			if (recent > top[j]) {
				double displaced = top[j];

				top[j] = recent;
				recent = displaced;
			}
	}
	for (int j = 0; j < TOP_SOURCES; j++)
		sum += top[j];
	return total > 0 ? fmin(sum / total, 1) : 0;
}

void engine_stats(const struct engine *engine, struct engine_stats *out)
{
	*out = engine->state.stats;
	out->sources = engine->profiles.count;
	out->top_share = top_share(engine);
}

static bool source_is_inside(const struct source *source, void *arg)
{
	return net_contains(arg, &source->profile.source);
}

int engine_forget(struct engine *engine, const struct net *net)
{
	struct net inside = *net;

	return profiles_remove(&engine->profiles, source_is_inside, &inside);
}
