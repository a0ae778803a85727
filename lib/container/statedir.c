/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: who can write the state directory rules the containers in it, so it must
 * be ours alone. /tmp is the last resort, for ssh sessions without a login manager and for cron:
 * there anybody could have made our directory first, which is checked and refused.
 */
#include "container/statedir.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define ID_MAX 255u

/* The sticky bit keeps the directory from being aged (XDG Base Directory Specification). */
#define STATEDIR_MODE (S_ISVTX | 0700)

/* Root of the whole host, not of some user namespace only (user_namespaces(7)). */
static bool is_host_root(void)
{
	_cleanup_free_ char *map = NULL;
	unsigned int inside, outside, count;

	if (geteuid() != 0)
		return false;
	if (file_read_at(AT_FDCWD, "/proc/self/uid_map", 4096, &map) < 0)
		return true;
	return sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 &&
	       outside == 0 && count == UINT32_MAX;
}

static bool is_private_directory(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 077) == 0;
}

static bool wants_root_directory(const struct rootlet_context *context, const char *runtime_dir)
{
	if (context->rootless == ROOTLET_FALSE)
		return true;
	if (context->rootless == ROOTLET_TRUE || geteuid() != 0)
		return false;
	return is_host_root() || !runtime_dir || !*runtime_dir;
}

char *statedir_path(const struct rootlet_context *context, struct error **err)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *user_dir = NULL;
	char *path = NULL;
	int n;

	if (context->root) {
		path = strdup(context->root);
		n = path ? 0 : -1;
	} else if (wants_root_directory(context, runtime_dir)) {
		path = strdup("/run/rootlet");
		n = path ? 0 : -1;
	} else if (runtime_dir && *runtime_dir) {
		if (*runtime_dir != '/') {
			error_set(err, 0, "XDG_RUNTIME_DIR: \"%s\" is not an absolute path",
			          runtime_dir);
			return NULL;
		}
		n = asprintf(&path, "%s/rootlet", runtime_dir);
	} else {
		if (asprintf(&user_dir, "/run/user/%u", geteuid()) < 0)
			user_dir = NULL;
		if (user_dir && is_private_directory(user_dir))
			n = asprintf(&path, "%s/rootlet", user_dir);
		else
			n = asprintf(&path, "/tmp/rootlet-%u", geteuid());
	}
	if (n >= 0)
		return path;
	error_set(err, ENOMEM, "the state directory");
	return NULL;
}

/* mkdir -p; what exists is left as it is. */
static int make_directories(char *path)
{
	for (char *c = path + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*c = '/';
			return -1;
		}
		*c = '/';
	}
	if (mkdir(path, STATEDIR_MODE) < 0 && errno != EEXIST)
		return -1;
	return 0;
}

static int check_directory(int fd, const char *path, struct error **err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "%s", path);
	if (st.st_uid != geteuid())
		return error_set(err, 0,
		                 "%s belongs to uid %u, not to you; remove it or choose "
		                 "another state directory with --root",
		                 path, st.st_uid);
	if (st.st_mode & 022)
		return error_set(err, 0, "%s can be written by others; chmod 0700 it", path);
	return 0;
}

int statedir_open(const struct rootlet_context *context, bool create, struct error **err)
{
	_cleanup_free_ char *path = statedir_path(context, err);
	/* A link at the place that we choose could be another user's; --root may be one. */
	int no_link = context->root ? 0 : O_NOFOLLOW;
	_cleanup_fd_ int fd = -1;

	if (!path)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | no_link);
	if (fd < 0 && errno == ENOENT) {
		if (!create)
			return -2;
		if (make_directories(path) == 0)
			fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | no_link);
	}
	if (fd < 0) {
		error_set(err, errno, "state directory %s", path);
		return error_hint(err,
		                  "choose one that you can write with --root or XDG_RUNTIME_DIR");
	}
	if (check_directory(fd, path, err) < 0)
		return -1;
	return take_fd(&fd);
}

int container_id_check(const char *id, struct error **err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";
	size_t length = strlen(id);

	if (length == 0)
		return error_set(err, 0, "the container id is empty");
	if (length > ID_MAX)
		return error_set(err, 0,
		                 "the container id has %zu characters; at most %u are allowed",
		                 length, ID_MAX);
	if (id[0] == '.' || id[0] == '-')
		return error_set(err, 0, "container id \"%s\": must not begin with \"%c\"", id,
		                 id[0]);
	if (strspn(id, allowed) != length)
		return error_set(err, 0,
		                 "container id: only letters, digits and _ + . - are allowed");
	return 0;
}
