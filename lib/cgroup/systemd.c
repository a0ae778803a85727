/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/systemd.h"

static int no_bus(struct error **err)
{
	return error_set(err, 0, "this rootlet was built without systemd's bus");
}

int scope_plan(const char *cgroups_path, const char *name, bool user, struct arena *arena,
               struct scope *scope, struct error **err)
{
	(void)cgroups_path;
	*scope = (struct scope){ .unit = arena_printf(arena, "%s.scope", name),
		                 .slice = "user.slice",
		                 .user = user };
	return scope->unit ? 0 : error_set(err, ENOMEM, "linux.cgroupsPath");
}

bool scope_available(bool user)
{
	(void)user;
	return false;
}

int scope_start_begin(struct scope *scope, pid_t pid, const struct resources *resources,
                      struct error **err)
{
	(void)scope;
	(void)pid;
	(void)resources;
	return no_bus(err);
}

int scope_start_end(struct scope *scope, struct arena *arena, const char **path, struct error **err)
{
	(void)scope;
	(void)arena;
	(void)path;
	return no_bus(err);
}

void scope_start_abort(struct scope *scope)
{
	(void)scope;
}

int scope_update(const char *unit, bool user, const struct resources *resources, struct error **err)
{
	(void)unit;
	(void)user;
	(void)resources;
	return no_bus(err);
}

int scope_attach(const char *unit, bool user, const char *subcgroup, pid_t pid, struct error **err)
{
	(void)unit;
	(void)user;
	(void)subcgroup;
	(void)pid;
	return no_bus(err);
}

int scope_stop(const char *unit, bool user, struct error **err)
{
	(void)unit;
	(void)user;
	return no_bus(err);
}
