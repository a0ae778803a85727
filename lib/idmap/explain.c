/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: clone(2) has a handful of errno values for many switches of the
 * administrator's. The sysctls tell which one it was; the first row that fits gives the sentence.
 */
#include "idmap/explain.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/number.h"
#include "idmap/plan.h"

#define SET(name, value)                                                        \
	"as root: sysctl -w " name "=" value ", and the line \"" name "=" value \
	"\" in a file in /etc/sysctl.d to keep it"

static bool none_allowed(const struct userns_sysctls *sysctls)
{
	return sysctls->max_user_namespaces == 0;
}

static bool only_for_root(const struct userns_sysctls *sysctls)
{
	return sysctls->unprivileged_userns_clone == 0;
}

static bool apparmor_restricts(const struct userns_sysctls *sysctls)
{
	return sysctls->apparmor_restrict_unprivileged_userns == 1;
}

static bool otherwise(const struct userns_sysctls *sysctls)
{
	(void)sysctls;
	return true;
}

static const struct {
	int errnum;
	bool (*applies)(const struct userns_sysctls *sysctls);
	const char *remedy;
} causes[] = {
	{ ENOSPC, none_allowed,
	  "user namespaces are switched off; " SET("user.max_user_namespaces", "15000") },
	{ ENOSPC, otherwise,
	  "the limit user.max_user_namespaces is reached, or 32 of them are nested; "
	  "as root: sysctl -w user.max_user_namespaces with a higher value" },
	{ EUSERS, otherwise, "too many user namespaces are nested" },
	{ EPERM, only_for_root,
	  "user namespaces are switched off for ordinary users; " SET(
		  "kernel.unprivileged_userns_clone", "1") },
	{ EPERM, apparmor_restricts,
	  "AppArmor restricts user namespaces; install the profile in contrib/apparmor, or " SET(
		  "kernel.apparmor_restrict_unprivileged_userns", "0") },
	{ EACCES, apparmor_restricts,
	  "AppArmor restricts user namespaces; install the profile in contrib/apparmor, or " SET(
		  "kernel.apparmor_restrict_unprivileged_userns", "0") },
	{ EPERM, otherwise,
	  "a chroot, or the seccomp filter of a container around us, forbids user namespaces; "
	  "start rootlet outside of it" },
	{ EINVAL, otherwise,
	  "this kernel may have been built without a namespace that is asked for; it needs "
	  "CONFIG_USER_NS" },
};

const char *userns_remedy(int errnum, const struct userns_sysctls *sysctls)
{
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		if (causes[i].errnum == errnum && causes[i].applies(sysctls))
			return causes[i].remedy;
	}
	return NULL;
}

/* The value of the sysctl @path below /proc/sys, -1 when there is none. */
static long read_sysctl(const char *path)
{
	_cleanup_fd_ int dir = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	int64_t value;

	if (dir < 0 || file_read_at(dir, path, 64, &text) < 0)
		return -1;
	text[strcspn(text, "\n")] = '\0';
	if (!number_parse_i64(text, &value) || value < 0 || value > LONG_MAX)
		return -1;
	return (long)value;
}

int id_explain_no_userns(struct error **err)
{
	struct userns_sysctls sysctls;
	const char *remedy;

	if (!err || !*err)
		return -1;
	sysctls = (struct userns_sysctls){
		.max_user_namespaces = read_sysctl("user/max_user_namespaces"),
		.unprivileged_userns_clone = read_sysctl("kernel/unprivileged_userns_clone"),
		.apparmor_restrict_unprivileged_userns =
			read_sysctl("kernel/apparmor_restrict_unprivileged_userns"),
	};
	remedy = userns_remedy((*err)->errnum, &sysctls);
	return remedy ? error_hint(err, "%s", remedy) : -1;
}
