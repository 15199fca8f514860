/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The ledger's file: a whole database of a schema that this program knows, or one set aside. */

#include <sqlite3.h>

#include "edge/ledger.h"

/* As ledger_open: 0 or -errno, logged. */
int database_open(const char *path, sqlite3 **out, enum ledger_state *state);
/* -errno of an SQLite result; -EUCLEAN: the file is damaged. */
int database_error(sqlite3 *db, int result);
