/* SPDX-License-Identifier: Apache-2.0 */
/* The decision behind id_plan_make(), apart from the host that it looks at. Private to idmap/. */
#pragma once

#include "idmap/helpers.h"
#include "idmap/plan.h"

/* Questions to the host; each is asked only when the answer matters. */
struct id_host {
	int (*load_ranges)(uid_t uid, struct arena *arena, struct id_ranges *uids,
	                   struct id_ranges *gids, struct error **err);
	enum helper_problem (*find_helper)(enum helper helper, const char **path);
	const char *(*user_name)(uid_t uid, struct arena *arena);
};

int id_plan_decide(const struct config *config, const struct id_caller *caller,
                   const struct id_host *host, struct arena *arena, struct id_plan *plan,
                   struct error **err);
