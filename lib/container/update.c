/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the new limits are written to the files of the container's cgroup, all or
 * none: what was there is read first and put back when one is refused. A scope of systemd is told of
 * them after that, so that it does not put its own back at its next opportunity; what it refuses is
 * undone in the files. Nothing of it is kept in the state directory, as no later command needs it:
 * the limits in force are what the files say.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "cgroup/cgroup.h"
#include "container/as-owner.h"
#include "container/container.h"
#include "container/verbs.h"

#define USAGE_STATUS 2

/* --- the options --- */

enum value_kind {
	VALUE_SIZE, /* struct opt_i64; "-1": none */
	VALUE_I64,  /* struct opt_i64 */
	VALUE_U64,  /* struct opt_u64 */
	VALUE_U32,  /* struct opt_u32 */
	VALUE_TEXT, /* char * */
};

struct value {
	const char *option;
	const char *text; /* NULL or "": not given */
	enum value_kind kind;
	void *member;
};

static bool store_size(const char *text, void *member)
{
	struct opt_i64 *option = member;

	option->set = true;
	option->value = -1;
	return strcmp(text, "-1") == 0 || number_parse_size(text, &option->value);
}

static bool store_i64(const char *text, void *member)
{
	struct opt_i64 *option = member;

	option->set = true;
	return number_parse_i64(text, &option->value);
}

static bool store_u64(const char *text, void *member)
{
	struct opt_u64 *option = member;

	option->set = true;
	return number_parse_u64(text, &option->value);
}

static bool store_u32(const char *text, void *member)
{
	struct opt_u32 *option = member;

	option->set = true;
	return number_parse_u32(text, &option->value);
}

static bool store_text(const char *text, void *member)
{
	*(const char **)member = text;
	return true;
}

static const struct {
	const char *expected;
	bool (*store)(const char *text, void *member);
} kinds[] = {
	[VALUE_SIZE] = { "a number of bytes such as 512m, or -1 for no limit", store_size },
	[VALUE_I64] = { "a number", store_i64 },
	[VALUE_U64] = { "a number from 0 on", store_u64 },
	[VALUE_U32] = { "a number from 0 on", store_u32 },
	[VALUE_TEXT] = { "a text", store_text },
};

static int store_values(const struct value *values, size_t count, struct error **err)
{
	for (size_t i = 0; i < count; i++) {
		const struct value *value = &values[i];

		if (!value->text || !*value->text ||
		    kinds[value->kind].store(value->text, value->member))
			continue;
		error_set(err, 0, "option --%s: \"%s\" is not %s", value->option, value->text,
		          kinds[value->kind].expected);
		return error_status(err, USAGE_STATUS);
	}
	return 0;
}

/* What runc takes and does nothing about, or what takes hardware of a kind. */
static int check_others(const struct rootlet_update_options *options, struct error **err)
{
	const struct {
		const char *option, *text;
	} ignored[] = { { "kernel-memory", options->kernel_memory },
		        { "kernel-memory-tcp", options->kernel_memory_tcp } },
	  refused[] = { { "l3-cache-schema", options->l3_cache_schema },
		        { "mem-bw-schema", options->mem_bw_schema } };

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
		if (ignored[i].text && *ignored[i].text)
			log_warning("option --%s has no effect: cgroup v2 has no such limit",
			            ignored[i].option);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (refused[i].text && *refused[i].text)
			return error_set(err, 0,
			                 "option --%s: shares of cache and memory bandwidth are "
			                 "not supported by this version",
			                 refused[i].option);
	}
	return 0;
}

static int resources_from_options(const struct rootlet_update_options *options,
                                  struct resources *resources, struct error **err)
{
	const struct value values[] = {
		{ "memory", options->memory, VALUE_SIZE, &resources->memory.limit },
		{ "memory-reservation", options->memory_reservation, VALUE_SIZE,
		  &resources->memory.reservation },
		{ "memory-swap", options->memory_swap, VALUE_SIZE, &resources->memory.swap },
		{ "cpu-period", options->cpu_period, VALUE_U64, &resources->cpu.period },
		{ "cpu-quota", options->cpu_quota, VALUE_I64, &resources->cpu.quota },
		{ "cpu-share", options->cpu_share, VALUE_U64, &resources->cpu.shares },
		{ "cpu-burst", options->cpu_burst, VALUE_U64, &resources->cpu.burst },
		{ "cpu-idle", options->cpu_idle, VALUE_I64, &resources->cpu.idle },
		{ "cpu-rt-period", options->cpu_rt_period, VALUE_U64,
		  &resources->cpu.realtime_period },
		{ "cpu-rt-runtime", options->cpu_rt_runtime, VALUE_I64,
		  &resources->cpu.realtime_runtime },
		{ "cpuset-cpus", options->cpuset_cpus, VALUE_TEXT, &resources->cpu.cpus },
		{ "cpuset-mems", options->cpuset_mems, VALUE_TEXT, &resources->cpu.mems },
		{ "pids-limit", options->pids_limit, VALUE_I64, &resources->pids.limit },
		{ "blkio-weight", options->blkio_weight, VALUE_U32, &resources->block_io.weight },
	};

	if (check_others(options, err) < 0 || store_values(values, ARRAY_SIZE(values), err) < 0)
		return -1;
	return resources_validate(resources, "", err);
}

/* --- a file --- */

static int resources_from_file(const char *path, struct arena *arena, struct resources *resources,
                               struct error **err)
{
	const bool from_stdin = strcmp(path, "-") == 0;
	const char *origin = from_stdin ? "standard input" : path;
	_cleanup_free_ char *text = NULL;
	ssize_t length = from_stdin ? file_read_fd(STDIN_FILENO, CONFIG_MAX_SIZE, &text)
	                            : file_read_at(AT_FDCWD, path, CONFIG_MAX_SIZE, &text);

	if (length < 0)
		return error_set(err, errno, "cannot read %s", origin);
	if (resources_parse(text, (size_t)length, origin, arena, resources, err) < 0)
		return -1;
	if (resources_validate(resources, "", err) < 0)
		return error_prefix(err, "%s", origin);
	if (resources->devices.count > 0)
		log_warning("%s: devices: their rules stay as they were at create", origin);
	return 0;
}

/* --- the change --- */

struct change {
	struct container container;
	int cgroup_fd;
	struct arena *arena;
	struct resources resources;
	struct cgroup_settings settings, previous;
};

static int open_cgroup(struct change *change, struct error **err)
{
	struct container *container = &change->container;

	if (container->status == STATUS_STOPPED || container->status == STATUS_CREATING)
		return container_wrong_status(container, "update", err);
	if (cgroup_open(&container->state, &change->cgroup_fd, err) < 0)
		return error_prefix(err, "cannot update container \"%s\"", container->id);
	if (change->cgroup_fd < 0)
		return error_set(err, 0,
		                 "cannot update container \"%s\": it has no cgroup, and no limits",
		                 container->id);
	return 0;
}

static int apply(int fd, void *data, struct error **err)
{
	return cgroup_settings_apply(fd, data, true, err);
}

/* Also where the container has taken the permissions from the files. */
static int write_settings(const struct change *change, const struct cgroup_settings *settings,
                          struct error **err)
{
	struct cgroup_settings copy = *settings;
	const struct cgroup_work work = { .function = apply, .data = &copy };

	return container_on_open_cgroup(&change->container, change->cgroup_fd, &work, err);
}

static int tell_systemd(const struct change *change, struct error **err)
{
	const struct state *state = &change->container.state;

	if (state->cgroup_manager != CGROUP_MANAGER_SYSTEMD || !state->cgroup_unit)
		return 0;
	if (scope_update(state->cgroup_unit, state->cgroup_of_user, &change->settings,
	                 change->arena, err) == 0)
		return 0;
	write_settings(change, &change->previous, NULL);
	return -1;
}

static int change_limits(struct change *change, struct error **err)
{
	const int fd = change->cgroup_fd;

	if (cgroup_resources_complete(fd, &change->resources, err) < 0 ||
	    cgroup_settings_plan(&change->resources, change->arena, &change->settings, err) < 0 ||
	    cgroup_enable(&change->container.state, &change->settings, change->arena, err) < 0 ||
	    cgroup_settings_previous(fd, &change->settings, change->arena, &change->previous, err) <
	            0 ||
	    write_settings(change, &change->settings, err) < 0)
		return -1;
	return tell_systemd(change, err);
}

static int update(struct change *change, const struct rootlet_context *context, const char *id,
                  const struct rootlet_update_options *options, struct error **err)
{
	const char *file = options->resources_file;

	change->arena = arena_new();
	if (!change->arena)
		return error_set(err, ENOMEM, "update");
	if ((file ? resources_from_file(file, change->arena, &change->resources, err)
	          : resources_from_options(options, &change->resources, err)) < 0)
		return -1;
	if (container_open(context, id, CONTAINER_LOCK, &change->container, err) != 0 ||
	    open_cgroup(change, err) < 0)
		return -1;
	return change_limits(change, err);
}

int verb_update(const struct rootlet_context *context, const char *id,
                const struct rootlet_update_options *options, struct error **err)
{
	struct change change = { .container = CONTAINER_INIT, .cgroup_fd = -1 };
	int result = update(&change, context, id, options, err);

	close_fd(&change.cgroup_fd);
	container_close(&change.container);
	arena_free(&change.arena);
	return result;
}
