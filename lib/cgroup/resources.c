/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a plan is made first, so that what cannot be expressed is refused before
 * anything is written. The kernel takes one value per write(2).
 */
#include "cgroup/resources.h"

#include <inttypes.h>
#include <string.h>

#include "cgroup/tree.h"

static int add(struct cgroup_settings *settings, struct cgroup_setting setting, struct error **err)
{
	if (!setting.value)
		return error_set(err, ENOMEM, "linux.resources");
	settings->items[settings->count++] = setting;
	return 0;
}

static char *number_or_max(struct arena *arena, int64_t number)
{
	return number < 0 ? arena_strdup(arena, "max") : arena_printf(arena, "%" PRId64, number);
}

/* "memory" of "memory.high"; NULL for "cgroup.max.depth". */
static const char *controller_of(const char *file, struct arena *arena)
{
	size_t length = strcspn(file, ".");

	return strncmp(file, "cgroup.", 7) == 0 ? NULL : arena_strndup(arena, file, length);
}

static int add_unified(const struct resources *resources, struct arena *arena,
                       struct cgroup_settings *settings, struct error **err)
{
	for (size_t i = 0; i < resources->unified.count; i++) {
		const struct key_value *pair = &resources->unified.items[i];

		if (add(settings,
		        (struct cgroup_setting){
				.file = pair->key,
				.value = pair->value,
				.name = arena_printf(arena, "unified[%s]", pair->key),
				.controller = controller_of(pair->key, arena),
			},
		        err) < 0)
			return -1;
	}
	return 0;
}

int cgroup_settings_plan(const struct resources *resources, struct arena *arena,
                         struct cgroup_settings *settings, struct error **err)
{
	const struct opt_i64 *pids = &resources->pids.limit, *memory = &resources->memory.limit;

	*settings = (struct cgroup_settings){ 0 };
	settings->items = arena_alloc(arena,
	                              (resources->unified.count + 2) * sizeof(*settings->items));
	if (!settings->items)
		return error_set(err, ENOMEM, "linux.resources");
	if (memory->set &&
	    add(settings,
	        (struct cgroup_setting){ "memory.max", number_or_max(arena, memory->value),
	                                 "memory.limit", "memory" },
	        err) < 0)
		return -1;
	if (pids->set && pids->value != 0 &&
	    add(settings,
	        (struct cgroup_setting){ "pids.max", number_or_max(arena, pids->value),
	                                 "pids.limit", "pids" },
	        err) < 0)
		return -1;
	return add_unified(resources, arena, settings, err);
}

int cgroup_settings_apply(int fd, const struct cgroup_settings *settings, bool undo,
                          struct error **err)
{
	(void)undo;
	for (size_t i = 0; i < settings->count; i++) {
		const struct cgroup_setting *setting = &settings->items[i];

		if (cgroup_write(fd, setting->file, setting->value) < 0)
			return error_set(err, errno,
			                 "linux.resources.%s: cannot write \"%s\" to %s",
			                 setting->name, setting->value, setting->file);
	}
	return 0;
}
