/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the names follow runc and crun, because engines compute them, too: the
 * cgroupsPath slice:prefix:name is the unit prefix-name.scope in that slice. A slice's name says
 * where it is: a-b.slice is in a.slice; that is why '-' in it has rules (systemd.slice(5)).
 */
#include "cgroup/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* UNIT_NAME_MAX of systemd is 256 with the NUL, and a cgroup's directory has the unit's name. */
#define UNIT_NAME_LONGEST 255

#define SCOPE_PREFIX      "rootlet"
#define SCOPE_SUFFIX      ".scope"
#define SLICE_SUFFIX      ".slice"

/* VALID_CHARS of systemd's unit-name.c; '@' is for templates, of which there are no scopes. */
static bool is_unit_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(":-_.\\", c));
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool scope_is_path(const char *cgroups_path)
{
	const char *colon = cgroups_path ? strchr(cgroups_path, ':') : NULL;

	return colon && cgroups_path[0] != '/' && strchr(colon + 1, ':');
}

static bool is_user_manager(const char *component, size_t length)
{
	static const char prefix[] = "user@", suffix[] = ".service";
	const size_t before = sizeof(prefix) - 1, after = sizeof(suffix) - 1;

	return length >= before + after && memcmp(component, prefix, before) == 0 &&
	       memcmp(component + length - after, suffix, after) == 0;
}

size_t scope_manager_length(const char *path)
{
	const char *component = path;

	while (*component) {
		size_t length;

		component += strspn(component, "/");
		length = strcspn(component, "/");
		if (is_user_manager(component, length))
			return (size_t)(component - path) + length;
		component += length;
	}
	return 0;
}

/* "+" becomes "\x2b". */
static char *escape(const char *text, struct arena *arena)
{
	char *escaped = arena_alloc(arena, strlen(text) * 4 + 1), *out = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		if (is_unit_char(*text))
			*out++ = *text;
		else
			out += snprintf(out, 5, "\\x%02x", (unsigned char)*text);
	}
	return escaped;
}

static int check_part(const char *text, const char *what, struct error **err)
{
	for (const char *c = text; *c; c++)
		if (*c == '/' || (unsigned char)*c < ' ' || *c == '\x7f')
			return error_set(err, 0,
			                 "linux.cgroupsPath: '/' or a control character in its "
			                 "%s \"%s\"",
			                 what, text);
	return 0;
}

/* a.slice, a-b.slice, -.slice; not: a, .slice, -a.slice, a--b.slice, a-.slice. */
static bool is_slice(const char *name)
{
	size_t length;

	if (!ends_with(name, SLICE_SUFFIX) || strlen(name) > UNIT_NAME_LONGEST)
		return false;
	length = strlen(name) - strlen(SLICE_SUFFIX);
	if (length == 1 && name[0] == '-')
		return true;
	if (length == 0 || name[0] == '-' || name[0] == '.' || name[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_unit_char(name[i]) || (name[i] == '-' && name[i + 1] == '-'))
			return false;
	return true;
}

static int plan_path(const char *path, struct arena *arena, struct scope *scope, char **name,
                     struct error **err)
{
	char *slice = arena_strdup(arena, path), *prefix, *tail;

	if (!slice)
		return error_set(err, ENOMEM, "linux.cgroupsPath");
	prefix = strchr(slice, ':');
	tail = prefix ? strchr(prefix + 1, ':') : NULL;
	if (!tail || strchr(tail + 1, ':')) {
		error_set(err, 0, "linux.cgroupsPath: \"%s\" is not of the form slice:prefix:name",
		          path);
		return error_hint(err, "the systemd cgroup manager needs that form; use "
		                       "--cgroup-manager cgroupfs for paths");
	}
	*prefix++ = '\0';
	*tail++ = '\0';
	if (*slice && !is_slice(slice))
		return error_set(err, 0, "linux.cgroupsPath: \"%s\" is not the name of a slice",
		                 slice);
	if (*tail == '\0')
		return error_set(err, 0, "linux.cgroupsPath: \"%s\" has no name behind the prefix",
		                 path);
	if (ends_with(tail, SLICE_SUFFIX))
		return error_set(err, 0,
		                 "linux.cgroupsPath: \"%s\" is a slice; a container is a scope",
		                 tail);
	if (check_part(prefix, "prefix", err) < 0 || check_part(tail, "name", err) < 0)
		return -1;
	scope->slice = *slice ? slice : NULL;
	*name = *prefix ? arena_printf(arena, "%s-%s", prefix, tail) : tail;
	return 0;
}

int scope_plan(const char *cgroups_path, const char *name, bool user, struct arena *arena,
               struct scope *scope, struct error **err)
{
	char *title = NULL, *unit;

	scope->user = user;
	scope->slice = NULL;
	if (!cgroups_path || !*cgroups_path)
		title = arena_strdup(arena, name);
	else if (plan_path(cgroups_path, arena, scope, &title, err) < 0)
		return -1;
	unit = title ? escape(title, arena) : NULL;
	/* A leading dot would be a hidden file; systemd has no such units. */
	if (unit && unit[0] == '.')
		unit = arena_printf(arena, "\\x2e%s", unit + 1);
	unit = unit ? arena_printf(arena, "%s" SCOPE_SUFFIX, unit) : NULL;
	scope->name = arena_strdup(arena, name);
	if (!unit || !scope->name)
		return error_set(err, ENOMEM, "the container's scope");
	if (strlen(unit) > UNIT_NAME_LONGEST) {
		error_set(err, 0, "\"%s\" is too long for the name of a systemd unit (%d bytes)",
		          unit, UNIT_NAME_LONGEST);
		return error_hint(err, "give the container a shorter id or linux.cgroupsPath");
	}
	scope->unit = unit;
	return 0;
}
