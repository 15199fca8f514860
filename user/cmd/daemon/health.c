/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Attachments, counters and tables into a list of problems that status shows. */

#include "cmd/daemon/daemon.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "edge/log.h"

#define ATTACHMENTS_MAX 64
#define ATTACH_KEY "attach "
/* So many SYNs without a single SYN-ACK are no accident. */
#define SYNS_WITHOUT_ANSWER_MIN 20
/* Exchanges before "most come from a few sources" means anything. */
#define TOP_SHARE_EXCHANGES_MIN 1000
#define TOP_SHARE_NOTABLE 0.5
#define TOP_SHARE_OVER 0.4 /* once said, so that a share near the limit is not said each second */
#define LOSS_OVER_NS (180 * NS_PER_S)
#define TICK_SLOW_NS (8 * NS_PER_S) /* the kernel side waits ten for a heartbeat */

struct finding {
	const char *key;
	bool is_true, is_notice;
	const char *advice;
};

static void finding_report(struct daemon *d, const struct problem *problem, bool is_new)
{
	if (!is_new)
		return;
	log_warning("%s%s%s", problem->what, problem->advice[0] ? ": " : "", problem->advice);
	events_write(d->events, clock_unix_ns(), "status", NULL,
		     json_pack("{s:s,s:s,s:s}", "problem", problem->key, "what", problem->what,
			       "do", problem->advice));
}

__attribute__((format(printf, 3, 4))) static void finding_note(struct daemon *d,
							       const struct finding *finding,
							       const char *format, ...)
{
	struct problem problem = {
		.since_unix_ns = clock_unix_ns(),
		.is_notice = finding->is_notice,
	};
	va_list args;

	if (!finding->is_true) {
		if (problem_clear(&d->problems, finding->key)) {
			log_info("no longer: %s", finding->key);
			events_write(d->events, clock_unix_ns(), "status", NULL,
				     json_pack("{s:s}", "solved", finding->key));
		}
		return;
	}
	snprintf(problem.key, sizeof(problem.key), "%s", finding->key);
	snprintf(problem.advice, sizeof(problem.advice), "%s", finding->advice);
	va_start(args, format);
	vsnprintf(problem.what, sizeof(problem.what), format, args);
	va_end(args);
	finding_report(d, &problem, problem_set(&d->problems, &problem));
}

static const char *hook_name(enum kernel_hook hook)
{
	return hook == KERNEL_XDP ? "xdp" : hook == KERNEL_TC_INGRESS ? "tc ingress" : "tc egress";
}

static void attach_key(const struct kernel_attachment *row, char key[PROBLEM_KEY_MAX])
{
	snprintf(key, PROBLEM_KEY_MAX, ATTACH_KEY "%.15s %s", row->interface, hook_name(row->hook));
}

static bool row_exists(const struct kernel_attachment *rows, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++) {
		char other[PROBLEM_KEY_MAX];

		attach_key(&rows[i], other);
		if (!strcmp(other, key))
			return true;
	}
	return false;
}

/* Problems of hooks that are no longer wanted, such as the other way in once one was found. */
static void attachments_forget(struct daemon *d, const struct kernel_attachment *rows, size_t count)
{
	for (size_t i = d->problems.count; i-- > 0;) {
		char key[PROBLEM_KEY_MAX];
		struct finding gone = { .key = key };

		if (strncmp(d->problems.rows[i].key, ATTACH_KEY, strlen(ATTACH_KEY)) ||
		    row_exists(rows, count, d->problems.rows[i].key))
			continue;
		strcpy(key, d->problems.rows[i].key);
		finding_note(d, &gone, "%s", "");
	}
}

/* XDP refused is no problem where TC ingress does its work, but worth knowing. */
static void attachments_check(struct daemon *d)
{
	struct kernel_attachment rows[ATTACHMENTS_MAX];
	size_t count = kernel_attachments(d->kernel, rows, ATTACHMENTS_MAX);

	attachments_forget(d, rows, count);
	for (size_t i = 0; i < count; i++) {
		char key[PROBLEM_KEY_MAX];
		struct finding finding = {
			.key = key,
			.is_true = rows[i].problem[0],
			.is_notice = rows[i].via != KERNEL_VIA_NONE,
			.advice = "see the interface, or take it out of `interfaces`",
		};

		attach_key(&rows[i], key);
		finding_note(d, &finding, "%s: %s", rows[i].interface, rows[i].problem);
	}
}

/* A full table loses something now and then: it is solved once nothing was lost for a while. */
static bool loss_goes_on(struct loss_seen *seen, uint64_t packets)
{
	uint64_t now_ns = clock_boot_ns();

	if (seen->is_known && packets > seen->packets)
		seen->last_ns = now_ns;
	seen->packets = packets;
	seen->is_known = true;
	return seen->last_ns && now_ns - seen->last_ns < LOSS_OVER_NS;
}

static void losses_check(struct daemon *d)
{
	static const struct {
		enum weir_reason reason;
		const char *key, *what, *advice;
	} rows[] = {
		{ WEIR_REASON_FLOWS_FULL, "flows full",
		  "map flows is full: new flows are not counted", "raise limits.flows" },
		{ WEIR_REASON_SOURCES_FULL, "sources full",
		  "map sources is full: new sources are not counted", "raise limits.sources" },
		{ WEIR_REASON_STACKS_FULL, "stacks full", "map stacks is full",
		  "raise limits.stacks" },
		{ WEIR_REASON_EXCHANGE_LOST, "exchanges lost",
		  "records of exchanges are lost: the daemon is too slow for the ring",
		  "raise limits.exchanges_ring" },
		{ WEIR_REASON_HIT_LOST, "hits full", "map hits is full: some rules count no hits",
		  "raise limits.rules" },
	};

	_Static_assert(sizeof(rows) / sizeof(rows[0]) == LOSSES_MAX, "one row seen for each");
	for (size_t i = 0; i < LOSSES_MAX; i++) {
		uint64_t packets = d->reasons[rows[i].reason].packets;
		struct finding finding = {
			.key = rows[i].key,
			.is_true = loss_goes_on(&d->losses[i], packets),
			.advice = rows[i].advice,
		};

		finding_note(d, &finding, "%s (%llu since the maps were made)", rows[i].what,
			     (unsigned long long)packets);
	}
}

static void answers_check(struct daemon *d)
{
	uint64_t syns = d->reasons[WEIR_REASON_SYN_RECORDED].packets;
	uint64_t answers = d->reasons[WEIR_REASON_SYNACK_SEEN].packets;
	struct finding finding = {
		.key = "no answers",
		.is_true = syns >= SYNS_WITHOUT_ANSWER_MIN && !answers,
		.advice = "name the interface by which answers leave in `interfaces` (asymmetric "
			  "routing?), and see that the service runs",
	};

	finding_note(d, &finding,
		     "%llu SYNs came in and no SYN-ACK was seen going out: nothing can be counted",
		     (unsigned long long)syns);
}

static void shares_check(struct daemon *d)
{
	struct engine_stats stats;
	struct finding finding = {
		.key = "few sources",
		.is_notice = true,
		.advice = "behind a load balancer? then weir sees its addresses, not the clients': "
			  "name them in `shared_sources`",
	};

	engine_stats(d->engine, &stats);
	finding.is_true =
		stats.exchanges >= TOP_SHARE_EXCHANGES_MIN &&
		stats.top_share > (problem_find(&d->problems, finding.key) ? TOP_SHARE_OVER :
									     TOP_SHARE_NOTABLE);
	finding_note(d, &finding, "five sources make %.0f %% of all exchanges",
		     stats.top_share * 100);
}

static void ledger_check(struct daemon *d)
{
	struct finding finding = {
		.key = "ledger",
		.is_true = !ledger_is_writable(d->ledger),
		.advice = "make room on the disk of the state directory; nothing is lost in memory",
	};

	finding_note(d, &finding, "the ledger cannot be written");
}

static void tick_check(struct daemon *d)
{
	struct finding finding = {
		.key = "slow tick",
		.is_true = d->tick_took_ns > TICK_SLOW_NS,
		.advice = "lower detect.sources_max, or give weir a faster processor",
	};

	finding_note(d, &finding, "the last tick took %llu ms",
		     (unsigned long long)(d->tick_took_ns / 1000000));
}

void daemon_check_health(struct daemon *d)
{
	attachments_check(d);
	losses_check(d);
	answers_check(d);
	shares_check(d);
	ledger_check(d);
	tick_check(d);
}
