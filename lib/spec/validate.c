/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one small function per part of the document, called from a table; those of
 * process and linux have files of their own. Each
 * looks at the typed structs only, never at the host, and stops at the first thing that is wrong.
 * The kernel's own limits are checked here as well where the kernel's answer would be an EINVAL
 * that does not tell which of many numbers it means.
 */
#include "spec/validate.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "spec/json.h"
#include "spec/names.h"

/* user_namespaces(7): lines of uid_map. */
#define MAPPINGS_MAX 340

/* --- ociVersion, root --- */

/* A number without leading zeros. Return: the text behind it, NULL when there is none. */
static const char *skip_number(const char *text)
{
	size_t length = strspn(text, "0123456789");

	return length == 0 || (length > 1 && text[0] == '0') ? NULL : text + length;
}

/* "-rc.1", "+build.5" of semver.org; what the parts between dots may be does not matter here. */
static bool is_version_suffix(const char *text)
{
	const char *allowed = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-";

	for (const char *mark = "-+"; *mark; mark++) {
		size_t length = *text == *mark ? strspn(text + 1, allowed) : 0;

		if (length > 0)
			text += 1 + length;
	}
	return *text == '\0';
}

static bool is_semantic_version(const char *text)
{
	for (int part = 0; part < 3; part++) {
		if (part > 0 && *text++ != '.')
			return false;
		text = skip_number(text);
		if (!text)
			return false;
	}
	return is_version_suffix(text);
}

static int check_version(const struct config *config, struct error **err)
{
	const char *version = config->oci_version;
	_cleanup_free_ char *quoted = json_quote(version);

	if (!is_semantic_version(version))
		return error_set(err, 0, "ociVersion: %s is not a version such as \"1.3.0\"",
		                 quoted ? quoted : "");
	/* Versions before 1.0 are what 1.0 became; runc takes them too. */
	if (strncmp(version, "0.", 2) != 0 && strncmp(version, "1.", 2) != 0)
		return error_set(err, 0, "ociVersion: %s is not supported; versions 1.x are",
		                 quoted ? quoted : "");
	return 0;
}

static int check_root(const struct config *config, struct error **err)
{
	if (config->root.path[0] == '\0')
		return error_set(err, 0, "root.path: empty");
	return 0;
}

/* --- process --- */

static int check_process(const struct config *config, struct error **err)
{
	return config->has_process ? process_validate(&config->process, "process", err) : 0;
}

/* --- ids --- */

/* The kernel wants first + size not to wrap around 32 bits; the last id is no id at all. */
static bool is_id_range(uint32_t first, uint32_t size)
{
	return size <= UINT32_MAX - first;
}

static bool ranges_overlap(uint32_t one, uint32_t one_size, uint32_t two, uint32_t two_size)
{
	return one < (uint64_t)two + two_size && two < (uint64_t)one + one_size;
}

static int check_mapping(const struct id_mapping *mapping, const char *where, size_t i,
                         struct error **err)
{
	if (mapping->size == 0)
		return error_set(err, 0, "%s[%zu].size: 0; a mapping holds at least one id", where,
		                 i);
	if (!is_id_range(mapping->container_id, mapping->size))
		return error_set(err, 0, "%s[%zu]: containerID + size goes beyond the last id",
		                 where, i);
	if (!is_id_range(mapping->host_id, mapping->size))
		return error_set(err, 0, "%s[%zu]: hostID + size goes beyond the last id", where,
		                 i);
	return 0;
}

static int check_overlap(const struct id_mappings *mappings, const char *where, size_t i, size_t j,
                         struct error **err)
{
	const struct id_mapping *one = &mappings->items[i], *two = &mappings->items[j];
	const char *what = NULL;

	if (ranges_overlap(one->container_id, one->size, two->container_id, two->size))
		what = "container";
	else if (ranges_overlap(one->host_id, one->size, two->host_id, two->size))
		what = "host";
	if (!what)
		return 0;
	return error_set(err, 0, "%s[%zu]: its %s ids overlap with those of %s[%zu]", where, j,
	                 what, where, i);
}

static int check_mappings(const struct id_mappings *mappings, const char *where, struct error **err)
{
	if (mappings->count > MAPPINGS_MAX)
		return error_set(err, 0,
		                 "%s: %zu mappings are more than the %d that the kernel takes",
		                 where, mappings->count, MAPPINGS_MAX);
	for (size_t j = 0; j < mappings->count; j++) {
		if (check_mapping(&mappings->items[j], where, j, err) < 0)
			return -1;
		for (size_t i = 0; i < j; i++) {
			if (check_overlap(mappings, where, i, j, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* Mappings come in pairs. @prefix: "linux." or "mounts[3]." */
static int check_mapping_pair(const struct id_mappings *uids, const struct id_mappings *gids,
                              const char *prefix, struct error **err)
{
	_cleanup_free_ char *uid_place = NULL, *gid_place = NULL;

	if (asprintf(&uid_place, "%suidMappings", prefix) < 0)
		uid_place = NULL;
	if (asprintf(&gid_place, "%sgidMappings", prefix) < 0)
		gid_place = NULL;
	if (!uid_place || !gid_place)
		return error_set(err, ENOMEM, "%suidMappings", prefix);
	if (uids->count > 0 && gids->count == 0)
		return error_set(err, 0, "%s: missing, while there is %s", gid_place, uid_place);
	if (gids->count > 0 && uids->count == 0)
		return error_set(err, 0, "%s: missing, while there is %s", uid_place, gid_place);
	if (check_mappings(uids, uid_place, err) < 0)
		return -1;
	return check_mappings(gids, gid_place, err);
}

static int check_user_namespace(const struct config *config, struct error **err)
{
	const struct namespace_config *user = config_namespace(config, NAMESPACE_USER);
	const struct id_mappings *uids = &config->linux.uid_mappings;
	const struct id_mappings *gids = &config->linux.gid_mappings;

	if (uids->count == 0 && gids->count == 0)
		return 0;
	if (!user)
		return error_set(err, 0,
		                 "linux.%s: needs a user namespace; add { \"type\": \"user\" } to "
		                 "linux.namespaces",
		                 uids->count > 0 ? "uidMappings" : "gidMappings");
	if (user->path)
		return error_set(err, 0,
		                 "linux.%s: the user namespace that is joined by path has its "
		                 "mappings already; leave out the mappings or the path",
		                 uids->count > 0 ? "uidMappings" : "gidMappings");
	return check_mapping_pair(uids, gids, "linux.", err);
}

/* --- mounts --- */

static int check_mount(const struct mount *mount, size_t i, struct error **err)
{
	char prefix[48];

	if (mount->destination[0] == '\0')
		return error_set(err, 0, "mounts[%zu].destination: empty", i);
	for (size_t j = 0; j < mount->options.count; j++) {
		if (mount->options.items[j][0] == '\0')
			return error_set(err, 0, "mounts[%zu].options[%zu]: empty", i, j);
	}
	if (mount->uid_mappings.count == 0 && mount->gid_mappings.count == 0)
		return 0;
	snprintf(prefix, sizeof(prefix), "mounts[%zu].", i);
	return check_mapping_pair(&mount->uid_mappings, &mount->gid_mappings, prefix, err);
}

static int check_mounts(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		if (check_mount(&config->mounts.items[i], i, err) < 0)
			return -1;
	}
	return 0;
}

/* --- hooks, annotations --- */

static int check_hook(const struct hook *hook, const char *list, size_t i, struct error **err)
{
	char where[64];

	if (!path_is_absolute(hook->path))
		return error_set(err, 0, "hooks.%s[%zu].path: not an absolute path", list, i);
	if (hook->timeout.set && hook->timeout.value < 1)
		return error_set(err, 0,
		                 "hooks.%s[%zu].timeout: %" PRId64
		                 " is not a number of seconds from 1 on",
		                 list, i, hook->timeout.value);
	snprintf(where, sizeof(where), "hooks.%s[%zu].env", list, i);
	return validate_env(&hook->env, where, err);
}

static int check_hooks(const struct config *config, struct error **err)
{
	const struct {
		const char *name;
		const struct hook_list *list;
	} lists[] = {
		{ "prestart", &config->hooks.prestart },
		{ "createRuntime", &config->hooks.create_runtime },
		{ "createContainer", &config->hooks.create_container },
		{ "startContainer", &config->hooks.start_container },
		{ "poststart", &config->hooks.poststart },
		{ "poststop", &config->hooks.poststop },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (size_t j = 0; j < lists[i].list->count; j++) {
			if (check_hook(&lists[i].list->items[j], lists[i].name, j, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_annotations(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < config->annotations.count; i++) {
		if (config->annotations.items[i].key[0] == '\0')
			return error_set(err, 0, "annotations: a key is empty");
	}
	return 0;
}

static int (*const config_checks[])(const struct config *, struct error **) = {
	check_version, check_root,        check_process,        check_mounts,
	check_hooks,   check_annotations, check_user_namespace, validate_linux,
};

int config_validate(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(config_checks); i++) {
		if (config_checks[i](config, err) < 0)
			return -1;
	}
	return 0;
}
