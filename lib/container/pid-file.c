/* SPDX-License-Identifier: Apache-2.0 */
#include "container/pid-file.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"

int pid_file_write(const char *path, pid_t pid, struct error **err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	_cleanup_free_ char *directory = strndup(path, (size_t)(name - path));
	_cleanup_fd_ int dir_fd = -1;
	char digits[16];
	int length = snprintf(digits, sizeof(digits), "%d", pid);

	if (!directory)
		return error_set(err, ENOMEM, "--pid-file");
	dir_fd = open(*directory ? directory : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || file_replace_at(dir_fd, name, digits, (size_t)length, 0644) < 0)
		return error_set(err, errno, "--pid-file %s", path);
	return 0;
}
