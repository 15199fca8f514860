/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The kernel's record of an exchange into the engine's. */

#include <weir/abi.h>

#include "core/exchange.h"

struct exchange exchange_of_record(const struct weir_exchange *record, uint64_t boot_unix_ns);
