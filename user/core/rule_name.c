/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/rule.h"

/* Turns the numbers of actions, origins and modes into their names and back. */

#include <errno.h>
#include <string.h>

static const char *const action_names[WEIR_ACTION_MAX] = {
	[WEIR_ACTION_ALLOW] = "allow", [WEIR_ACTION_OBSERVE] = "observe",
	[WEIR_ACTION_LIMIT] = "limit", [WEIR_ACTION_DROP] = "drop",
	[WEIR_ACTION_RESET] = "reset",
};

static const char *const origin_names[WEIR_ORIGIN_MAX] = {
	[WEIR_ORIGIN_FLEET] = "fleet", [WEIR_ORIGIN_OPERATOR] = "operator",
	[WEIR_ORIGIN_LIST] = "list",   [WEIR_ORIGIN_MAP] = "map",
	[WEIR_ORIGIN_GUARD] = "guard",
};

static const char *const mode_names[WEIR_MODE_MAX] = {
	[WEIR_MODE_PROPOSE] = "propose",
	[WEIR_MODE_ENFORCE] = "enforce",
	[WEIR_MODE_OFF] = "off",
};

static const char *name_at(const char *const *names, size_t count, uint8_t number)
{
	return number < count ? names[number] : "unknown";
}

static int name_find(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

const char *rule_action_name(uint8_t action)
{
	return name_at(action_names, WEIR_ACTION_MAX, action);
}

int rule_action_parse(const char *name)
{
	return name_find(action_names, WEIR_ACTION_MAX, name);
}

const char *rule_origin_name(uint8_t origin)
{
	return name_at(origin_names, WEIR_ORIGIN_MAX, origin);
}

const char *mode_name(uint8_t mode)
{
	return name_at(mode_names, WEIR_MODE_MAX, mode);
}

int mode_parse(const char *name)
{
	return name_find(mode_names, WEIR_MODE_MAX, name);
}
