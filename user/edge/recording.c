/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a file of exchanges, in text or binary, gzipped or not, into exchanges one by one. */

#include "edge/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "core/wx.h"
#include "edge/log.h"

#define BUFFER_BYTES (256u << 10) /* many rows a read; far longer than one */

static const char byte_order_mark[] = "\xef\xbb\xbf";

struct recording {
	gzFile file;
	struct stack_names *names; /* the caller's */
	const char *name;	   /* for messages */
	char *path;
	enum recording_format format;
	struct wx_header header;
	uint64_t line;	    /* CSV: of the row read last */
	uint64_t exchanges; /* read so far */
	bool is_over; /* the end record, the last row, or an error behind which nothing is known */
	bool is_at_end;		       /* the file has no more bytes */
	size_t at, len;		       /* what is not read yet: buffer[at..len) */
	char buffer[BUFFER_BYTES + 1]; /* a NUL behind the last row */
};

/* ---- bytes ------------------------------------------------------------------------------------ */

/* Logs what went wrong where. */
static int recording_fail(struct recording *recording, const char *why)
{
	if (recording->format == RECORDING_CSV)
		log_error("%s:%" PRIu64 ": %s", recording->name, recording->line, why);
	else
		log_error("%s: after %" PRIu64 " exchanges: %s", recording->name,
			  recording->exchanges, why);
	return -EINVAL;
}

static int gzip_fail(struct recording *recording)
{
	int code;

	recording->is_over = true;
	gzerror(recording->file, &code);
	if (code == Z_ERRNO) {
		int error = errno;

		log_error("cannot read %s: %s", recording->name, strerror(error));
		return -error;
	}
	return recording_fail(recording, code == Z_BUF_ERROR ? "the gzip data end too early" :
							       "the gzip data are damaged");
}

/* Reads more behind what is there; 0 or -errno. */
static int buffer_fill(struct recording *recording)
{
	size_t left = recording->len - recording->at;
	int got, code;

	memmove(recording->buffer, recording->buffer + recording->at, left);
	recording->at = 0;
	recording->len = left;
	got = gzread(recording->file, recording->buffer + left, (unsigned)(BUFFER_BYTES - left));
	if (got < 0)
		return gzip_fail(recording);
	recording->len += (size_t)got;
	if (!got) {
		gzerror(recording->file, &code);
		if (code != Z_OK && code != Z_STREAM_END)
			return gzip_fail(recording);
		recording->is_at_end = true;
	}
	return 0;
}

/* ---- CSV -------------------------------------------------------------------------------------- */

/* The next line without its end. 1, 0 at the end, or -errno. */
static int line_next(struct recording *recording, char **line, size_t *line_len)
{
	char *end;

	while (!(end = memchr(recording->buffer + recording->at, '\n',
			      recording->len - recording->at))) {
		int error;

		if (recording->is_at_end || recording->len - recording->at == BUFFER_BYTES)
			break;
		error = buffer_fill(recording);
		if (error)
			return error;
	}
	if (recording->at == recording->len)
		return 0;
	*line = recording->buffer + recording->at;
	*line_len = end ? (size_t)(end - *line) : recording->len - recording->at;
	recording->at += *line_len + (end != NULL);
	recording->line++;
	if (*line_len && (*line)[*line_len - 1] == '\r')
		--*line_len;
	(*line)[*line_len] = '\0';
	return 1;
}

static int csv_start(struct recording *recording)
{
	char *line;
	size_t len;
	int got = line_next(recording, &line, &len);

	if (got < 0)
		return got;
	if (!got) {
		log_error("%s is empty: an exchange log begins with the line %s", recording->name,
			  exchange_csv_header);
		return -EINVAL;
	}
	if (strncmp(line, byte_order_mark, strlen(byte_order_mark)) == 0)
		line += strlen(byte_order_mark);
	if (strcmp(line, exchange_csv_header) == 0)
		return 0;
	log_error("%s:1: not an exchange log: its first line must be %s", recording->name,
		  exchange_csv_header);
	return -EINVAL;
}

static int csv_next(struct recording *recording, struct exchange *out)
{
	const char *why = "the row is too long";
	char *line;
	size_t len;
	int got, error;

	do {
		got = line_next(recording, &line, &len);
		if (got <= 0) {
			recording->is_over = true;
			return got;
		}
	} while (!len);
	if (len >= EXCHANGE_LINE_MAX)
		return recording_fail(recording, why);
	if (memchr(line, '\0', len))
		return recording_fail(recording, "the row holds a NUL byte");
	error = exchange_parse_csv(line, recording->names, out, &why);
	if (error == -EINVAL)
		return recording_fail(recording, why);
	return error ? error : 1;
}

/* ---- .wx -------------------------------------------------------------------------------------- */

static int wx_start(struct recording *recording)
{
	const char *why = "the recording ends within its header";

	recording->format = RECORDING_WX;
	if (recording->len - recording->at < sizeof(recording->header))
		return recording_fail(recording, why);
	memcpy(&recording->header, recording->buffer + recording->at, sizeof(recording->header));
	recording->at += sizeof(recording->header);
	if (!wx_header_check(&recording->header, &why))
		return 0;
	log_error("%s: %s", recording->name, why);
	return -EINVAL;
}

/* The next record whole. 1 or -errno: a recording without an end record was cut off. */
static int record_next(struct recording *recording, struct wx_record *record)
{
	for (;;) {
		const char *why = "the recording was cut off";
		const uint8_t *bytes = (const uint8_t *)recording->buffer + recording->at;
		int got = wx_record_read(bytes, recording->len - recording->at, &recording->header,
					 record, &why);

		if (got > 0) {
			recording->at += (size_t)got;
			return 1;
		}
		if (!got && !recording->is_at_end)
			got = buffer_fill(recording);
		else
			got = recording_fail(recording, why);
		if (got)
			return got;
	}
}

/* Takes what is not an exchange. 0 to go on, 1 at the end, -errno. */
static int record_take(struct recording *recording, const struct wx_record *record)
{
	if (record->kind == WX_NAME)
		return stack_names_put(recording->names, record->digest, record->name);
	if (record->exchanges != recording->exchanges)
		return recording_fail(recording,
				      "the end record tells another number of exchanges");
	return 1;
}

static int wx_next(struct recording *recording, struct exchange *out)
{
	struct wx_record record;
	int got;

	do {
		got = record_next(recording, &record);
		if (got > 0 && record.kind == WX_EXCHANGE) {
			recording->exchanges++;
			*out = record.exchange;
			return 1;
		}
		if (got > 0)
			got = record_take(recording, &record);
	} while (!got);
	recording->is_over = true;
	return got > 0 ? 0 : got;
}

/* ---- open, next, close ------------------------------------------------------------------------ */

static gzFile file_open(const char *path)
{
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) :
					  open(path, O_RDONLY | O_CLOEXEC);
	gzFile file = fd < 0 ? NULL : gzdopen(fd, "rb");

	if (!file && fd >= 0) {
		close(fd);
		errno = ENOMEM;
	}
	return file;
}

static int recording_start(struct recording *recording)
{
	int error = 0;

	/* A pipe may hand over its first bytes in pieces. */
	while (!error && !recording->is_at_end && recording->len < sizeof(struct wx_header))
		error = buffer_fill(recording);
	if (error)
		return error;
	if (recording->len >= WX_MAGIC_LEN &&
	    memcmp(recording->buffer, wx_magic, WX_MAGIC_LEN) == 0)
		return wx_start(recording);
	return csv_start(recording);
}

int recording_open(const char *path, struct stack_names *names, struct recording **out)
{
	struct recording *recording = calloc(1, sizeof(*recording));
	int error = 0;

	if (!recording)
		return -ENOMEM;
	recording->names = names;
	recording->path = strdup(path);
	recording->name = strcmp(path, "-") == 0 ? "standard input" : recording->path;
	recording->file = file_open(path);
	if (!recording->file) {
		error = -errno;
		log_error("cannot open %s: %s", path, strerror(errno));
	}
	if (!error && !recording->path)
		error = -ENOMEM;
	if (!error)
		error = recording_start(recording);
	if (error) {
		recording_close(recording);
		return error;
	}
	*out = recording;
	return 0;
}

int recording_next(struct recording *recording, struct exchange *out)
{
	if (recording->is_over)
		return 0;
	if (recording->format == RECORDING_WX)
		return wx_next(recording, out);
	return csv_next(recording, out);
}

void recording_close(struct recording *recording)
{
	if (!recording)
		return;
	if (recording->file)
		gzclose(recording->file);
	free(recording->path);
	free(recording);
}
