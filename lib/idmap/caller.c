/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: "root" says nothing. What counts is whether the kernel would let this
 * process write any map, which takes CAP_SETUID and CAP_SETGID in its own user namespace, and which
 * ids that namespace has to give.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "idmap/extents.h"

#define PROC_LIMIT 65536

static int load_map(const char *path, struct arena *arena, struct id_mappings *mappings,
                    struct error **err)
{
	_cleanup_free_ char *text = NULL;

	if (file_read_at(AT_FDCWD, path, PROC_LIMIT, &text) < 0)
		return error_set(err, errno, "cannot read %s", path);
	if (extents_parse(text, arena, mappings, err) < 0)
		return error_prefix(err, "%s", path);
	return 0;
}

static bool setgroups_denied(void)
{
	_cleanup_free_ char *text = NULL;

	return file_read_at(AT_FDCWD, "/proc/self/setgroups", PROC_LIMIT, &text) > 0 &&
	       strcmp(text, "deny\n") == 0;
}

static int load_privileged(struct id_caller *caller, struct error **err)
{
	const uint32_t needed = 1u << CAP_SETUID | 1u << CAP_SETGID;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(err, errno, "cannot read own capabilities");
	caller->privileged = (data[0].effective & needed) == needed;
	return 0;
}

int id_caller_load(struct arena *arena, struct id_caller *caller, struct error **err)
{
	*caller = (struct id_caller){
		.uid = geteuid(),
		.gid = getegid(),
		.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
		.setgroups_denied = setgroups_denied(),
	};
	if (load_privileged(caller, err) < 0)
		return -1;
	if (!caller->privileged)
		return 0;
	if (load_map("/proc/self/uid_map", arena, &caller->own_uids, err) < 0)
		return -1;
	return load_map("/proc/self/gid_map", arena, &caller->own_gids, err);
}
