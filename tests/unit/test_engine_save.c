/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* Saving and restoring: the same answers to the last bit, and nothing foreign accepted. */

struct blob {
	enum engine_blob kind;
	char key[NET_TEXT_MAX];
	void *data;
	size_t len;
};

struct store {
	struct blob blobs[2000];
	size_t count;
	size_t fail_after; /* 0: never */
};

static int store_put(enum engine_blob kind, const char *key, const void *data, size_t len,
		     void *arg)
{
	struct store *store = arg;
	size_t at = 0;

	if (store->fail_after > 0 && store->count >= store->fail_after)
		return -EIO;
	while (at < store->count &&
	       (store->blobs[at].kind != kind || strcmp(store->blobs[at].key, key) != 0))
		at++;
	if (at == store->count) {
		store->count++;
		assert_in_range(store->count, 1, 1999);
	}
	free(store->blobs[at].data);
	store->blobs[at] = (struct blob){ .kind = kind, .data = malloc(len + 1), .len = len };
	strcpy(store->blobs[at].key, key);
	if (len > 0)
		memcpy(store->blobs[at].data, data, len);
	return 0;
}

static void store_clear(struct store *store)
{
	for (size_t i = 0; i < store->count; i++)
		free(store->blobs[i].data);
	store->count = 0;
}

static struct engine *store_load(const struct store *store, const struct detect_settings *settings,
				 uint64_t seed)
{
	struct engine *engine = engine_new(settings, seed);

	for (size_t i = store->count; i-- > 0;) /* any order will do */
		if (store->blobs[i].len > 0)
			assert_int_equal(engine_restore(engine, store->blobs[i].kind,
							store->blobs[i].key, store->blobs[i].data,
							store->blobs[i].len),
					 0);
	return engine;
}

static void fleets_are_equal(const struct engine *a, const struct engine *b)
{
	size_t count, other;
	const struct fleet *const *x = engine_fleets(a, &count);
	const struct fleet *const *y = engine_fleets(b, &other);

	assert_int_equal(count, other);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(x[i]->id, y[i]->id);
		assert_int_equal(x[i]->level, y[i]->level);
		assert_true(x[i]->score_db == y[i]->score_db);
		assert_int_equal(x[i]->evidence_count, y[i]->evidence_count);
		assert_int_equal(x[i]->member_count, y[i]->member_count);
		for (size_t j = 0; j < x[i]->member_count; j++) {
			const struct fleet_member *m = &x[i]->members[j], *n = &y[i]->members[j];

			assert_int_equal(net_compare(&m->source, &n->source), 0);
			assert_true(m->posterior == n->posterior);
			assert_true(m->since_unix_ns == n->since_unix_ns);
			assert_int_equal(m->is_listed, n->is_listed);
		}
	}
}

/*
 * Saved in the middle, also between two exchanges of a session, and run on: the same to the last
 * bit.
 */
static void a_restored_engine_goes_on_as_the_saved_one(void **state)
{
	static struct store store;
	struct population_options options = steady_minutes(4);
	struct detect_settings settings = settings_minutes();
	struct world world;
	struct engine *saved, *restored;
	size_t count;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 60);
	assert_int_equal(engine_each_dirty(world.engine, store_put, &store), 0);
	world_run(&world, 75);
	assert_int_equal(engine_each_dirty(world.engine, store_put, &store), 0);
	restored = store_load(&store, &settings, options.seed);
	fleets_are_equal(world.engine, restored);
	saved = world.engine;
	for (int i = 0; i < 2; i++) {
		struct world branch = world;

		branch.engine = i == 0 ? saved : restored;
		world_run(&branch, 80);
	}
	fleets_are_equal(saved, restored);
	engine_fleets(saved, &count);
	assert_true(count > 0);
	engine_free(restored);
	store_clear(&store);
	world_clear(&world);
}

static void a_save_that_fails_is_finished_by_the_next(void **state)
{
	static struct store store;
	struct population_options options = steady_minutes(1);
	struct detect_settings settings = settings_minutes();
	struct world world;
	struct engine_stats stats;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 30);
	store.fail_after = 20;
	assert_int_equal(engine_each_dirty(world.engine, store_put, &store), -EIO);
	store.fail_after = 0;
	assert_int_equal(engine_each_dirty(world.engine, store_put, &store), 0);
	engine_stats(world.engine, &stats);
	assert_int_equal(store.count, stats.sources + 1);
	store_clear(&store);
	world_clear(&world);
}

static void blobs_that_are_not_ours_are_refused(void **state)
{
	static struct store store;
	struct population_options options = steady_minutes(1);
	struct detect_settings settings = settings_minutes();
	struct world world;
	struct engine *engine;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 20);
	assert_int_equal(engine_each_dirty(world.engine, store_put, &store), 0);
	engine = engine_new(&settings, 1);
	for (size_t i = 0; i < store.count; i++) {
		struct blob *blob = &store.blobs[i];

		for (size_t len = 0; len < blob->len; len += 97)
			assert_int_equal(engine_restore(engine, blob->kind, blob->key, blob->data,
							len),
					 -EINVAL);
		((unsigned char *)blob->data)[0] ^= 0xff; /* the version */
		assert_int_equal(engine_restore(engine, blob->kind, blob->key, blob->data,
						blob->len),
				 -EINVAL);
	}
	assert_int_equal(engine_restore(engine, ENGINE_BLOB_MAX, "x", "y", 1), -EINVAL);
	engine_free(engine);
	store_clear(&store);
	world_clear(&world);
}

static void forgetting_a_net_deletes_its_blobs(void **state)
{
	static struct store store;
	struct population_options options = steady_minutes(1);
	struct detect_settings settings = settings_minutes();
	struct source_figures figures;
	struct world world;
	struct net net;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 20);
	net = world.population.exchanges[0].source;
	assert_int_equal(engine_figures(world.engine, &net, &figures), 0);
	assert_true(figures.exchanges > 0);
	assert_int_equal(engine_forget(world.engine, &net), 1);
	assert_int_equal(engine_figures(world.engine, &net, &figures), -ENOENT);
	assert_int_equal(engine_each_dirty(world.engine, store_put, &store), 0);
	for (size_t i = 0; i < store.count; i++) {
		char text[NET_TEXT_MAX];

		net_format(&net, text);
		if (strcmp(store.blobs[i].key, text) == 0)
			assert_int_equal(store.blobs[i].len, 0);
	}
	store_clear(&store);
	world_clear(&world);
}

#define PART_SOURCES 100
#define PART_BLOBS 10

struct part {
	bool seen[PART_SOURCES];
	size_t taken;
};

/* Takes a few profiles a time, as a flush that must stay short does. */
static int part_take(enum engine_blob kind, const char *key, const void *data, size_t len,
		     void *arg)
{
	struct part *part = arg;
	struct net net;

	(void)data;
	(void)len;
	if (kind != ENGINE_BLOB_PROFILE)
		return 0;
	if (part->taken == PART_BLOBS)
		return -EAGAIN;
	part->taken++;
	assert_int_equal(net_parse(key, &net), 0);
	part->seen[net.addr[15]] = true;
	return 0;
}

static void saves_in_parts_reach_every_profile_while_all_go_on_changing(void **state)
{
	struct detect_settings settings = settings_minutes();
	struct engine *engine = engine_new(&settings, 1);
	struct part part = { .taken = 0 };

	(void)state;
	for (uint64_t round = 0; round < PART_SOURCES / PART_BLOBS; round++) {
		for (uint8_t i = 0; i < PART_SOURCES; i++) {
			struct exchange exchange = { .time_unix_ns = (1000 + round) * 1000000000,
						     .bytes_up = 100,
						     .bytes_down = 100 };

			assert_int_equal(net_parse("192.0.2.0", &exchange.source), 0);
			exchange.source.addr[15] = i;
			assert_int_equal(engine_add(engine, &exchange), 0);
		}
		part.taken = 0;
		assert_int_equal(engine_each_dirty(engine, part_take, &part), -EAGAIN);
	}
	for (size_t i = 0; i < PART_SOURCES; i++)
		assert_true(part.seen[i]);
	engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restored_engine_goes_on_as_the_saved_one),
		cmocka_unit_test(a_save_that_fails_is_finished_by_the_next),
		cmocka_unit_test(blobs_that_are_not_ours_are_refused),
		cmocka_unit_test(forgetting_a_net_deletes_its_blobs),
		cmocka_unit_test(saves_in_parts_reach_every_profile_while_all_go_on_changing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
