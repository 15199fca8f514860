/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The text of one key into its field, by the type of the key. */

#include "core/config.h"

/* Where to say why a text was refused. */
struct config_why {
	char *text;
	size_t size;
};

void config_say(const struct config_why *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* 0; -EINVAL or -ERANGE with why, config unchanged. */
int config_value_set(struct config *config, const struct config_key *key, const char *text,
		     const struct config_why *why);
int config_list_append(struct config *config, const struct config_key *key, const char *text,
		       const struct config_why *why);
