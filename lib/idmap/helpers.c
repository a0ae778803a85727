/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a helper that is there but cannot gain privileges would fail only after
 * the container's process exists, and with a message that helps nobody. Its file tells beforehand.
 */
#include "idmap/helpers.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PATHS(name)                                                                       \
	{                                                                                 \
		"/usr/bin/" name, "/usr/local/bin/" name, "/bin/" name, "/usr/sbin/" name \
	}

static const struct {
	const char *name;
	const char *paths[4];
} helpers[] = {
	[HELPER_NEWUIDMAP] = { "newuidmap", PATHS("newuidmap") },
	[HELPER_NEWGIDMAP] = { "newgidmap", PATHS("newgidmap") },
	[HELPER_GETSUBIDS] = { "getsubids", PATHS("getsubids") },
};

static bool gains_privileges(const char *path, const struct stat *st)
{
	struct statvfs fs;

	if (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID))
		return false;
	if ((st->st_mode & S_ISUID) && st->st_uid == 0)
		return true;
	return getxattr(path, "security.capability", NULL, 0) > 0;
}

enum helper_problem helper_check(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return HELPER_MISSING;
	if (access(path, X_OK) < 0)
		return HELPER_FORBIDDEN;
	return gains_privileges(path, &st) ? HELPER_OK : HELPER_UNPRIVILEGED;
}

enum helper_problem helper_find(enum helper helper, const char **path)
{
	enum helper_problem first = HELPER_MISSING;

	*path = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(helpers[helper].paths); i++) {
		const char *candidate = helpers[helper].paths[i];
		enum helper_problem problem = helper_check(candidate);

		if (problem == HELPER_MISSING)
			continue;
		if (problem == HELPER_OK || !*path) {
			*path = candidate;
			first = problem;
		}
		if (problem == HELPER_OK)
			break;
	}
	return first;
}

static const struct {
	const char *complaint, *remedy;
} problems[] = {
	[HELPER_OK] = { "works", "" },
	[HELPER_MISSING] = { "is not installed", "install the package uidmap (Debian, Ubuntu) or "
	                                         "shadow-utils (Fedora)" },
	[HELPER_FORBIDDEN] = { "may not be executed by you",
	                       "ask the administrator for permission" },
	[HELPER_UNPRIVILEGED] = { "is neither setuid root nor has file capabilities",
	                          "reinstall its package, or chmod u+s it as root; its file system "
	                          "must not be mounted nosuid" },
	[HELPER_NO_NEW_PRIVS] = { "gains no privileges because no_new_privs is set",
	                          "start rootlet without that (systemd: NoNewPrivileges=no)" },
};

const char *helper_complaint(enum helper helper, const char *path, enum helper_problem problem,
                             struct arena *arena)
{
	return arena_printf(arena, "%s %s", path ? path : helpers[helper].name,
	                    problems[problem].complaint);
}

const char *helper_remedy(enum helper_problem problem)
{
	return problems[problem].remedy;
}
