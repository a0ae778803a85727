/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dir.h"

#include <fcntl.h>

DIR *dir_open(int dirfd, const char *path)
{
	_cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir)
		fd = -1; /* the stream's now */
	return dir;
}

struct dirent *dir_read(DIR *dir)
{
	errno = 0;
	return readdir(dir);
}
