/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/lists_input.h"

/* Turns a file of any known format into sorted nets, each once, and the lines that were bad. */

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_FIRST 65536
#define ROOM_FIRST 256
#define RANGE_TEXT_MAX (2 * NET_TEXT_MAX)

typedef unsigned __int128 address_bits;

/* ---- entries and problems ----------------------------------------------------------------- */

static void *room_make(struct list_input *input, void *array, size_t *room, size_t count,
		       size_t size)
{
	size_t more = *room ? *room * 2 : ROOM_FIRST;
	void *grown;

	if (count < *room)
		return array;
	grown = realloc(array, more * size);
	if (!grown) {
		input->err = -ENOMEM;
		return array;
	}
	*room = more;
	return grown;
}

void list_add(struct list_input *input, const struct net *net, unsigned line)
{
	struct list *list = &input->list;

	list->entries = room_make(input, list->entries, &input->entry_room, list->count,
				  sizeof(*list->entries));
	if (!input->err)
		list->entries[list->count++] = (struct list_entry){ .net = *net, .line = line };
}

void list_complain(struct list_input *input, unsigned line, const char *format, ...)
{
	struct list *list = &input->list;
	struct list_problem *problem;
	va_list args;

	list->problems = room_make(input, list->problems, &input->problem_room, list->problem_count,
				   sizeof(*list->problems));
	if (input->err)
		return;
	problem = &list->problems[list->problem_count++];
	problem->line = line;
	va_start(args, format);
	vsnprintf(problem->why, sizeof(problem->why), format, args);
	va_end(args);
	/* It goes to terminals: no control characters out of a stranger's file. */
	for (char *c = problem->why; *c != '\0'; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
}

/* ---- one token ----------------------------------------------------------------------------- */

static address_bits bits_of(const struct net *net)
{
	address_bits bits = 0;

	for (size_t i = 0; i < sizeof(net->addr); i++)
		bits = bits << 8 | net->addr[i];
	return bits;
}

static struct net net_of_bits(address_bits bits, unsigned prefix_len)
{
	struct net net = { .prefix_len = (uint8_t)prefix_len };

	for (size_t i = sizeof(net.addr); i-- > 0; bits >>= 8)
		net.addr[i] = (uint8_t)bits;
	return net;
}

/* Cuts a range into the fewest nets: from its start, ever the largest that is aligned and fits. */
static void range_add(struct list_input *input, const struct net *first, const struct net *last,
		      unsigned line)
{
	address_bits from = bits_of(first), to = bits_of(last);

	if (net_is_ipv4(first) != net_is_ipv4(last) || from > to) {
		list_complain(input, line, "a range must rise within one address family");
		return;
	}
	for (;;) {
		unsigned host_bits = 0;
		struct net net;

		while (host_bits < 128) {
			address_bits size = (address_bits)1 << host_bits;

			/* Double the block while it stays aligned and its end stays in the range. */
			if ((from & size) || to - from < size || to - from - size < size - 1)
				break;
			host_bits++;
		}
		net = net_of_bits(from, 128 - host_bits);
		list_add(input, &net, line);
		if (host_bits == 128 || to - from < (address_bits)1 << host_bits)
			return;
		from += (address_bits)1 << host_bits;
	}
}

static int range_try(struct list_input *input, char *text, unsigned line)
{
	char *dash = strchr(text, '-'), *second;
	struct net first, last;

	if (!dash)
		return -EINVAL;
	*dash = '\0';
	second = dash + 1 + strspn(dash + 1, " ");
	text[strcspn(text, " ")] = '\0';
	if (strchr(text, '/') || strchr(second, '/') || net_parse(text, &first) ||
	    net_parse(second, &last))
		return -EINVAL;
	range_add(input, &first, &last, line);
	return 0;
}

static void token_trim(const char **token, size_t *len)
{
	static const char pairs[][2] = { { '"', '"' }, { '\'', '\'' }, { '[', ']' } };

	while (*len && isspace((unsigned char)**token))
		++*token, --*len;
	while (*len && isspace((unsigned char)(*token)[*len - 1]))
		--*len;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (*len >= 2 && (*token)[0] == pairs[i][0] && (*token)[*len - 1] == pairs[i][1])
			++*token, *len -= 2;
}

int list_try_token(struct list_input *input, const char *token, size_t len, unsigned line)
{
	char text[RANGE_TEXT_MAX], masked[NET_TEXT_MAX];
	struct net net;
	bool was_masked;
	int err;

	token_trim(&token, &len);
	if (len == 0 || len >= sizeof(text) || memchr(token, '\0', len))
		return -EINVAL;
	memcpy(text, token, len);
	text[len] = '\0';
	err = net_parse_loose(text, &net, &was_masked);
	if (err == -EINVAL)
		return range_try(input, text, line);
	if (err) {
		list_complain(input, line, "%s: the length is too large", text);
	} else if (was_masked) {
		net_format(&net, masked);
		list_complain(input, line, "%s has bits beyond its length: %s is meant?", text,
			      masked);
	} else {
		list_add(input, &net, line);
	}
	return 0;
}

void list_add_token(struct list_input *input, const char *token, size_t len, unsigned line)
{
	if (memchr(token, '\0', len))
		list_complain(input, line, "a NUL byte: not text");
	else if (list_try_token(input, token, len, line))
		list_complain(input, line, "'%.*s' is not an address or CIDR",
			      (int)(len < RANGE_TEXT_MAX ? len : RANGE_TEXT_MAX), token);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int by_net(const void *a, const void *b)
{
	const struct list_entry *left = a, *right = b;
	int order = net_compare(&left->net, &right->net);

	return order ? order : (left->line > right->line) - (left->line < right->line);
}

/* A net inside a wider one stays: the wider one may yet be refused. */
static void list_merge(struct list *list)
{
	bool is_sorted = true;
	size_t kept = 0;

	for (size_t i = 1; i < list->count && is_sorted; i++)
		is_sorted = by_net(&list->entries[i - 1], &list->entries[i]) <= 0;
	if (!is_sorted)
		qsort(list->entries, list->count, sizeof(*list->entries), by_net);
	for (size_t i = 0; i < list->count; i++) {
		if (kept && !net_compare(&list->entries[kept - 1].net, &list->entries[i].net))
			list->duplicates++;
		else
			list->entries[kept++] = list->entries[i];
	}
	list->count = kept;
}

static int file_read(FILE *in, char **text, size_t *len)
{
	size_t room = 0, used = 0;
	char *buffer = NULL;

	for (;;) {
		if (used + 1 >= room) {
			size_t more = room ? room * 2 : BYTES_FIRST;
			char *grown = more <= LIST_BYTES_MAX ? realloc(buffer, more) : NULL;

			if (!grown) {
				free(buffer);
				return more > LIST_BYTES_MAX ? -EFBIG : -ENOMEM;
			}
			buffer = grown;
			room = more;
		}
		errno = 0;
		used += fread(buffer + used, 1, room - used - 1, in);
		if (ferror(in)) {
			int err = errno ? -errno : -EIO;

			free(buffer);
			return err;
		}
		if (feof(in))
			break;
	}
	buffer[used] = '\0';
	*text = buffer;
	*len = used;
	return 0;
}

/* What is no text at all is told once instead of line by line. */
static const char *encoding_problem(const struct list_input *input)
{
	if (input->len < 2)
		return NULL;
	if (memcmp(input->text, "\x1f\x8b", 2) == 0)
		return "the file is compressed: unpack it first";
	if (memcmp(input->text, "\xff\xfe", 2) == 0 || memcmp(input->text, "\xfe\xff", 2) == 0)
		return "the file is UTF-16: save it as UTF-8";
	return NULL;
}

static void input_read(struct list_input *input)
{
	const char *problem = encoding_problem(input);
	size_t blanks;

	input->list.format = "plain";
	if (problem) {
		list_complain(input, 1, "%s", problem);
		return;
	}
	if (input->len >= 3 && memcmp(input->text, "\xef\xbb\xbf", 3) == 0) {
		input->text += 3;
		input->len -= 3;
	}
	blanks = strspn(input->text, " \t\r\n");
	/* cscli writes "null" where there are no decisions. A bracket may also be an IPv6 address. */
	if (input->text[blanks] == '{' || strcmp(input->text + blanks, "null") == 0 ||
	    strcmp(input->text + blanks, "null\n") == 0 ||
	    (input->text[blanks] == '[' && strchr("{[\"] \t\r\n", input->text[blanks + 1])))
		list_read_json(input);
	else
		list_read_text(input);
}

int list_read(FILE *in, const char *name, struct list *out)
{
	struct list_input input = { .err = 0 };
	char *text;
	int err = file_read(in, &text, &input.len);

	(void)name;
	if (err)
		return err;
	input.text = text;
	input_read(&input);
	free(text);
	if (input.err) {
		list_clear(&input.list);
		return input.err;
	}
	list_merge(&input.list);
	*out = input.list;
	return 0;
}

void list_clear(struct list *list)
{
	free(list->entries);
	free(list->problems);
	*list = (struct list){ 0 };
}
