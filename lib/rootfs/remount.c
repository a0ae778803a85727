/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: mount(2) changes the flags of one mount, which it gets as /proc/self/fd/N.
 * Which mounts are below it is read from mountinfo. Each of those is opened by the path that it
 * has there, without following a link, and has to be the mount with that number: who moves
 * directories about meanwhile gets an error, and nothing else is changed.
 */
#include "rootfs/remount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/syscalls.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000
#endif
#define ST_NOSYMFOLLOW_5_10 0x2000 /* of the kernel's statfs(2); glibc has no name for it */

#define MOUNTINFO_LIMIT     ((size_t)64 << 20)

/* --- one mount ------------------------------------------------------------------------------- */

static const struct {
	uint64_t attribute;
	unsigned long mount_flag;   /* mount(2) */
	unsigned long statvfs_flag; /* statvfs(3) */
} flag_names[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY, ST_RDONLY },
	{ MOUNT_ATTR_NOSUID, MS_NOSUID, ST_NOSUID },
	{ MOUNT_ATTR_NODEV, MS_NODEV, ST_NODEV },
	{ MOUNT_ATTR_NOEXEC, MS_NOEXEC, ST_NOEXEC },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, ST_NODIRATIME },
	{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, ST_NOSYMFOLLOW_5_10 },
};

static unsigned long atime_flag(uint64_t set, const struct statvfs *now, bool changed)
{
	if (changed)
		return set & MOUNT_ATTR_NOATIME       ? MS_NOATIME
		       : set & MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME
		                                      : MS_RELATIME;
	if (now->f_flag & ST_NOATIME)
		return MS_NOATIME;
	return now->f_flag & ST_RELATIME ? MS_RELATIME : MS_STRICTATIME;
}

static int remount_one(int fd, const struct mount_flags *want)
{
	unsigned long flags = MS_REMOUNT | MS_BIND;
	struct statvfs now;
	char path[64];

	if (want->set == 0 && want->clear == 0)
		return 0;
	if (fstatvfs(fd, &now) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
		bool on = now.f_flag & flag_names[i].statvfs_flag;

		if (want->set & flag_names[i].attribute)
			on = true;
		else if (want->clear & flag_names[i].attribute)
			on = false;
		flags |= on ? flag_names[i].mount_flag : 0;
	}
	flags |= atime_flag(want->set, &now, (want->set | want->clear) & MOUNT_ATTR__ATIME);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (mount(NULL, path, NULL, flags, NULL) == 0)
		return 0;
	/* A locked flag may not be cleared; what else was asked for still can be had. */
	if (errno != EPERM || want->clear == 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
		flags |= now.f_flag & flag_names[i].statvfs_flag ? flag_names[i].mount_flag : 0;
	return mount(NULL, path, NULL, flags, NULL);
}

/* --- the mounts below one -------------------------------------------------------------------- */

struct line {
	uint64_t id, parent;
	const char *point; /* where it is mounted */
	bool below;
};

struct mountinfo {
	char *text;
	struct line *lines;
	size_t count;
};

static void mountinfo_free(struct mountinfo *info)
{
	free(info->text);
	free(info->lines);
}

/* Space, tab, newline and backslash are written as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] && from[2] && from[3]) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 /root /point options …" (proc_pid_mountinfo(5)) */
static bool parse_line(char *text, struct line *line)
{
	char *fields[5];

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		fields[i] = strsep(&text, " ");
		if (!fields[i] || !text)
			return false;
	}
	unescape(fields[4]);
	*line = (struct line){
		.id = strtoull(fields[0], NULL, 10),
		.parent = strtoull(fields[1], NULL, 10),
		.point = fields[4],
	};
	return true;
}

static int mountinfo_read(struct mountinfo *info)
{
	size_t lines = 1;
	char *rest, *text;

	if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_LIMIT, &info->text) < 0)
		return -1;
	for (const char *c = info->text; *c; c++)
		lines += *c == '\n';
	info->lines = calloc(lines, sizeof(*info->lines));
	if (!info->lines)
		return -1;
	for (rest = info->text; (text = strsep(&rest, "\n"));)
		info->count += parse_line(text, &info->lines[info->count]);
	return 0;
}

static bool is_below(const struct mountinfo *info, const struct line *line, uint64_t top)
{
	if (line->parent == top)
		return true;
	for (size_t i = 0; i < info->count; i++)
		if (info->lines[i].below && info->lines[i].id == line->parent)
			return true;
	return false;
}

static void mark_below(struct mountinfo *info, uint64_t top)
{
	bool more = true;

	/* A parent mostly comes before its children: two rounds. */
	while (more) {
		more = false;
		for (size_t i = 0; i < info->count; i++) {
			struct line *line = &info->lines[i];

			if (line->below || line->id == top || !is_below(info, line, top))
				continue;
			line->below = more = true;
		}
	}
}

/* Another mount is on its root: no path leads to it. */
static bool is_covered(const struct mountinfo *info, const struct line *line)
{
	for (size_t i = 0; i < info->count; i++)
		if (info->lines[i].parent == line->id && info->lines[i].id != line->id &&
		    strcmp(info->lines[i].point, line->point) == 0)
			return true;
	return false;
}

static int mount_id(int fd, uint64_t *id)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &stx) < 0)
		return -1;
	*id = stx.stx_mnt_id;
	return 0;
}

static int open_mount(const struct line *line)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_fd_ int fd = sys_openat2(AT_FDCWD, line->point, &how, sizeof(how));
	uint64_t id;

	if (fd < 0 || mount_id(fd, &id) < 0)
		return -1;
	if (id != line->id) {
		errno = EBUSY;
		return -1;
	}
	return take_fd(&fd);
}

static int remount_below(int fd, const struct mount_flags *flags)
{
	_cleanup_(mountinfo_free) struct mountinfo info = { 0 };
	uint64_t top;

	if (mount_id(fd, &top) < 0 || mountinfo_read(&info) < 0)
		return -1;
	mark_below(&info, top);
	for (size_t i = 0; i < info.count; i++) {
		_cleanup_fd_ int below = -1;

		if (!info.lines[i].below || is_covered(&info, &info.lines[i]))
			continue;
		below = open_mount(&info.lines[i]);
		if (below < 0 || remount_one(below, flags) < 0)
			return -1;
	}
	return 0;
}

int remount(int fd, const struct mount_options *options, unsigned long propagation,
            bool propagation_recursive)
{
	const struct mount_flags *tree = &options->tree_flags;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (propagation &&
	    mount(NULL, path, NULL, propagation | (propagation_recursive ? MS_REC : 0), NULL) < 0)
		return -1;
	if ((tree->set || tree->clear) &&
	    (remount_one(fd, tree) < 0 || remount_below(fd, tree) < 0))
		return -1;
	return remount_one(fd, &options->flags);
}
