/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns what a SYN says of its sender into p0f's raw notation, and takes that apart again. */

#include "core/syn_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/syn_digest.h>

#define DISTANCE_MAX 35 /* p0f believes in no longer way */
#define SIGNATURE_COLONS 7

uint8_t syn_initial_ttl(uint8_t ttl)
{
	return weir_ttl_initial(ttl);
}

/* ---- text that may be too long -------------------------------------------------------------- */

struct text {
	char *start;
	size_t size;
	size_t len; /* what it would be with room enough */
};

static void text_add(struct text *text, const char *piece)
{
	for (; *piece; piece++, text->len++)
		if (text->len < text->size)
			text->start[text->len] = *piece;
}

static void text_add_number(struct text *text, unsigned number)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", number);
	text_add(text, digits);
}

/* Returns the length, or -ENOSPC where there is no room for it and a NUL. */
static int text_end(struct text *text)
{
	if (text->len >= text->size)
		return -ENOSPC;
	text->start[text->len] = '\0';
	return (int)text->len;
}

/* ---- facts to text -------------------------------------------------------------------------- */

static void window_add(struct text *text, const struct weir_syn_signature *signature)
{
	if (signature->window_unit == WEIR_WINDOW_IN_MSS)
		text_add(text, "mss*");
	else if (signature->window_unit == WEIR_WINDOW_IN_MTU)
		text_add(text, "mtu*");
	text_add_number(text, signature->window);
}

static const char *option_name(uint8_t kind)
{
	switch (kind) {
	case WEIR_TCP_EOL:
		return "eol+";
	case WEIR_TCP_NOP:
		return "nop";
	case WEIR_TCP_MSS:
		return "mss";
	case WEIR_TCP_WINDOW_SCALE:
		return "ws";
	case WEIR_TCP_SACK_OK:
		return "sok";
	case WEIR_TCP_SACK:
		return "sack";
	case WEIR_TCP_TIMESTAMP:
		return "ts";
	default:
		return NULL;
	}
}

static void layout_add(struct text *text, const struct weir_syn_signature *signature)
{
	for (size_t i = 0; i < signature->kinds_count; i++) {
		uint8_t kind = signature->kinds[i];
		const char *name = option_name(kind);

		if (i)
			text_add(text, ",");
		text_add(text, name ? name : "?");
		if (!name)
			text_add_number(text, kind);
		else if (kind == WEIR_TCP_EOL)
			text_add_number(text, signature->eol_bytes);
	}
}

static void quirks_add(struct text *text, uint32_t quirks)
{
	static const char *const names[WEIR_QUIRK_MAX] = {
#define X(name, text) [WEIR_QUIRK_##name] = text,
		WEIR_SYN_QUIRKS(X)
#undef X
	};
	const char *comma = "";

	for (size_t i = 0; i < WEIR_QUIRK_MAX; i++) {
		if (!(quirks & 1u << i))
			continue;
		text_add(text, comma);
		text_add(text, names[i]);
		comma = ",";
	}
}

/* "57+7", or "150+?" where no host is that far away. */
static int ttl_format(uint8_t ttl, char *text, size_t text_size)
{
	int distance = syn_initial_ttl(ttl) - ttl;

	if (distance > DISTANCE_MAX)
		return snprintf(text, text_size, "%u+?", ttl);
	return snprintf(text, text_size, "%u+%d", ttl, distance);
}

int syn_name_format(const struct weir_syn_facts *facts, bool with_distance, char *out,
		    size_t out_size)
{
	struct text text = { .start = out, .size = out_size };
	struct weir_syn_signature signature;
	char ttl[16];

	weir_syn_signature_read(facts, &signature);
	if (with_distance)
		ttl_format(facts->ttl, ttl, sizeof(ttl));
	else
		snprintf(ttl, sizeof(ttl), "%u", signature.ttl);
	text_add_number(&text, signature.ip_version);
	text_add(&text, ":");
	text_add(&text, ttl);
	text_add(&text, ":");
	text_add_number(&text, signature.ip_options_len);
	text_add(&text, ":");
	text_add_number(&text, signature.mss);
	text_add(&text, ":");
	window_add(&text, &signature);
	text_add(&text, ",");
	text_add_number(&text, signature.scale);
	text_add(&text, ":");
	layout_add(&text, &signature);
	text_add(&text, ":");
	quirks_add(&text, signature.quirks);
	text_add(&text, signature.has_payload ? ":+" : ":0");
	return text_end(&text);
}

/* ---- text apart ------------------------------------------------------------------------------ */

/* Finds "ver:ttl" in front; *rest is what follows. Returns the TTL, or -EINVAL. */
static int ttl_parse(const char *signature, char **rest)
{
	unsigned long ttl;

	if (!strchr("46*", signature[0]) || signature[1] != ':' || signature[2] < '0' ||
	    signature[2] > '9')
		return -EINVAL;
	ttl = strtoul(signature + 2, rest, 10);
	return ttl && ttl <= UINT8_MAX ? (int)ttl : -EINVAL;
}

static bool is_signature(const char *text)
{
	int colons = 0;
	size_t len = 0;

	for (; text[len] > ' ' && text[len] <= '~' && text[len] != '"'; len++)
		colons += text[len] == ':';
	return !text[len] && len < STACK_NAME_MAX && colons == SIGNATURE_COLONS;
}

int syn_name_split(const char *signature, char name[STACK_NAME_MAX], uint8_t *ttl)
{
	char *rest;
	int seen;

	if (!*signature || !is_signature(signature))
		return -EINVAL;
	seen = ttl_parse(signature, &rest);
	if (seen < 0)
		return seen;
	if (*rest != '+') {
		strcpy(name, signature);
		*ttl = 0;
		return 0;
	}
	rest += 1 + strspn(rest + 1, "0123456789?");
	if (*rest != ':')
		return -EINVAL;
	if (snprintf(name, STACK_NAME_MAX, "%c:%u%s", signature[0], syn_initial_ttl((uint8_t)seen),
		     rest) >= STACK_NAME_MAX)
		return -EINVAL;
	*ttl = (uint8_t)seen;
	return 0;
}

int syn_name_join(const char *name, uint8_t ttl, char *text, size_t text_size)
{
	char *rest;
	char shown[16];
	int len;

	if (ttl && is_signature(name) && ttl_parse(name, &rest) == syn_initial_ttl(ttl) &&
	    *rest == ':') {
		ttl_format(ttl, shown, sizeof(shown));
		len = snprintf(text, text_size, "%c:%s%s", name[0], shown, rest);
	} else {
		len = snprintf(text, text_size, "%s", name);
	}
	return len < 0 || (size_t)len >= text_size ? -ENOSPC : len;
}
