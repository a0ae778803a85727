/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json: decoded, validated, encoded, decoded again; then the plan of its mounts and
 * devices is made. The same bytes are also tried as the process of `exec --process`.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check.h"
#include "equal.h"
#include "rootfs/plan.h"
#include "spec/config.h"
#include "spec/names.h"
#include "spec/tables.h"

/* The ids of an ordinary user's container: root is the user, and there are a few more. */
static struct id_mapping ids[] = { { 0, 1000, 1 }, { 1, 100000, 1000 } };
static const struct id_mappings mapped = { ids, ARRAY_SIZE(ids) };

static void check_round_trip(const struct config *config)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_config_ struct config *again = NULL;
	_cleanup_free_ char *text = config_format(config, &err);

	FUZZ_ASSERT(text);
	fuzz_check_accepted(&err);
	FUZZ_ASSERT(config_parse(text, strlen(text), "config.json", &again, &err) == 0);
	fuzz_check_accepted(&err);
	FUZZ_ASSERT(table_equal(&config_table, config, again));
}

/* No parameter leads out of /proc/sys. */
static void check_sysctl(const struct string_map *sysctl)
{
	for (size_t i = 0; i < sysctl->count; i++) {
		char path[256];

		FUZZ_ASSERT(sysctl_path(sysctl->items[i].key, path, sizeof(path)));
		FUZZ_ASSERT(path[0] != '/' && !strstr(path, "/../") && strncmp(path, "../", 3));
	}
}

static void check_plan(const struct rootfs_plan *plan, const struct config *config)
{
	FUZZ_ASSERT(plan->mount_count == config->mounts.count);
	FUZZ_ASSERT(plan->device_count >= config->linux.devices.count);
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct mount_plan *mount = &plan->mounts[i];

		FUZZ_ASSERT(mount->where && mount->destination[0] == '/');
		FUZZ_ASSERT(mount->kind != MOUNT_KIND_BIND || mount->source[0] == '/');
		FUZZ_ASSERT(!mount->options.data.items[mount->options.data.count]);
	}
	for (size_t i = 0; i < plan->device_count; i++)
		FUZZ_ASSERT(plan->devices[i].path[0] == '/');
}

/* The root is one that exists: else all that comes after it would be out of reach. */
static void try_plan(struct config *config, bool user_namespace)
{
	const struct rootfs_plan_options options = {
		.bundle = "/usr",
		.new_user_namespace = user_namespace,
		.in_initial_user_namespace = !user_namespace,
		.uids = user_namespace ? &mapped : NULL,
		.gids = user_namespace ? &mapped : NULL,
	};
	_cleanup_error_ struct error *err = NULL;
	struct rootfs_plan plan;

	config->root.path = (char *)"/usr";
	if (rootfs_plan_make(config, &options, config->arena, &plan, &err) < 0) {
		fuzz_check_refused(&err);
		return;
	}
	fuzz_check_accepted(&err);
	check_plan(&plan, config);
}

static void try_config(const char *text, size_t size)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_config_ struct config *config = NULL;

	if (config_parse(text, size, "config.json", &config, &err) < 0) {
		FUZZ_ASSERT(!config);
		fuzz_check_refused(&err);
		return;
	}
	fuzz_check_accepted(&err);
	FUZZ_ASSERT(config->text_length == size && memcmp(config->text, text, size) == 0);
	check_round_trip(config);
	check_sysctl(&config->linux.sysctl);
	try_plan(config, true);
	try_plan(config, false);
}

static void try_process(const char *text, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_error_ struct error *err = NULL;
	struct process *process = NULL, *again = NULL;
	_cleanup_free_ char *encoded = NULL;

	FUZZ_ASSERT(arena);
	if (process_parse(text, size, "process.json", arena, &process, &err) < 0) {
		FUZZ_ASSERT(!process);
		fuzz_check_refused(&err);
		return;
	}
	fuzz_check_accepted(&err);
	encoded = json_encode(&process_table, process, JSON_STYLE_COMPACT, &err);
	FUZZ_ASSERT(encoded);
	FUZZ_ASSERT(process_parse(encoded, strlen(encoded), "process.json", arena, &again, &err) ==
	            0);
	FUZZ_ASSERT(table_equal(&process_table, process, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_mute_log();
	try_config((const char *)data, size);
	try_process((const char *)data, size);
	return 0;
}
