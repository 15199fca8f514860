/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A changed configuration file into the running daemon, or the old one kept where it is broken. */

#include "cmd/daemon/daemon.h"

#include <string.h>

#include "edge/config.h"
#include "edge/log.h"
#include "edge/notify.h"

/* What a reload cannot change while maps, locks and socket are in use: it stays. True: something wanted to. */
static bool fixed_keep(const struct config *old, struct config *fresh)
{
	bool is_same =
		!strcmp(old->pin_dir, fresh->pin_dir) && !strcmp(old->run_dir, fresh->run_dir) &&
		!strcmp(old->state_dir, fresh->state_dir) && !strcmp(old->group, fresh->group) &&
		old->flows_max == fresh->flows_max && old->sources_max == fresh->sources_max &&
		old->rules_max == fresh->rules_max && old->stacks_max == fresh->stacks_max &&
		old->syns_max == fresh->syns_max &&
		old->exchanges_ring_bytes == fresh->exchanges_ring_bytes &&
		old->source_prefix6 == fresh->source_prefix6;

	memcpy(fresh->pin_dir, old->pin_dir, sizeof(fresh->pin_dir));
	memcpy(fresh->run_dir, old->run_dir, sizeof(fresh->run_dir));
	memcpy(fresh->state_dir, old->state_dir, sizeof(fresh->state_dir));
	memcpy(fresh->group, old->group, sizeof(fresh->group));
	fresh->flows_max = old->flows_max;
	fresh->sources_max = old->sources_max;
	fresh->rules_max = old->rules_max;
	fresh->stacks_max = old->stacks_max;
	fresh->syns_max = old->syns_max;
	fresh->exchanges_ring_bytes = old->exchanges_ring_bytes;
	fresh->source_prefix6 = old->source_prefix6;
	return !is_same;
}

static int reload_apply(struct daemon *d, struct config *fresh)
{
	int error;

	if (fixed_keep(&d->config, fresh))
		log_warning(
			"reload: directories, group, limits and source_prefix6 change only with "
			"a restart");
	d->config = *fresh;
	log_init(log_level_parse(fresh->log_level) < 0 ?
			 LOG_LEVEL_INFO :
			 (enum log_level)log_level_parse(fresh->log_level));
	engine_configure(d->engine, &d->config.detect);
	error = maps_configure(&d->maps, &d->config);
	if (!error)
		error = maps_set(&d->maps, WEIR_SETTING_MODE, d->mode);
	if (!error)
		error = daemon_put_config_allows(d);
	if (!error)
		error = daemon_apply_rules(d);
	if (!error && kernel_attach(d->kernel, &d->config) < 0)
		log_warning("reload: no interface is attached");
	return error;
}

void daemon_reload(struct daemon *d)
{
	static struct config
		fresh; /* too large for the stack, and only one reload runs at a time */
	char why[256] = "";
	int error;

	notify_reloading();
	config_default(&fresh);
	error = d->config_path ? config_load(d->config_path, &fresh, stderr) : 0;
	if (!error)
		error = config_check(&fresh, why, sizeof(why));
	if (error) {
		log_error("reload: the old configuration stays in force: %s",
			  why[0] ? why : "see above");
	} else {
		error = reload_apply(d, &fresh);
		events_reopen(d->events);
		daemon_replan(d);
		log_info(error ? "reload: done in part: %s" : "reload: done%s",
			 error ? strerror(-error) : "");
	}
	daemon_check_health(d);
	notify_ready(mode_name(d->mode));
}
