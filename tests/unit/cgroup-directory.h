/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory that stands for a cgroup: a fixture, with an arena beside it. Whoever includes it has
 * included cmocka.h before.
 */
#pragma once

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "directory.h"

struct fixture {
	char path[DIRECTORY_SIZE];
	int fd;
	struct arena *arena;
};

static inline int make_cgroup(void **state)
{
	static struct fixture fixture;

	if (!directory_make(fixture.path))
		return -1;
	fixture.fd = open(fixture.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture.arena = arena_new();
	*state = &fixture;
	return fixture.fd < 0 || !fixture.arena ? -1 : 0;
}

static inline int remove_cgroup(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->fd);
	arena_free(&fixture->arena);
	return directory_remove(fixture->path);
}

static inline void put(const struct fixture *fixture, const char *file, const char *text)
{
	assert_int_equal(file_create_at(fixture->fd, file, text, strlen(text), 0644), 0);
}
