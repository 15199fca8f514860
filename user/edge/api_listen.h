/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A path into the socket on which the daemon listens. */

/* Makes the directory (0750, group) where there is none, and the socket (0660, group). Its fd or -errno. */
int api_listen(const char *path, const char *group);
