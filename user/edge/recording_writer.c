/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns exchanges into a file of them, in text or binary, gzipped or not, with real or other addresses. */

#include "edge/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <zlib.h>

#include "core/prefix_map.h"
#include "core/wx.h"
#include "edge/log.h"

#define NS_PER_S 1000000000ULL
#define BUFFER_BYTES (256u << 10)

struct recording_writer {
	gzFile file;
	char *path;
	enum recording_format format;
	bool is_anonymised;
	struct prefix_map map;
	struct wx_header header;
	struct stack_names *named; /* .wx: names that stand in the file */
	uint64_t exchanges;
	int failure; /* first -errno; logged */
};

/* ---- bytes ------------------------------------------------------------------------------------ */

static int writer_fail(struct recording_writer *writer)
{
	int code;

	if (writer->failure)
		return writer->failure;
	gzerror(writer->file, &code);
	writer->failure = code == Z_ERRNO && errno ? -errno : -EIO;
	log_error("cannot write %s: %s", writer->path, strerror(-writer->failure));
	return writer->failure;
}

static int bytes_write(struct recording_writer *writer, const void *bytes, size_t len)
{
	if (writer->failure)
		return writer->failure;
	errno = 0;
	return gzwrite(writer->file, bytes, (unsigned)len) == (int)len ? 0 : writer_fail(writer);
}

static int record_write(struct recording_writer *writer, const struct wx_record *record)
{
	uint8_t bytes[WX_RECORD_MAX];

	return bytes_write(writer, bytes, wx_record_write(record, &writer->header, bytes));
}

/* ---- create ----------------------------------------------------------------------------------- */

static bool is_gzip_path(const char *path)
{
	size_t len = strlen(path);

	return len > 3 && strcmp(path + len - 3, ".gz") == 0;
}

static gzFile file_create(const char *path)
{
	int fd = strcmp(path, "-") == 0 ?
			 fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) :
			 open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	/* "T": as it is, without compressing. */
	gzFile file = fd < 0 ? NULL : gzdopen(fd, is_gzip_path(path) ? "wb" : "wbT");

	if (!file && fd >= 0) {
		close(fd);
		errno = ENOMEM;
	}
	return file;
}

static int head_write(struct recording_writer *writer)
{
	if (writer->format == RECORDING_WX) {
		/* Exchanges come with Unix times, so the file's own zero is 1970. */
		wx_header_init(&writer->header, 0, (uint64_t)time(NULL) * NS_PER_S);
		return bytes_write(writer, &writer->header, sizeof(writer->header));
	}
	if (bytes_write(writer, exchange_csv_header, strlen(exchange_csv_header)))
		return writer->failure;
	return bytes_write(writer, "\n", 1);
}

static int writer_start(struct recording_writer *writer)
{
	writer->named = stack_names_new();
	if (!writer->named || !writer->path || gzbuffer(writer->file, BUFFER_BYTES))
		return -ENOMEM;
	if (writer->is_anonymised &&
	    getrandom(writer->map.key, sizeof(writer->map.key), 0) != sizeof(writer->map.key))
		return -EIO;
	return head_write(writer);
}

static void writer_free(struct recording_writer *writer)
{
	explicit_bzero(&writer->map, sizeof(writer->map));
	stack_names_free(writer->named);
	free(writer->path);
	free(writer);
}

int recording_create(const char *path, enum recording_format format, bool is_anonymised,
		     struct recording_writer **out)
{
	struct recording_writer *writer = calloc(1, sizeof(*writer));
	int error;

	if (!writer)
		return -ENOMEM;
	writer->format = format;
	writer->is_anonymised = is_anonymised;
	writer->path = strdup(strcmp(path, "-") == 0 ? "standard output" : path);
	writer->file = file_create(path);
	if (!writer->file) {
		error = -errno;
		log_error("cannot create %s: %s", path, strerror(-error));
		writer_free(writer);
		return error;
	}
	error = writer_start(writer);
	if (error) {
		gzclose(writer->file);
		writer_free(writer);
		return error;
	}
	*out = writer;
	return 0;
}

/* ---- write ------------------------------------------------------------------------------------ */

/* Once a stack's name is known, it stands before the stack's next exchange, and only there. */
static int name_write(struct recording_writer *writer, uint64_t digest,
		      const struct stack_names *names)
{
	const char *name = digest && names ? stack_names_get(names, digest) : NULL;
	struct wx_record record = { .kind = WX_NAME, .digest = digest };

	if (!name || stack_names_get(writer->named, digest))
		return 0;
	if (stack_names_put(writer->named, digest, ""))
		return -ENOMEM;
	strncpy(record.name, name, sizeof(record.name) - 1);
	return record_write(writer, &record);
}

static int wx_write(struct recording_writer *writer, const struct exchange *exchange,
		    const struct stack_names *names)
{
	struct wx_record record = { .kind = WX_EXCHANGE, .exchange = *exchange };
	int error = name_write(writer, exchange->syn_stack, names);

	if (!error)
		error = name_write(writer, exchange->ja4_stack, names);
	return error ? error : record_write(writer, &record);
}

static int csv_write(struct recording_writer *writer, const struct exchange *exchange,
		     const struct stack_names *names)
{
	char line[EXCHANGE_LINE_MAX + 1];
	int len = exchange_format_csv(exchange, names, line, EXCHANGE_LINE_MAX);

	if (len < 0)
		return len;
	line[len++] = '\n';
	return bytes_write(writer, line, (size_t)len);
}

int recording_write(struct recording_writer *writer, const struct exchange *exchange,
		    const struct stack_names *names)
{
	struct exchange shown = *exchange;
	int error;

	if (writer->is_anonymised) {
		prefix_map_net(&writer->map, &shown.source);
		shown.connection = prefix_map_number(&writer->map, shown.connection);
		shown.account = prefix_map_number(&writer->map, shown.account);
	}
	error = writer->format == RECORDING_WX ? wx_write(writer, &shown, names) :
						 csv_write(writer, &shown, names);
	writer->exchanges += !error;
	return error;
}

int recording_flush(struct recording_writer *writer)
{
	if (writer->failure)
		return writer->failure;
	errno = 0;
	return gzflush(writer->file, Z_SYNC_FLUSH) == Z_OK ? 0 : writer_fail(writer);
}

int recording_finish(struct recording_writer *writer)
{
	struct wx_record end = { .kind = WX_END, .exchanges = writer->exchanges };
	int error = writer->format == RECORDING_WX ? record_write(writer, &end) : writer->failure;
	int code;

	errno = 0;
	code = gzclose(writer->file);
	if (!error && code != Z_OK) {
		error = code == Z_ERRNO && errno ? -errno : -EIO;
		log_error("cannot write %s: %s", writer->path, strerror(-error));
	}
	writer_free(writer);
	return error;
}
