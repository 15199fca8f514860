/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a seed into a population's exchanges. */

#include "population.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rng.h"

#define DAY_S 86400.0
#define START_UNIX_NS 1780000000000000000ULL
#define STACK_POPULAR 11 /* the fleet's: a popular client, not a rare one */
#define STACKS 8
#define POOL_ACCOUNTS_MAX 4096

/* ---- a client: path, stack, connections, tasks ---------------------------------------- */

/* What a conversation is about: sizes of requests and responses go together with it. */
struct task {
	double up_bytes, down_bytes; /* medians */
	double up_sd, down_sd;
};

struct client {
	struct net source;
	uint64_t stack;
	double tcp_us, tls_us; /* least round trips */
	double jitter_us;
	double seconds_per_byte;
	unsigned connection_style; /* 0 a conversation, 1 a request, 2 kept for long */
	uint64_t connection;
	uint32_t connection_tcp_us, connection_tls_us;
};

struct maker {
	struct population *population;
	struct rng rng;
	uint64_t connections;
	double horizon_s;
};

static void connection_open(struct maker *maker, struct client *client)
{
	double tcp_us = client->tcp_us + rng_exponential(&maker->rng, client->jitter_us);
	double tls_us = client->tls_us + rng_exponential(&maker->rng, client->jitter_us);

	client->connection = ++maker->connections;
	client->connection_tcp_us = (uint32_t)tcp_us;
	client->connection_tls_us = (uint32_t)tls_us;
}

static int exchange_put(struct population *population, const struct exchange *exchange)
{
	if (population->count == population->room) {
		size_t room = population->room ? population->room * 2 : 4096;
		struct exchange *grown = realloc(population->exchanges, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		population->exchanges = grown;
		population->room = room;
	}
	population->exchanges[population->count++] = *exchange;
	return 0;
}

/* One exchange at time_s; returns when its response is over. */
static double client_ask(struct maker *maker, struct client *client, const struct task *task,
			 double time_s)
{
	struct rng *rng = &maker->rng;
	struct exchange exchange = { .source = client->source, .server_port = 443 };
	double down, duration_s;

	if (client->connection_style == 1 || client->connection == 0)
		connection_open(maker, client);
	down = rng_lognormal(rng, task->down_bytes, task->down_sd);
	duration_s = (0.02 + down * client->seconds_per_byte) * rng_lognormal(rng, 1, 0.3);
	exchange.time_unix_ns = START_UNIX_NS + (uint64_t)(time_s * 1e9);
	exchange.bytes_up = (uint64_t)rng_lognormal(rng, task->up_bytes, task->up_sd) + 200;
	exchange.bytes_down = (uint64_t)down + 150;
	exchange.duration_us = (uint32_t)(duration_s * 1e6);
	exchange.connection = client->connection;
	exchange.syn_stack = client->stack * 2 + 1;
	exchange.ja4_stack = client->stack * 2 + 2;
	exchange.tcp_rtt_us = client->connection_tcp_us;
	exchange.tls_rtt_us = client->connection_tls_us;
	if (time_s < maker->horizon_s)
		exchange_put(maker->population, &exchange);
	return time_s + duration_s;
}

/* ---- ordinary users ---------------------------------------- */

#define USER_TASKS 3

struct user {
	struct client client;
	struct task tasks[USER_TASKS]; /* taken by habit, the first most often */
	double habit;		       /* share of the first task */
	double turns, think_s, think_sd;
	double rest_s;	   /* mean silence between conversations */
	double rest_shape; /* sd of its logarithm */
	double peak_hour, rhythm;
};

static void path_direct(struct maker *maker, struct client *client)
{
	struct rng *rng = &maker->rng;

	client->tcp_us = rng_lognormal(rng, 20000, 0.9);
	/* A handshake's arithmetic on a fast or a slow machine; a few are very slow. */
	client->tls_us =
		client->tcp_us + rng_lognormal(rng, rng_unit(rng) < 0.04 ? 12000 : 1200, 0.6);
	client->jitter_us = rng_lognormal(rng, 1500, 0.8);
	client->seconds_per_byte = rng_lognormal(rng, 4e-7, 0.4);
}

static void path_relayed(struct maker *maker, struct client *client)
{
	struct rng *rng = &maker->rng;

	path_direct(maker, client);
	client->tls_us += 2 * (40000 + 80000 * rng_unit(rng));
}

static struct net address_make(struct maker *maker, unsigned number)
{
	uint8_t addr[16] = { [10] = 0xff, [11] = 0xff };
	unsigned net = (unsigned)(rng_next(&maker->rng) % 60000);

	if (number % 4 == 3) { /* an IPv6 client in a /64 of its own */
		memset(addr, 0, sizeof(addr));
		addr[0] = 0x20;
		addr[1] = 0x01;
		addr[2] = (uint8_t)(net >> 8);
		addr[3] = (uint8_t)net;
		addr[6] = (uint8_t)(number >> 8);
		addr[7] = (uint8_t)number;
		return net_of_source(addr, 64);
	}
	addr[12] = (uint8_t)(11 + number / 65536);
	addr[13] = (uint8_t)(net >> 8);
	addr[14] = (uint8_t)net;
	addr[15] = (uint8_t)number;
	return net_of_source(addr, 32);
}

static void user_make(struct maker *maker, const struct population_options *options,
		      struct user *user)
{
	struct rng *rng = &maker->rng;
	double per_day = rng_lognormal(rng, options->exchanges_per_day, options->exchanges_log_sd);
	double up = rng_lognormal(rng, 1500, options->size_log_sd);
	double down = rng_lognormal(rng, 5000, options->size_log_sd);

	for (int i = 0; i < USER_TASKS; i++) /* own themes, some far from the usual one */
		user->tasks[i] = (struct task){
			rng_lognormal(rng, up, i * 0.6),
			rng_lognormal(rng, down, i * 0.6),
			0.2 + 0.5 * rng_unit(rng),
			0.2 + 0.5 * rng_unit(rng),
		};
	user->habit = 0.4 + 0.6 * rng_unit(rng);
	user->turns = fmax(rng_lognormal(rng, options->turns, 0.6), 1);
	user->think_s = rng_lognormal(rng, options->think_s, 0.8);
	user->think_sd = 0.2 + 0.8 * rng_unit(rng);
	user->rest_s =
		fmax(DAY_S * user->turns / per_day - user->turns * user->think_s, user->think_s);
	user->rest_shape = 0.4 + 1.4 * rng_unit(rng);
	user->peak_hour = fmod(14 + 5 * rng_normal(rng) + 24, 24);
	user->rhythm = options->day_rhythm * rng_unit(rng);
	user->client.connection_style = rng_unit(rng) < 0.7 ? 0 : rng_unit(rng) < 0.5 ? 1 : 2;
	user->client.stack = rng_unit(rng) < 0.25 ? STACK_POPULAR : 1 + rng_next(rng) % STACKS;
}

/* Awake hours of a user: conversations are put off while it sleeps. */
static double user_wake(struct maker *maker, const struct user *user, double time_s)
{
	for (int tries = 0; tries < 60; tries++) {
		double hour = fmod(time_s / 3600, 24);
		double awake = (1 + cos(2 * M_PI * (hour - user->peak_hour) / 24)) / 2;

		if (rng_unit(&maker->rng) > user->rhythm * (1 - awake))
			break;
		time_s += rng_exponential(&maker->rng, 3600);
	}
	return time_s;
}

static void user_live(struct maker *maker, struct user *user)
{
	struct rng *rng = &maker->rng;
	double time_s = rng_unit(rng) * fmin(user->rest_s, maker->horizon_s);

	while (time_s < maker->horizon_s) {
		unsigned turns = rng_turns(rng, user->turns);
		const struct task *habit = &user->tasks[0];
		struct task task;

		if (rng_unit(rng) > user->habit)
			habit = &user->tasks[1 + rng_next(rng) % (USER_TASKS - 1)];
		task = *habit; /* each conversation has its own subject */
		task.up_bytes *= rng_lognormal(rng, 1, 0.3);
		task.down_bytes *= rng_lognormal(rng, 1, 0.3);
		time_s = user_wake(maker, user, time_s);
		if (user->client.connection_style == 0)
			connection_open(maker, &user->client);
		for (unsigned i = 0; i < turns && time_s < maker->horizon_s; i++) {
			time_s = client_ask(maker, &user->client, &task, time_s);
			time_s += rng_lognormal(rng, user->think_s, user->think_sd);
		}
		time_s +=
			rng_lognormal(rng,
				      user->rest_s * exp(-user->rest_shape * user->rest_shape / 2),
				      user->rest_shape);
	}
}

/* ---- pools: one queue of jobs, many accounts ---------------------------------------- */

struct account {
	struct client client;
	double busy_until_s, last_used_s;
};

/* The next account: least recently used, or any that is free. */
static struct account *account_pick(struct maker *maker, struct account *accounts, unsigned count,
				    double time_s, int is_random)
{
	struct account *best = NULL;

	if (is_random) {
		for (int tries = 0; tries < 20; tries++) {
			best = &accounts[rng_next(&maker->rng) % count];
			if (best->busy_until_s <= time_s)
				return best;
		}
		return best;
	}
	for (unsigned i = 0; i < count; i++)
		if (accounts[i].busy_until_s <= time_s &&
		    (!best || accounts[i].last_used_s < best->last_used_s))
			best = &accounts[i];
	return best;
}

static void job_run(struct maker *maker, const struct population_options *options,
		    struct account *account, double time_s, double up_bytes, double down_bytes)
{
	struct rng *rng = &maker->rng;
	unsigned turns = rng_turns(rng, options->turns * 1.2);
	struct task task = { rng_lognormal(rng, up_bytes, 0.3), rng_lognormal(rng, down_bytes, 0.4),
			     0.4, 0.5 };

	account->last_used_s = time_s;
	connection_open(maker, &account->client);
	for (unsigned i = 0; i < turns && time_s < maker->horizon_s; i++) {
		time_s = client_ask(maker, &account->client, &task, time_s);
		time_s += rng_lognormal(rng, options->think_s * 0.7, 0.5);
	}
	account->busy_until_s = time_s;
}

static void pool_live(struct maker *maker, const struct population_options *options,
		      struct account *accounts, unsigned count, int is_fleet)
{
	double jobs_per_s =
		count * options->pool_exchanges_per_day / (options->turns * 1.2) / DAY_S;
	double up = is_fleet ? 1800 : 2600, down = is_fleet ? 6000 : 3800;
	double time_s = 0;

	for (unsigned i = 0; i < count; i++)
		accounts[i].last_used_s = -rng_unit(&maker->rng);
	while (count > 0) {
		struct account *account;

		time_s += rng_exponential(&maker->rng, 1 / jobs_per_s);
		if (time_s >= maker->horizon_s)
			return;
		account = account_pick(maker, accounts, count, time_s, !is_fleet);
		if (account)
			job_run(maker, options, account, time_s, up, down);
	}
}

/* ---- all together ---------------------------------------- */

static int compare_exchanges(const void *a, const void *b)
{
	const struct exchange *x = a, *y = b;

	if (x->time_unix_ns != y->time_unix_ns)
		return x->time_unix_ns < y->time_unix_ns ? -1 : 1;
	return net_compare(&x->source, &y->source);
}

static void source_note(struct population *population, const struct net *net,
			enum population_role role)
{
	population->sources[population->source_count] = *net;
	population->roles[population->source_count++] = role;
}

static void users_make(struct maker *maker, const struct population_options *options,
		       unsigned first, unsigned count, enum population_role role)
{
	for (unsigned i = 0; i < count; i++) {
		struct user user = { .rest_s = 0 };

		user_make(maker, options, &user);
		user.client.source = address_make(maker, first + i);
		if (role == ROLE_RELAYED)
			path_relayed(maker, &user.client);
		else
			path_direct(maker, &user.client);
		source_note(maker->population, &user.client.source, role);
		user_live(maker, &user);
	}
}

static void pool_make(struct maker *maker, const struct population_options *options, unsigned first,
		      unsigned count, enum population_role role)
{
	static struct account accounts[POOL_ACCOUNTS_MAX];

	if (count > POOL_ACCOUNTS_MAX)
		count = POOL_ACCOUNTS_MAX;
	memset(accounts, 0, sizeof(accounts));
	for (unsigned i = 0; i < count; i++) {
		struct client *client = &accounts[i].client;

		client->source = address_make(maker, first + i);
		client->stack = STACK_POPULAR;
		if (role == ROLE_FLEET)
			path_relayed(maker, client);
		else
			path_direct(maker, client);
		source_note(maker->population, &client->source, role);
	}
	pool_live(maker, options, accounts, count, role == ROLE_FLEET);
}

int population_make(const struct population_options *options, struct population *out)
{
	unsigned sources = options->ordinary + options->workers + options->relayed + options->fleet;
	struct maker maker = {
		out, { options->seed * 0x9e3779b97f4a7c15ULL + 1 }, 0, options->horizon_s
	};
	unsigned first = 0;

	memset(out, 0, sizeof(*out));
	out->sources = calloc(sources + 1, sizeof(*out->sources));
	out->roles = calloc(sources + 1, sizeof(*out->roles));
	if (!out->sources || !out->roles)
		return -ENOMEM;
	users_make(&maker, options, first, options->ordinary, ROLE_ORDINARY);
	first += options->ordinary;
	users_make(&maker, options, first, options->relayed, ROLE_RELAYED);
	first += options->relayed;
	pool_make(&maker, options, first, options->workers, ROLE_WORKER);
	first += options->workers;
	pool_make(&maker, options, first, options->fleet, ROLE_FLEET);
	qsort(out->exchanges, out->count, sizeof(*out->exchanges), compare_exchanges);
	return 0;
}

void population_clear(struct population *population)
{
	free(population->exchanges);
	free(population->sources);
	free(population->roles);
	memset(population, 0, sizeof(*population));
}

enum population_role population_role_of(const struct population *population, const struct net *net)
{
	for (size_t i = 0; i < population->source_count; i++)
		if (net_compare(&population->sources[i], net) == 0)
			return population->roles[i];
	return ROLE_MAX;
}
