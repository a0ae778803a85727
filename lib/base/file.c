/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: everything is relative to a directory fd, so that the caller decides once
 * which directory is meant. Failures are errno values; the caller knows what the file was for.
 */
#include "base/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

ssize_t file_read_fd(int fd, size_t limit, char **text)
{
	_cleanup_free_ char *buffer = NULL;
	size_t used = 0, size = 4096;

	buffer = malloc(size);
	while (buffer) {
		ssize_t n = read(fd, buffer + used, size - used - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		used += (size_t)n;
		if (used > limit) {
			errno = EFBIG;
			return -1;
		}
		if (n == 0) {
			buffer[used] = '\0';
			*text = take_pointer(buffer);
			return (ssize_t)used;
		}
		if (size - used < 2) {
			char *larger = realloc(buffer, size * 2);

			if (!larger)
				break;
			buffer = larger;
			size *= 2;
		}
	}
	errno = ENOMEM;
	return -1;
}

ssize_t file_read_at(int dirfd, const char *path, size_t limit, char **text)
{
	_cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	if (st.st_size > 0 && (size_t)st.st_size > limit) {
		errno = EFBIG;
		return -1;
	}
	return file_read_fd(fd, limit, text);
}

int write_all(int fd, const void *data, size_t length)
{
	const char *next = data;

	while (length > 0) {
		ssize_t n = write(fd, next, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		next += n;
		length -= (size_t)n;
	}
	return 0;
}

int file_write_at(int dirfd, const char *path, const char *text)
{
	_cleanup_fd_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -1;
	do {
		n = write(fd, text, length);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n != length) {
		errno = EIO;
		return -1;
	}
	return 0;
}

int file_create_at(int dirfd, const char *name, const void *text, size_t length, mode_t mode)
{
	_cleanup_fd_ int fd = -1;

	/* What a killed predecessor left under this name is ours and worth nothing. */
	unlinkat(dirfd, name, 0);
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -1;
	return write_all(fd, text, length);
}

int file_replace_at(int dirfd, const char *name, const void *text, size_t length, mode_t mode)
{
	_cleanup_free_ char *temporary = NULL;
	int saved;

	if (asprintf(&temporary, ".%s.new", name) < 0) {
		temporary = NULL;
		errno = ENOMEM;
		return -1;
	}
	if (file_create_at(dirfd, temporary, text, length, mode) == 0 &&
	    renameat(dirfd, temporary, dirfd, name) == 0)
		return 0;
	saved = errno;
	unlinkat(dirfd, temporary, 0);
	errno = saved;
	return -1;
}
