/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of the shadow package that we need, found by absolute path: $PATH belongs to
 * whoever calls us. Private to idmap/.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

enum helper { HELPER_NEWUIDMAP, HELPER_NEWGIDMAP, HELPER_GETSUBIDS };

/* Why a helper cannot do its work. */
enum helper_problem {
	HELPER_OK,
	HELPER_MISSING,
	HELPER_FORBIDDEN,    /* it is there, and we may not execute it */
	HELPER_UNPRIVILEGED, /* neither setuid root nor with file capabilities */
	HELPER_NO_NEW_PRIVS  /* nobody gains privileges in this process tree */
};

/* What stands against running the file @path as a privileged helper. */
enum helper_problem helper_check(const char *path);

/*
 * helper_find - look for a helper where distributions install it
 * @path:	the first one that works; else one that does not, NULL if there is none at all.
 *		Static storage.
 */
enum helper_problem helper_find(enum helper helper, const char **path);

/* What @problem is, in @arena: "newuidmap is not installed"; and what to do about it. */
const char *helper_complaint(enum helper helper, const char *path, enum helper_problem problem,
                             struct arena *arena);
const char *helper_remedy(enum helper_problem problem);
