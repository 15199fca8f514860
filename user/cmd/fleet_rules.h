/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A plan into the rules of origin fleet: one list for each fleet, replaced whole. */

#include <stddef.h>

#include "core/plan.h"
#include "core/rule.h"

/* Called for each fleet that has or had rules, once they are replaced. */
typedef void (*fleet_rules_said)(const char *list, const struct rules_replaced *replaced,
				 void *arg);

int fleet_rules_put(const struct plan *plan, const struct engine *engine, struct rules *rules,
		    fleet_rules_said said, void *arg);
