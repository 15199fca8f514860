/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns what a SYN says of its sender into p0f's raw notation, and takes that apart again. */

#include "core/syn_name.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/syn_options.h"

#define DISTANCE_MAX 35	   /* p0f believes in no longer way */
#define MSS_MIN 100	   /* below it, a window that is a multiple says nothing */
#define TIMESTAMP_BYTES 12 /* of every segment, with its two NOPs */
#define ETHERNET_MTU 1500
#define HEADERS4_BYTES 40 /* IPv4 and TCP without options */
#define HEADERS6_BYTES 60
#define SIGNATURE_COLONS 7

#define TCP_PUSH 0x008u
#define TCP_ACK 0x010u
#define TCP_URGENT 0x020u
#define TCP_ECN 0x1c0u /* ECE, CWR and the former nonce sum */

uint8_t syn_initial_ttl(uint8_t ttl)
{
	if (ttl <= 32)
		return 32;
	if (ttl <= 64)
		return 64;
	return ttl <= 128 ? 128 : 255;
}

/* ---- text that may be too long -------------------------------------------------------------- */

struct text {
	char *start;
	size_t size;
	size_t len; /* what it would be with room enough */
};

static void __attribute__((format(printf, 2, 3)))
text_add(struct text *text, const char *format, ...)
{
	size_t used = text->len < text->size ? text->len : text->size;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text->start + used, text->size - used, format, args);
	va_end(args);
	if (len > 0)
		text->len += (size_t)len;
}

/* ---- facts to text -------------------------------------------------------------------------- */

struct window_unit {
	uint32_t bytes;
	const char *name;
	bool is_meant;
};

/* A window that is a multiple of the MSS or MTU shows the rule, not the link: p0f's order of
 * guesses, the first that divides wins. */
static void window_add(struct text *text, const struct weir_syn_facts *facts,
		       const struct syn_options *options)
{
	bool is_ip6 = facts->ip_version == 6;
	uint32_t mss = options->mss;
	uint32_t headers = (is_ip6 ? HEADERS6_BYTES : HEADERS4_BYTES) + facts->ip_options_len +
			   facts->options_len;
	const struct window_unit units[] = {
		{ mss, "mss", true },
		{ mss - TIMESTAMP_BYTES, "mss", options->timestamp != 0 },
		{ ETHERNET_MTU - HEADERS4_BYTES, "mss", true },
		{ ETHERNET_MTU - HEADERS4_BYTES - TIMESTAMP_BYTES, "mss", true },
		{ ETHERNET_MTU - HEADERS6_BYTES, "mss", is_ip6 },
		{ ETHERNET_MTU - HEADERS6_BYTES - TIMESTAMP_BYTES, "mss", is_ip6 },
		{ mss + HEADERS4_BYTES, "mtu", true },
		{ mss + headers, "mtu", true },
		{ mss + HEADERS6_BYTES, "mtu", is_ip6 },
		{ ETHERNET_MTU, "mtu", true },
	};

	if (facts->window && mss >= MSS_MIN) {
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (!units[i].is_meant || facts->window % units[i].bytes)
				continue;
			text_add(text, "%s*%u", units[i].name, facts->window / units[i].bytes);
			return;
		}
	}
	text_add(text, "%u", facts->window);
}

static const char *option_name(uint8_t kind)
{
	switch (kind) {
	case SYN_OPTION_NOP:
		return "nop";
	case SYN_OPTION_MSS:
		return "mss";
	case SYN_OPTION_WINDOW_SCALE:
		return "ws";
	case SYN_OPTION_SACK_OK:
		return "sok";
	case SYN_OPTION_SACK:
		return "sack";
	case SYN_OPTION_TIMESTAMP:
		return "ts";
	default:
		return NULL;
	}
}

static void layout_add(struct text *text, const struct syn_options *options)
{
	for (size_t i = 0; i < options->count; i++) {
		const char *comma = i ? "," : "";
		const char *name = option_name(options->kinds[i]);

		if (options->kinds[i] == SYN_OPTION_EOL)
			text_add(text, "%seol+%u", comma, options->eol_padding_bytes);
		else if (name)
			text_add(text, "%s%s", comma, name);
		else
			text_add(text, "%s?%u", comma, options->kinds[i]);
	}
}

static void quirks_add(struct text *text, const struct weir_syn_facts *facts,
		       const struct syn_options *options)
{
	bool is_ip4 = facts->ip_version == 4;
	bool is_df = is_ip4 && facts->ip_flags & WEIR_SYN_DF;
	bool is_ack = facts->tcp_flags & TCP_ACK;
	bool is_urgent = facts->tcp_flags & TCP_URGENT;
	const struct {
		const char *name;
		bool is_shown;
	} quirks[] = {
		{ "df", is_df },
		{ "id+", is_df && facts->ip_id },
		{ "id-", is_ip4 && !is_df && !facts->ip_id },
		{ "ecn", facts->ip_flags & WEIR_SYN_ECN || facts->tcp_flags & TCP_ECN },
		{ "0+", is_ip4 && facts->ip_flags & WEIR_SYN_RESERVED },
		{ "flow", !is_ip4 && facts->ip_flags & WEIR_SYN_FLOW_LABEL },
		{ "seq-", !facts->sequence },
		{ "ack+", !is_ack && facts->acknowledgment },
		{ "ack-", is_ack && !facts->acknowledgment },
		{ "uptr+", !is_urgent && facts->urgent },
		{ "urgf+", is_urgent },
		{ "pushf+", facts->tcp_flags & TCP_PUSH },
		{ "ts1-", options->timestamp_is_zero },
		{ "ts2+", options->peer_timestamp_is_set },
		{ "opt+", options->eol_padding_is_used },
		{ "exws", options->window_scale_is_excessive },
		{ "bad", options->is_malformed },
	};
	const char *comma = "";

	for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++) {
		if (!quirks[i].is_shown)
			continue;
		text_add(text, "%s%s", comma, quirks[i].name);
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
	struct syn_options options;
	char ttl[16];

	syn_options_read(facts, &options);
	if (with_distance)
		ttl_format(facts->ttl, ttl, sizeof(ttl));
	else
		snprintf(ttl, sizeof(ttl), "%u", syn_initial_ttl(facts->ttl));
	text_add(&text, "%u:%s:%u:%u:", facts->ip_version, ttl, facts->ip_options_len, options.mss);
	window_add(&text, facts, &options);
	text_add(&text, ",%u:", options.window_scale);
	layout_add(&text, &options);
	text_add(&text, ":");
	quirks_add(&text, facts, &options);
	text_add(&text, ":%c", facts->payload_len ? '+' : '0');
	return text.len < text.size ? (int)text.len : -ENOSPC;
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
