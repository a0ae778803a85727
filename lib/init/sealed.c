/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: whether there is anything to protect shows in the file's owner and mode:
 * an ordinary user who runs root's /usr/bin/rootlet cannot write it, in a container or out of it.
 * For a copy in his home, and for root, the file is copied to a memfd, sealed, and executed; the
 * copy knows that it is one by its seals.
 */
#include "init/sealed.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

extern char **environ;

static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS;
}

/*
 * The owner can give himself the permission to write, and a container's root has it for the files
 * of every id that is mapped there, our subordinate ones: only root's is none of them for sure.
 * EPERM: the file is immutable.
 */
static bool is_writable(const struct stat *st)
{
	if (st->st_uid != 0 || geteuid() == 0 || access("/proc/self/exe", W_OK) == 0)
		return true;
	return errno != EACCES && errno != EPERM && errno != EROFS;
}

static int make_memfd(void)
{
	int fd = memfd_create("rootlet", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	/* MFD_EXEC is known since Linux 6.3; before, it is what happens anyway. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("rootlet", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int copy_sealed(int from, off_t size)
{
	_cleanup_fd_ int copy = make_memfd();

	if (copy < 0)
		return -1;
	while (size > 0) {
		ssize_t n = sendfile(copy, from, NULL, (size_t)size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		size -= n;
	}
	if (fchmod(copy, 0555) < 0 || fcntl(copy, F_ADD_SEALS, ALL_SEALS) < 0)
		return -1;
	return take_fd(&copy);
}

int sealed_ensure(char *const *argv, struct error **err)
{
	_cleanup_fd_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), copy = -1;
	struct stat st;

	if (self < 0 || fstat(self, &st) < 0)
		return error_set(err, errno, "/proc/self/exe");
	if (is_sealed(self) || !is_writable(&st))
		return 0;
	copy = copy_sealed(self, st.st_size);
	if (copy >= 0)
		fexecve(copy, argv, environ);
	error_set(err, errno, "cannot protect rootlet's executable from the container");
	return error_hint(err, "install it where you cannot write it, such as /usr/bin");
}
