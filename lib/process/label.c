/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a label is a request to the kernel's security module, written to a file
 * of the writing process itself, that the next execve honours. A write that lands in a file that
 * only looks like it would start the program unconfined (CVE-2019-16884), hence the procfs that
 * the caller has checked.
 */
#include "process/label.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/log.h"

#ifndef SELINUX_MAGIC
#define SELINUX_MAGIC 0xf97cff8c
#endif

#define APPARMOR_ENABLED    "/sys/module/apparmor/parameters/enabled"
#define APPARMOR_UNCONFINED "unconfined"

static bool is_set(const char *label)
{
	return label && label[0];
}

static bool apparmor_enabled(void)
{
	_cleanup_free_ char *text = NULL;

	return file_read_at(AT_FDCWD, APPARMOR_ENABLED, 64, &text) > 0 && text[0] == 'Y';
}

static bool selinux_enabled(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && (uint32_t)fs.f_type == SELINUX_MAGIC;
}

int label_check(const struct process *process, const struct linux_config *linux_config,
                struct error **err)
{
	/* Where there is no AppArmor, everything is as unconfined as it was asked to be. */
	if (is_set(process->apparmor_profile) &&
	    strcmp(process->apparmor_profile, APPARMOR_UNCONFINED) != 0 && !apparmor_enabled())
		return error_set(err, 0,
		                 "process.apparmorProfile: this host has no AppArmor, so that "
		                 "profile \"%s\" cannot confine the process",
		                 process->apparmor_profile);
	if (is_set(process->selinux_label) && !selinux_enabled())
		return error_set(err, 0, "process.selinuxLabel: this host has no SELinux");
	if (is_set(linux_config->mount_label) && !selinux_enabled())
		return error_set(err, 0, "linux.mountLabel: this host has no SELinux");
	return 0;
}

/* The file of AppArmor alone, which kernels have when several modules are stacked; else the shared. */
static int open_apparmor_exec(int proc_fd)
{
	int fd = openat(proc_fd, "self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		fd = openat(proc_fd, "self/attr/exec", O_WRONLY | O_CLOEXEC);
	return fd;
}

static int apply_apparmor(const char *profile, int proc_fd, struct error **err)
{
	_cleanup_free_ char *request = NULL;
	_cleanup_fd_ int fd = open_apparmor_exec(proc_fd);
	int errnum;

	if (fd < 0)
		return error_set(err, errno, "process.apparmorProfile: /proc/self/attr/exec");
	if (asprintf(&request, "exec %s", profile) < 0) {
		request = NULL;
		return error_set(err, ENOMEM, "process.apparmorProfile");
	}
	if (write_all(fd, request, strlen(request)) == 0)
		return 0;
	errnum = errno;
	if (errnum == ENOENT) {
		error_set(err, 0, "process.apparmorProfile: no profile \"%s\" is loaded", profile);
		return error_hint(err, "an administrator loads it with apparmor_parser");
	}
	return error_set(err, errnum, "process.apparmorProfile: cannot change to \"%s\"", profile);
}

static int apply_selinux(const char *label, int proc_fd, struct error **err)
{
	if (file_write_at(proc_fd, "self/attr/exec", label) == 0)
		return 0;
	return error_set(err, errno, "process.selinuxLabel: \"%s\"", label);
}

int label_apply(const struct process *process, int proc_fd, struct error **err)
{
	const char *profile = process->apparmor_profile;

	if (is_set(profile) && (strcmp(profile, APPARMOR_UNCONFINED) != 0 || apparmor_enabled()) &&
	    apply_apparmor(profile, proc_fd, err) < 0)
		return -1;
	if (is_set(process->selinux_label))
		return apply_selinux(process->selinux_label, proc_fd, err);
	return 0;
}
