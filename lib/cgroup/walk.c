/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: how wide and how deep it is, is up to the container. So there is no
 * recursion, and one fd whatever the depth: one step down is an openat(2) of a name, one step up
 * that of "..", which is safe, since cgroups cannot be renamed or moved. The names that are still
 * to be visited are kept in memory, for each level that we are in; they are fewer bytes than the
 * cgroups cost the kernel.
 */
#include "cgroup/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/dir.h"

#define OPEN_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* The cgroups of one directory: names, each with its NUL, the last one first. */
struct level {
	struct level *above;
	char *names;
	size_t length, room;
	char *current; /* name of the one that we are in; in names, beyond length */
};

static void level_free(struct level **level)
{
	int saved = errno;
	struct level *above = (*level)->above;

	free((*level)->names);
	free(*level);
	*level = above;
	errno = saved;
}

static void levels_free(struct level **levels)
{
	while (*levels)
		level_free(levels);
}

static int add_name(struct level *level, const char *name)
{
	const size_t size = strlen(name) + 1;

	if (level->room - level->length < size) {
		size_t room = level->room * 2 + size + 256;
		char *larger = realloc(level->names, room);

		if (!larger)
			return -1;
		level->names = larger;
		level->room = room;
	}
	memcpy(level->names + level->length, name, size);
	level->length += size;
	return 0;
}

/* Read the cgroups of directory @fd into a new level on top of *levels. */
static int level_push(struct level **levels, int fd)
{
	_cleanup_dir_ DIR *dir = dir_open(fd, ".");
	struct level *level;
	struct dirent *entry;

	if (!dir)
		return -1;
	level = calloc(1, sizeof(*level));
	if (!level)
		return -1;
	level->above = *levels;
	*levels = level;
	while ((entry = dir_read(dir))) {
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (add_name(level, entry->d_name) < 0)
			return -1;
	}
	return errno ? -1 : 0;
}

/* The next name; NULL: no more. It stays valid until the level is left or asked again. */
static char *level_next(struct level *level)
{
	size_t start;

	if (level->length == 0)
		return NULL;
	start = level->length - 1;
	while (start > 0 && level->names[start - 1] != '\0')
		start--;
	level->length = start;
	level->current = level->names + start;
	return level->current;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Into the directory @fd, which is the caller's. */
static int go_in(const struct cgroup_walk *walk, struct level **levels, int fd)
{
	if (walk->enter && walk->enter(fd, walk->data) < 0)
		return -1;
	return level_push(levels, fd);
}

/* One that vanished under our hands is done. */
static bool is_gone(int result)
{
	return result < 0 && (errno == ENOENT || errno == ENODEV);
}

/* From *fd down to @name. Return: 0 also when it need not or cannot be gone into any more. */
static int go_down(const struct cgroup_walk *walk, struct level **levels, int *fd, const char *name)
{
	int below, result = walk->found ? walk->found(*fd, name, walk->data) : 0;

	if (result != 0)
		return is_gone(result) || result > 0 ? 0 : -1;
	below = openat(*fd, name, OPEN_FLAGS);
	if (below < 0)
		return is_gone(below) ? 0 : -1;
	close_fd(fd);
	*fd = below;
	result = go_in(walk, levels, below);
	return result;
}

/* From *fd up to the directory that *levels is about again. */
static int go_up(const struct cgroup_walk *walk, struct level **levels, int *fd)
{
	int above = openat(*fd, "..", OPEN_FLAGS);
	int result;

	if (above < 0)
		return -1;
	close_fd(fd);
	*fd = above;
	result = walk->leave ? walk->leave(above, (*levels)->current, walk->data) : 0;
	return is_gone(result) ? 0 : result;
}

int cgroup_walk(int fd, const struct cgroup_walk *walk)
{
	_cleanup_(levels_free) struct level *levels = NULL;
	_cleanup_fd_ int here = openat(fd, ".", OPEN_FLAGS);
	const int64_t end = now_ms() + walk->timeout_ms;

	if (here < 0 || go_in(walk, &levels, here) < 0)
		return -1;
	while (levels) {
		const char *name = level_next(levels);

		if (now_ms() > end) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (name) {
			if (go_down(walk, &levels, &here, name) < 0)
				return -1;
			continue;
		}
		level_free(&levels);
		if (levels && go_up(walk, &levels, &here) < 0)
			return -1;
	}
	return 0;
}
