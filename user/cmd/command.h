/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The table of subcommands: one row makes the prototype, the dispatch and a line of `weir help`. */

/* X(function suffix, "name", "one line for the list") */
#define COMMANDS(X)                                                                                \
	X(run, "run", "run the daemon: fingerprint, count, find fleets, keep rules")               \
	X(check, "check", "check a configuration file, or print an example")                       \
	X(status, "status", "show what is attached, in force, full, lost and wrong")               \
	X(sources, "sources", "show sources, the busiest first")                                   \
	X(flows, "flows", "show open connections")                                                 \
	X(fleets, "fleets", "show fleets and how sure weir is of them")                            \
	X(explain, "explain", "say why a source or fleet is, or is not, under a rule")             \
	X(plan, "plan", "show what fleet rules should be in force, and why not where not")         \
	X(confirm, "confirm", "say that a fleet is one; or that the plan in force may stay")       \
	X(dismiss, "dismiss", "say that a fleet is honest")                                        \
	X(mode, "mode", "show or set what fleet rules may do: propose, enforce, off")              \
	X(rules, "rules", "show rules with hits, bytes and expiry")                                \
	X(block, "block", "block addresses, prefixes or whole lists")                              \
	X(unblock, "unblock", "take blocks back")                                                  \
	X(allow, "allow", "never block these addresses or prefixes")                               \
	X(unallow, "unallow", "take allows back")                                                  \
	X(top, "top", "watch the busiest sources")                                                 \
	X(record, "record", "write exchanges to a log as they happen")                             \
	X(replay, "replay", "run an exchange log or a capture through weir, offline")              \
	X(forget, "forget", "delete all that is known of an address or prefix")                    \
	X(detach, "detach", "remove weir's programs and maps from the kernel")                     \
	X(version, "version", "show weir's version")                                               \
	X(help, "help", "show help on a command")

#define X(function, name, summary) int cmd_##function(int argc, char **argv);
COMMANDS(X)
#undef X

struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *summary;
};

extern const struct command commands[];
extern const unsigned command_count;

const struct command *command_find(const char *name);
