/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: applying is one write(2) per setting, which the kernel takes whole or not at
 * all. To undo, the files are read first. Most hold one value; those of io, rdma, misc and dmem hold
 * a line for each device, of which only the one that is written to is put back.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "cgroup/resources.h"
#include "cgroup/tree.h"

/* --- undoing --- */

/* Files with a line for each device, and what a line without limits says. */
static const struct {
	const char *prefix, *none;
} keyed_files[] = {
	{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
	{ "io.latency", "target=0" },
	{ "io.", "default" }, /* weights */
	{ "rdma.", "hca_handle=max hca_object=max" },
	{ "misc.", "max" },
	{ "dmem.", "max" },
};

/* What a line without limits says, NULL when @file has no lines for devices. */
static const char *keyed_default(const char *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(keyed_files); i++) {
		if (strncmp(file, keyed_files[i].prefix, strlen(keyed_files[i].prefix)) == 0)
			return keyed_files[i].none;
	}
	return NULL;
}

/* The line of @text that begins with the word @key of @length bytes; NULL: there is none. */
static const char *find_line(const char *text, const char *key, size_t length)
{
	while (text && *text) {
		if (strncmp(text, key, length) == 0 && text[length] == ' ')
			return text;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

/* What to write for @file to be as it was before @value was written; NULL: nothing is known. */
static const char *previous_value(const char *file, const char *text, const char *value,
                                  struct arena *arena)
{
	const char *none = keyed_default(file), *line = text;
	size_t key = strcspn(value, " ");

	/* A weight without a device is the default, which stands first in the file. */
	if (none && value[key] == ' ') {
		line = find_line(text, value, key);
		if (!line)
			return arena_printf(arena, "%.*s %s", (int)key, value, none);
	}
	return arena_strndup(arena, line, strcspn(line, "\n"));
}

static struct cgroup_setting previous_of(int fd, const struct cgroup_setting *setting,
                                         struct arena *arena)
{
	struct cgroup_setting previous = *setting;
	_cleanup_free_ char *text = NULL;

	previous.other_file = NULL;
	previous.later = false;
	if (cgroup_read(fd, setting->file, &text) >= 0) {
		previous.value = previous_value(setting->file, text, setting->value, arena);
	} else if (setting->other_file && cgroup_read(fd, setting->other_file, &text) >= 0) {
		previous.file = setting->other_file;
		previous.value = previous_value(setting->other_file, text, setting->other_value,
		                                arena);
	} else {
		previous.value = NULL;
	}
	if (!previous.value)
		previous.file = NULL;
	return previous;
}

/* The entries of @previous stand where those of @settings do; one without a file has no undo. */
static int read_previous(int fd, const struct cgroup_settings *settings, struct arena *arena,
                         struct cgroup_settings *previous, struct error **err)
{
	previous->items = arena_alloc(arena, (settings->count + 1) * sizeof(*previous->items));
	if (!previous->items)
		return error_set(err, ENOMEM, "linux.resources");
	for (size_t i = 0; i < settings->count; i++)
		previous->items[i] = previous_of(fd, &settings->items[i], arena);
	previous->count = settings->count;
	return 0;
}

int cgroup_settings_previous(int fd, const struct cgroup_settings *settings, struct arena *arena,
                             struct cgroup_settings *previous, struct error **err)
{
	struct cgroup_settings all = { 0 };

	*previous = (struct cgroup_settings){ 0 };
	if (read_previous(fd, settings, arena, &all, err) < 0)
		return -1;
	previous->items = arena_alloc(arena, (all.count + 1) * sizeof(*previous->items));
	if (!previous->items)
		return error_set(err, ENOMEM, "linux.resources");
	for (size_t i = all.count; i-- > 0;) {
		if (all.items[i].file)
			previous->items[previous->count++] = all.items[i];
	}
	return 0;
}

/* --- applying --- */

/* EOPNOTSUPP: BFQ is there, but not for this device. */
static bool use_other(const struct cgroup_setting *setting, int errnum)
{
	return setting->other_file && (errnum == ENOENT || errnum == EOPNOTSUPP);
}

/* Return: 0, or -1 with errno. */
static int write_setting(int fd, const struct cgroup_setting *setting)
{
	if (cgroup_write(fd, setting->file, setting->value) == 0)
		return 0;
	if (use_other(setting, errno) &&
	    cgroup_write(fd, setting->other_file, setting->other_value) == 0)
		return 0;
	return setting->optional && errno == ENOENT ? 0 : -1;
}

static bool has_controller(int fd, const char *controller)
{
	_cleanup_free_ char *text = NULL;

	/* When that cannot be known it is not the reason. */
	return cgroup_read(fd, "cgroup.controllers", &text) < 0 ||
	       cgroup_has_word(text, controller);
}

static int write_failed(int fd, const struct cgroup_setting *setting, int errnum,
                        struct error **err)
{
	if (errnum != ENOENT) {
		error_set(err, errnum, "linux.resources.%s: the kernel refuses \"%s\" for %s",
		          setting->name, setting->value, setting->file);
		return errnum == EOPNOTSUPP && setting->other_file
		               ? error_hint(err, "the device has a scheduler without weights")
		               : -1;
	}
	if (setting->controller && !has_controller(fd, setting->controller))
		error_set(err, 0,
		          "linux.resources.%s: the controller %s is not enabled for this cgroup",
		          setting->name, setting->controller);
	else
		error_set(err, 0, "linux.resources.%s: cgroups of this kernel have no file %s",
		          setting->name, setting->file);
	return error_cause(err, ENOENT);
}

/* Put back what the settings have changed; twice, for one value may stand in the way of another. */
static void restore(int fd, const struct cgroup_settings *previous, bool *written)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = previous->count; i-- > 0;) {
			if (written[i] && previous->items[i].file &&
			    write_setting(fd, &previous->items[i]) == 0)
				written[i] = false;
		}
	}
}

/* One pass; what may have to wait is left out at the first. */
static int write_settings(int fd, const struct cgroup_settings *settings, bool again, bool *written,
                          struct error **err)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct cgroup_setting *setting = &settings->items[i];

		if (written[i])
			continue;
		if (write_setting(fd, setting) == 0)
			written[i] = true;
		else if (again || !setting->later || errno != EINVAL)
			return write_failed(fd, setting, errno, err);
	}
	return 0;
}

int cgroup_settings_apply(int fd, const struct cgroup_settings *settings, bool undo,
                          struct error **err)
{
	_cleanup_arena_ struct arena *arena = NULL;
	struct cgroup_settings previous = { 0 };
	bool *written;

	if (settings->count == 0)
		return 0;
	arena = arena_new();
	written = arena ? arena_alloc(arena, settings->count * sizeof(*written)) : NULL;
	if (!written)
		return error_set(err, ENOMEM, "linux.resources");
	if (undo && read_previous(fd, settings, arena, &previous, err) < 0)
		return -1;
	if (write_settings(fd, settings, false, written, err) == 0 &&
	    write_settings(fd, settings, true, written, err) == 0)
		return 0;
	restore(fd, &previous, written);
	return -1;
}

/* --- completing an update --- */

/* The first word of @file as a number; false for "max", and where it cannot be read. */
static bool read_number(int fd, const char *file, int64_t *number)
{
	_cleanup_free_ char *text = NULL;

	if (cgroup_read(fd, file, &text) < 0)
		return false;
	text[strcspn(text, " \n")] = '\0';
	return number_parse_i64(text, number);
}

static bool is_set(const struct opt_i64 *number)
{
	return number->set && number->value != 0;
}

static bool is_positive(const struct opt_i64 *number)
{
	return number->set && number->value > 0;
}

static void set_number(struct opt_i64 *option, int64_t value)
{
	*option = (struct opt_i64){ .set = true, .value = value };
}

/* A new limit leaves that of memory and swap together as it is; where swap is forbidden, so it stays. */
static int complete_limit(int fd, struct resources *resources, struct error **err)
{
	const int64_t limit = resources->memory.limit.value;
	int64_t old_limit, old_swap, sum;

	if (!read_number(fd, "memory.max", &old_limit) ||
	    !read_number(fd, "memory.swap.max", &old_swap) || old_swap == 0 ||
	    __builtin_add_overflow(old_limit, old_swap, &sum))
		return 0;
	if (limit > sum)
		return error_set(err, 0,
		                 "linux.resources.memory.limit: %" PRId64
		                 " is above the limit of memory and swap together that is in force "
		                 "(%" PRId64 "); give memory.swap with it",
		                 limit, sum);
	set_number(&resources->memory.swap, sum);
	return 0;
}

static int complete_memory(int fd, struct resources *resources, struct error **err)
{
	struct opt_i64 *limit = &resources->memory.limit;
	const struct opt_i64 *swap = &resources->memory.swap;
	int64_t old;

	if (is_positive(limit) && !is_set(swap))
		return complete_limit(fd, resources, err);
	if (!is_positive(swap) || is_set(limit) || !read_number(fd, "memory.max", &old))
		return 0;
	if (swap->value < old)
		return error_set(err, 0,
		                 "linux.resources.memory.swap: %" PRId64
		                 " for memory and swap together is below the limit of memory that "
		                 "is in force (%" PRId64 ")",
		                 swap->value, old);
	set_number(limit, old);
	return 0;
}

/* The container may have closed a file to us: what cannot be seen cannot be kept or checked. */
static int refuse_closed(int fd, const char *file, const char *property, struct error **err)
{
	if (faccessat(fd, file, R_OK, AT_EACCESS) == 0 || (errno != EACCES && errno != EPERM))
		return 0;
	return error_set(err, errno, "linux.resources.%s: cannot read %s", property, file);
}

/* A new period without a quota keeps the quota. */
static int complete_cpu(int fd, struct resources *resources, struct error **err)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *quota, *period;
	int64_t number;

	if (is_set(&resources->cpu.quota) == (resources->cpu.period.value != 0))
		return 0;
	if (cgroup_read(fd, "cpu.max", &text) < 0)
		return refuse_closed(fd, "cpu.max", "cpu", err);
	rest = text;
	quota = strsep(&rest, " \n");
	period = rest ? strsep(&rest, " \n") : NULL;
	if (!is_set(&resources->cpu.quota))
		set_number(&resources->cpu.quota, number_parse_i64(quota, &number) ? number : -1);
	else if (period && number_parse_i64(period, &number))
		resources->cpu.period = (struct opt_u64){ .set = true, .value = (uint64_t)number };
	return 0;
}

/* On v2 the kernel would rather kill; whoever asks gets the refusal of v1. */
static int check_usage(int fd, const struct resources *resources, struct error **err)
{
	const struct opt_i64 *limit = &resources->memory.limit;
	int64_t usage, swap = 0;

	if (!resources->memory.check_before_update.value)
		return 0;
	if (!read_number(fd, "memory.current", &usage))
		return refuse_closed(fd, "memory.current", "memory.checkBeforeUpdate", err);
	read_number(fd, "memory.swap.current", &swap);
	if (is_positive(limit) && limit->value < usage)
		return error_set(err, 0,
		                 "linux.resources.memory.limit: %" PRId64
		                 " is below what is used now (%" PRId64 ")",
		                 limit->value, usage);
	if (is_positive(&resources->memory.swap) && resources->memory.swap.value - swap < usage)
		return error_set(err, 0,
		                 "linux.resources.memory.swap: %" PRId64
		                 " is below the memory and swap that are used now (%" PRId64 ")",
		                 resources->memory.swap.value, usage + swap);
	return 0;
}

int cgroup_resources_complete(int fd, struct resources *resources, struct error **err)
{
	if (complete_memory(fd, resources, err) < 0 || complete_cpu(fd, resources, err) < 0)
		return -1;
	return check_usage(fd, resources, err);
}
