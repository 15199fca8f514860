/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A cohort: sources that look like draws from one queue, chosen on half A, all concealed alike. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/concealment.h"
#include "core/evidence.h"
#include "core/membership.h"
#include "core/scan.h"

struct cohort {
	char cell[CELL_NAME_MAX]; /* that showed it */
	struct mixture mixture;	  /* fitted on both halves */
	uint32_t *rows;		  /* chosen on half A, ascending: what half B is asked about */
	size_t count;
	double *posterior;	  /* of every row of the snapshot, from both halves */
	bool is_concealed;	  /* its members look concealed; else they do not */
	double similar;		  /* sources as similar before the split by concealment.. */
	double similar_concealed; /* ..and how many of them looked concealed */
	struct finding findings[EVIDENCE_MAX];
	size_t finding_count;
};

struct cohorts {
	struct cohort *items;
	size_t count;
	struct concealment concealment; /* what is ordinary */
};

/*
 * Fits, splits by concealment; marks the rows' cohort. Evidence is not yet weighed. 0 or -ENOMEM.
 */
int cohorts_find(struct snapshot *snapshot, const struct blocks *blocks, struct cohorts *out);
void cohorts_clear(struct cohorts *cohorts);
