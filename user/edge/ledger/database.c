/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a path into an open database that is whole and of the schema known here. */

#include "edge/ledger/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "edge/log.h"

#define APPLICATION_ID 0x77656972 /* "weir" */
#define BUSY_OPENING_MS 5000	  /* somebody's sqlite3 shell may hold it for a moment */
#define BUSY_RUNNING_MS 50	  /* later on a write waits in memory, not the daemon on it */
#define SET_ASIDE_TRIES 100
#define SCHEMA_BELIEVABLE_MAX 10000 /* a larger version is a damaged header */

/* The file's header (sqlite.org/fileformat.html, 1.3). */
#define HEADER_LEN 100
#define HEADER_WRITE_FORMAT_AT 18 /* 1: rollback journal, 2: WAL */
#define HEADER_READ_FORMAT_AT 19
#define HEADER_FORMAT_MAX 2
#define HEADER_VERSION_AT 60
#define HEADER_APPLICATION_AT 68
static const char header_magic[] = "SQLite format 3";

/* Step n leads from schema n to n + 1. Append only. Every row ends in its own checksum, as a
 * database without one gives back a flipped bit as data. */
static const char *const schema_steps[] = {
	"CREATE TABLE blob (kind INTEGER NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL,"
	" sum INTEGER NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE rule (net TEXT NOT NULL, is_allow INTEGER NOT NULL, origin INTEGER NOT NULL,"
	" list TEXT NOT NULL, action INTEGER NOT NULL, limit_per_min INTEGER NOT NULL,"
	" id INTEGER NOT NULL, expires_unix_ns INTEGER NOT NULL, created_unix_ns INTEGER NOT NULL,"
	" reason TEXT NOT NULL, by TEXT NOT NULL, sum INTEGER NOT NULL,"
	" PRIMARY KEY (origin, list, net, is_allow)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE value (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL,"
	" sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE stack (digest INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
	" sum INTEGER NOT NULL) STRICT;",
};
#define SCHEMA_VERSION ((int)(sizeof(schema_steps) / sizeof(schema_steps[0])))

int database_error(sqlite3 *db, int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN: {
		int system = db ? sqlite3_system_errno(db) : 0;

		return system > 0 ? -system : -EIO;
	}
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EROFS;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

static int run(sqlite3 *db, const char *sql)
{
	return database_error(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* ---- before SQLite touches the file --------------------------------------------------------- */

static uint32_t be32_read(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* SQLite would open a format that it does not know read-only, and so never be written again. */
static bool is_ledger(const uint8_t header[HEADER_LEN])
{
	return memcmp(header, header_magic, sizeof(header_magic)) == 0 &&
	       header[HEADER_WRITE_FORMAT_AT] <= HEADER_FORMAT_MAX &&
	       header[HEADER_READ_FORMAT_AT] <= HEADER_FORMAT_MAX &&
	       be32_read(header + HEADER_APPLICATION_AT) == APPLICATION_ID;
}

static bool is_empty(const char *path)
{
	struct stat st;

	return stat(path, &st) || st.st_size == 0;
}

static bool has_log(const char *path)
{
	char log[4096];

	snprintf(log, sizeof(log), "%s-wal", path);
	return !is_empty(log);
}

static int version_check(const char *path, uint32_t version)
{
	if (version > SCHEMA_BELIEVABLE_MAX)
		return -EUCLEAN;
	if (version <= (uint32_t)SCHEMA_VERSION)
		return 0;
	log_error(
		"ledger %s has schema %u, this weir knows %d: run the newer weir, or move the file "
		"away to start afresh",
		path, version, SCHEMA_VERSION);
	return -EPROTO;
}

/* Makes the file if there is none, with mode 0600, which SQLite gives to its -wal and -shm too. 0, -EUCLEAN,
 * -EPROTO or -errno. */
static int file_prepare(const char *path, bool *is_fresh)
{
	uint8_t header[HEADER_LEN];
	struct stat st;
	ssize_t len = 0;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || (st.st_mode & 077 && fchmod(fd, 0600)))
		error = -errno;
	else if (!S_ISREG(st.st_mode))
		error = -EINVAL;
	else
		len = read(fd, header, sizeof(header));
	if (!error && len < 0)
		error = -errno;
	close(fd);
	if (error)
		return error;
	*is_fresh = len == 0;
	if (*is_fresh)
		return has_log(path) ? -EUCLEAN : 0;
	if (len < HEADER_LEN || !is_ledger(header))
		return -EUCLEAN;
	return version_check(path, be32_read(header + HEADER_VERSION_AT));
}

/* ---- with SQLite ----------------------------------------------------------------------------- */

static int number_read(sqlite3 *db, const char *sql, int *out)
{
	sqlite3_stmt *statement;
	int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*out = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? 0 : database_error(db, result);
}

static int integrity_check(sqlite3 *db)
{
	sqlite3_stmt *statement;
	bool is_ok = false;
	int result = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		is_ok = strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
	sqlite3_finalize(statement);
	if (result != SQLITE_ROW)
		return database_error(db, result);
	return is_ok ? 0 : -EUCLEAN;
}

static int schema_migrate(sqlite3 *db, int version)
{
	int error = 0;

	for (; !error && version < SCHEMA_VERSION; version++) {
		char mark[96];

		snprintf(mark, sizeof(mark),
			 "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID,
			 version + 1);
		error = run(db, "BEGIN IMMEDIATE");
		if (!error)
			error = run(db, schema_steps[version]);
		if (!error)
			error = run(db, mark);
		if (!error)
			error = run(db, "COMMIT");
	}
	return error;
}

/* The schema comes before WAL, so that the header of the file itself always says whose it is. Deleted addresses
 * are overwritten: forgotten is forgotten. */
static int database_prepare(sqlite3 *db, const char *path, bool is_disk_full)
{
	int version = 0;
	int error;

	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_OPENING_MS);
	/* A schema that is refused must not be touched by closing it either. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	/* Its index of the log is a file, unless nobody else may look; then reading needs no room. */
	error = is_disk_full ? run(db, "PRAGMA locking_mode = EXCLUSIVE") : 0;
	if (!error)
		error = number_read(db, "PRAGMA user_version", &version);
	if (!error)
		error = version_check(path, (uint32_t)version);
	if (!error && version)
		error = integrity_check(db);
	if (!error)
		error = schema_migrate(db, version);
	if (!error)
		error = run(db, "SELECT 1 FROM blob, rule, value, stack LIMIT 0");
	if (!error)
		error = run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
				"PRAGMA secure_delete = ON;");
	if (!error)
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	sqlite3_busy_timeout(db, BUSY_RUNNING_MS);
	return error;
}

static int database_try(const char *path, sqlite3 **out, bool is_disk_full, bool *is_fresh)
{
	sqlite3 *db = NULL;
	int error = file_prepare(path, is_fresh);

	if (error)
		return error;
	error = database_error(NULL, sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL));
	if (!error)
		error = database_prepare(db, path, is_disk_full);
	/* Every statement is known to be right, so what is wrong with it is the file. */
	if (error == -EIO && (sqlite3_errcode(db) & 0xff) == SQLITE_ERROR)
		error = -EUCLEAN;
	if (error) {
		log_debug("ledger %s: sqlite says: %s", path, sqlite3_errmsg(db));
		sqlite3_close(db);
		return error;
	}
	*out = db;
	return 0;
}

/* ---- setting aside ---------------------------------------------------------------------------- */

/* A name that is free: "<path>.corrupt-20261124T150000Z", then with "-2", "-3" behind it. */
static int aside_name(const char *path, char *name, size_t name_size)
{
	time_t now = time(NULL);
	struct tm utc;
	char stamp[32];

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	for (int i = 1; i < SET_ASIDE_TRIES; i++) {
		char number[16] = "";

		if (i > 1)
			snprintf(number, sizeof(number), "-%d", i);
		if ((size_t)snprintf(name, name_size, "%s.corrupt-%s%s", path, stamp, number) >=
		    name_size)
			return -ENAMETOOLONG;
		if (access(name, F_OK))
			return 0;
	}
	return -EEXIST;
}

static int set_aside(const char *path, char *name, size_t name_size)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	int error = aside_name(path, name, name_size);

	for (size_t i = 0; !error && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char from[4096], to[4096];

		snprintf(from, sizeof(from), "%s%s", path, suffixes[i]);
		snprintf(to, sizeof(to), "%s%s", name, suffixes[i]);
		if (rename(from, to) && errno != ENOENT)
			error = -errno;
	}
	return error;
}

int database_open(const char *path, sqlite3 **out, enum ledger_state *state)
{
	char aside[4096];
	bool is_fresh = false;
	int error = database_try(path, out, false, &is_fresh);

	if (error == -ENOSPC && !is_fresh)
		error = database_try(path, out, true, &is_fresh);
	*state = is_fresh ? LEDGER_FRESH : LEDGER_RESUMED;
	if (error == -EUCLEAN) {
		error = set_aside(path, aside, sizeof(aside));
		if (!error) {
			log_error(
				"ledger %s is damaged: it is kept as %s, going on with a fresh one",
				path, aside);
			*state = LEDGER_SET_ASIDE;
			error = database_try(path, out, false, &is_fresh);
		}
	}
	if (error && error != -EPROTO)
		log_error("cannot open ledger %s: %s", path, strerror(-error));
	return error;
}
