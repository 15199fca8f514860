/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Exchanges of a log through engine and plan in the log's own time, and what came of it as JSON. */

#include <stdint.h>

#include <jansson.h>

#include "core/config.h"
#include "core/exchange.h"

struct replay;

/* config must outlive it. mode: enum weir_mode, what the plan may do. NULL on ENOMEM. */
struct replay *replay_new(const struct config *config, uint8_t mode);
void replay_free(struct replay *replay);
/* Ticks that are due before this exchange, then the exchange. 0 or -ENOMEM. */
int replay_add(struct replay *replay, const struct exchange *exchange);
/* A last tick at the time of the last exchange, with a full scan. */
int replay_finish(struct replay *replay);
/* The object of DESIGN section 7. */
json_t *replay_json(const struct replay *replay);
