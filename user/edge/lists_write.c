/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/lists.h"

/* Turns nets into the files of other tools. */

#include <errno.h>
#include <string.h>

#define IPSET_MAXELEM_MIN 65536 /* ipset's own default */

static const char *const format_names[] = {
	[LIST_PLAIN] = "plain", [LIST_JSON] = "json",	      [LIST_NFT] = "nft",
	[LIST_IPSET] = "ipset", [LIST_CROWDSEC] = "crowdsec",
};

int list_format_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++)
		if (strcmp(format_names[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

static void plain_write(FILE *out, const struct net *nets, size_t count)
{
	char text[NET_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		net_format(&nets[i], text);
		fprintf(out, "%s\n", text);
	}
}

static void json_write(FILE *out, const struct net *nets, size_t count)
{
	char text[NET_TEXT_MAX];

	fputs("[", out);
	for (size_t i = 0; i < count; i++) {
		net_format(&nets[i], text);
		fprintf(out, "%s\n\t\"%s\"", i ? "," : "", text);
	}
	fputs("\n]\n", out);
}

/* The format of `cscli decisions import`; the duration is the importer's choice, so none is given. */
static void crowdsec_write(FILE *out, const struct net *nets, size_t count)
{
	char text[NET_TEXT_MAX];

	fputs("[", out);
	for (size_t i = 0; i < count; i++) {
		net_format(&nets[i], text);
		fprintf(out,
			"%s\n\t{\"scope\": \"%s\", \"type\": \"ban\", \"value\": \"%s\", "
			"\"reason\": \"weir\"}",
			i ? "," : "", net_is_host(&nets[i]) ? "ip" : "range", text);
	}
	fputs("\n]\n", out);
}

/* A set of one family; nft takes no empty list of elements. */
static void nft_set_write(FILE *out, const struct net *nets, size_t count, bool is_ipv4)
{
	const char *separator = "\t\telements = {\n";
	char text[NET_TEXT_MAX];

	fprintf(out, "\tset block%d {\n\t\ttype ipv%d_addr\n\t\tflags interval\n", is_ipv4 ? 4 : 6,
		is_ipv4 ? 4 : 6);
	for (size_t i = 0; i < count; i++) {
		if (net_is_ipv4(&nets[i]) != is_ipv4)
			continue;
		net_format(&nets[i], text);
		fprintf(out, "%s\t\t\t%s", separator, text);
		separator = ",\n";
	}
	fprintf(out, "%s\t}\n", *separator == ',' ? "\n\t\t}\n" : "");
}

static void nft_write(FILE *out, const struct net *nets, size_t count)
{
	fputs("table inet weir {\n", out);
	nft_set_write(out, nets, count, true);
	nft_set_write(out, nets, count, false);
	fputs("}\n", out);
}

static void ipset_write(FILE *out, const struct net *nets, size_t count)
{
	size_t max = count > IPSET_MAXELEM_MIN ? count : IPSET_MAXELEM_MIN;
	char text[NET_TEXT_MAX];

	fprintf(out, "create weir4 hash:net family inet maxelem %zu\n", max);
	fprintf(out, "create weir6 hash:net family inet6 maxelem %zu\n", max);
	for (size_t i = 0; i < count; i++) {
		net_format(&nets[i], text);
		fprintf(out, "add weir%d %s\n", net_is_ipv4(&nets[i]) ? 4 : 6, text);
	}
}

int list_write(FILE *out, enum list_format format, const struct net *nets, size_t count)
{
	static void (*const writers[])(FILE *, const struct net *, size_t) = {
		[LIST_PLAIN] = plain_write,	  [LIST_JSON] = json_write,
		[LIST_NFT] = nft_write,		  [LIST_IPSET] = ipset_write,
		[LIST_CROWDSEC] = crowdsec_write,
	};

	if ((unsigned)format >= sizeof(writers) / sizeof(writers[0]))
		return -EINVAL;
	errno = 0;
	writers[format](out, nets, count);
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
