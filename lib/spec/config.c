/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: documents go through the tables of config-tables.c; validate.c then checks
 * what types alone cannot say.
 */
#include "spec/config.h"

#include <limits.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/syscalls.h"
#include "spec/json.h"
#include "spec/names.h"
#include "spec/tables.h"
#include "spec/validate.h"

/* --- documents --- */

static int check_size(size_t length, const char *origin, struct error **err)
{
	if (length <= CONFIG_MAX_SIZE)
		return 0;
	return error_set(err, 0, "%s: the document is larger than %u MiB", origin,
	                 CONFIG_MAX_SIZE >> 20);
}

/* Documents of old engines have "proc" for "/proc", which runc still takes. */
static int make_destinations_absolute(struct config *config, const char *origin, struct error **err)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		struct mount *mount = &config->mounts.items[i];
		char *absolute;

		if (mount->destination[0] == '/' || mount->destination[0] == '\0')
			continue;
		absolute = arena_printf(config->arena, "/%s", mount->destination);
		if (!absolute)
			return error_set(err, ENOMEM, "%s", origin);
		log_warning("%s: mounts[%zu].destination: relative path, taken from /", origin, i);
		mount->destination = absolute;
	}
	return 0;
}

static int config_fill(struct config *config, const char *origin, struct error **err)
{
	if (json_decode(&config_table, config->text, config->text_length, origin, config->arena,
	                config, err) < 0)
		return -1;
	if (config_validate(config, err) < 0)
		return error_prefix(err, "%s", origin);
	return make_destinations_absolute(config, origin, err);
}

int config_parse(const char *text, size_t length, const char *origin, struct config **config,
                 struct error **err)
{
	_cleanup_arena_ struct arena *arena = NULL;
	struct config *result;

	if (check_size(length, origin, err) < 0)
		return -1;
	arena = arena_new();
	result = arena ? arena_alloc(arena, sizeof(*result)) : NULL;
	if (result) {
		result->text = arena_strndup(arena, text, length);
		result->text_length = length;
	}
	if (!result || !result->text)
		return error_set(err, ENOMEM, "%s", origin);
	result->arena = arena;
	if (config_fill(result, origin, err) < 0)
		return -1;
	take_pointer(arena);
	*config = result;
	return 0;
}

static int read_failed(const char *origin, int errnum, struct error **err)
{
	switch (errnum) {
	case EFBIG:
		return check_size(SIZE_MAX, origin, err);
	case EINVAL:
		return error_set(err, 0, "%s: not a regular file", origin);
	case ENOENT:
		error_set(err, errnum, "cannot read %s", origin);
		return error_hint(err, "`rootlet spec` writes one");
	default:
		return error_set(err, errnum, "cannot read %s", origin);
	}
}

int config_read(int dirfd, const char *path, const char *origin, struct config **config,
                struct error **err)
{
	_cleanup_free_ char *text = NULL;
	ssize_t length = file_read_at(dirfd, path, CONFIG_MAX_SIZE, &text);

	if (length < 0)
		return read_failed(origin, errno, err);
	return config_parse(text, (size_t)length, origin, config, err);
}

int config_read_copy(int dirfd, const char *path, const char *origin, struct config **config,
                     struct error **err)
{
	int log = log_fd(), ret;

	log_redirect(-1);
	ret = config_read(dirfd, path, origin, config, err);
	log_redirect(log);
	return ret;
}

char *config_format(const struct config *config, struct error **err)
{
	return json_encode(&config_table, config, JSON_STYLE_INDENTED, err);
}

void config_free(struct config **config)
{
	/* The config itself lives in its arena. */
	struct arena *arena = *config ? (*config)->arena : NULL;

	arena_free(&arena);
	*config = NULL;
}

int process_parse(const char *text, size_t length, const char *origin, struct arena *arena,
                  struct process **process, struct error **err)
{
	struct process *result;

	if (check_size(length, origin, err) < 0)
		return -1;
	result = arena_alloc(arena, sizeof(*result));
	if (!result)
		return error_set(err, ENOMEM, "%s", origin);
	if (json_decode(&process_table, text, length, origin, arena, result, err) < 0)
		return -1;
	if (process_validate(result, "", err) < 0)
		return error_prefix(err, "%s", origin);
	*process = result;
	return 0;
}

int resources_parse(const char *text, size_t length, const char *origin, struct arena *arena,
                    struct resources *resources, struct error **err)
{
	*resources = (struct resources){ 0 };
	if (check_size(length, origin, err) < 0)
		return -1;
	return json_decode(&resources_table, text, length, origin, arena, resources, err);
}

/* As the member of an object, which is how the tables think. */
static char *as_member(const char *text, size_t length)
{
	char *document = NULL;

	if (length > INT_MAX || text[strspn(text, " \t\r\n")] != '[')
		return NULL;
	return asprintf(&document, "{\"mounts\":%.*s}", (int)length, text) < 0 ? NULL : document;
}

int mounts_parse(const char *text, size_t length, const char *origin, struct config *config,
                 struct error **err)
{
	_cleanup_free_ char *document = NULL;
	struct config parsed = { 0 };

	if (check_size(length, origin, err) < 0)
		return -1;
	document = as_member(text, length);
	if (json_decode(&mounts_table, document ? document : text,
	                document ? strlen(document) : length, origin, config->arena, &parsed,
	                err) < 0)
		return -1;
	config->mounts = parsed.mounts;
	return 0;
}

/* --- questions about a config --- */

const struct namespace_config *config_namespace(const struct config *config,
                                                enum namespace_type type)
{
	for (size_t i = 0; i < config->linux.namespaces.count; i++) {
		if (config->linux.namespaces.items[i].type == (int)type)
			return &config->linux.namespaces.items[i];
	}
	return NULL;
}

static const struct {
	int clone_flag;
	const char *proc_name;
} namespace_kinds[NAMESPACE_COUNT] = {
	[NAMESPACE_PID] = { CLONE_NEWPID, "pid" },
	[NAMESPACE_NETWORK] = { CLONE_NEWNET, "net" },
	[NAMESPACE_MOUNT] = { CLONE_NEWNS, "mnt" },
	[NAMESPACE_IPC] = { CLONE_NEWIPC, "ipc" },
	[NAMESPACE_UTS] = { CLONE_NEWUTS, "uts" },
	[NAMESPACE_USER] = { CLONE_NEWUSER, "user" },
	[NAMESPACE_CGROUP] = { CLONE_NEWCGROUP, "cgroup" },
	[NAMESPACE_TIME] = { CLONE_NEWTIME, "time" },
};

int namespace_clone_flag(enum namespace_type type)
{
	return namespace_kinds[type].clone_flag;
}

const char *namespace_name(enum namespace_type type)
{
	return name_of(namespace_names, type);
}

const char *namespace_proc_name(enum namespace_type type)
{
	return namespace_kinds[type].proc_name;
}

const char *config_annotation(const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->annotations.count; i++) {
		if (strcmp(config->annotations.items[i].key, key) == 0)
			return config->annotations.items[i].value;
	}
	return NULL;
}
