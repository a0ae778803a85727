/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: each step here takes away what an earlier one needed, so the order is the
 * design (see the header). Two tricks make it possible. PR_SET_KEEPCAPS lets the permitted set
 * survive the change to a user that is not root; and for a filter that is installed without
 * no_new_privs, the whole permitted set is made effective once more before the final capset.
 *
 * What can be had is decided first, by reading the caller's own sets: a capability that the
 * caller lacks cannot be passed on, and asking the kernel for it would fail the whole set. No set
 * is widened to make another one possible; inheritable capabilities above all are only those that
 * were asked for (CVE-2022-29162).
 *
 * Plain system calls instead of glibc's: those walk the list of threads to change all of them,
 * and here is only one, made by clone3 behind glibc's back.
 */
#include "process/credentials.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "spec/names.h"

#define UMASK_DEFAULT 0022

/* The three sets of capset(2). */
struct sets {
	uint64_t effective, permitted, inheritable;
};

static uint64_t bit(int capability)
{
	return UINT64_C(1) << capability;
}

static int get_sets(struct sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	sets->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	sets->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	sets->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static int set_sets(const struct sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (unsigned int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)(sets->effective >> (32 * i));
		data[i].permitted = (uint32_t)(sets->permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(sets->inheritable >> (32 * i));
	}
	return (int)syscall(SYS_capset, &header, data);
}

/*
 * The kernel's capabilities end where PR_CAPBSET_READ says EINVAL. Any other failure must not pass
 * for that: what is not seen here is not dropped either.
 */
static int get_bounding_set(uint64_t *set, struct error **err)
{
	*set = 0;
	for (int cap = 0; cap < 64; cap++) {
		int ret = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (ret < 0 && errno == EINVAL)
			break;
		if (ret < 0)
			return error_set(err, errno,
			                 "process.capabilities.bounding: cannot read our own");
		if (ret > 0)
			*set |= bit(cap);
	}
	return 0;
}

/* "CAP_CHOWN, CAP_KILL" on the heap, NULL when out of memory. */
static char *set_names(uint64_t set)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (int cap = 0; cap < 64; cap++) {
		const char *name = capability_name(cap);

		if (!(set & bit(cap)))
			continue;
		fputs(ftell(out) > 0 ? ", " : "", out);
		if (name)
			fputs(name, out);
		else
			fprintf(out, "capability %d", cap);
	}
	fclose(out);
	return text;
}

static void warn_about(uint64_t set, const char *reason)
{
	_cleanup_free_ char *names = set ? set_names(set) : NULL;

	if (names)
		log_warning("process.capabilities: %s left out: %s", names, reason);
}

/* What was asked for, less what cannot be had, which is warned about. */
static struct capabilities available(const struct capabilities *asked, const struct sets *own,
                                     uint64_t own_bounding)
{
	struct capabilities get = *asked;
	uint64_t lacking;

	get.bounding &= own_bounding;
	get.permitted &= own->permitted;
	get.effective &= own->permitted;
	get.inheritable &= own->permitted;
	get.ambient &= own->permitted;
	lacking = (asked->bounding & ~get.bounding) | (asked->permitted & ~get.permitted) |
	          (asked->effective & ~get.effective) | (asked->inheritable & ~get.inheritable) |
	          (asked->ambient & ~get.ambient);
	warn_about(lacking, "rootlet does not have them here itself");

	/* capabilities(7) on what each set must be part of. */
	lacking = get.effective & ~get.permitted;
	warn_about(lacking, "effective needs permitted");
	get.effective &= ~lacking;
	lacking = get.inheritable & ~get.bounding;
	warn_about(lacking, "inheritable needs bounding");
	get.inheritable &= ~lacking;
	lacking = get.ambient & ~(get.permitted & get.inheritable);
	warn_about(lacking, "ambient needs permitted and inheritable");
	get.ambient &= ~lacking;
	return get;
}

static int limit_bounding_set(uint64_t keep, uint64_t own_bounding, struct error **err)
{
	uint64_t drop = own_bounding & ~keep;

	for (int cap = 0; cap < 64; cap++) {
		if (!(drop & UINT64_C(1) << cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		error_set(err, errno, "process.capabilities.bounding: cannot drop %s",
		          capability_name(cap) ? capability_name(cap) : "a capability");
		return errno == EPERM ? error_hint(err, "this needs CAP_SETPCAP") : -1;
	}
	return 0;
}

static int set_groups(const struct user *user, bool setgroups_denied, struct error **err)
{
	if (setgroups_denied && user->additional_gids.count == 0)
		return 0;
	if (setgroups_denied) {
		error_set(
			err, 0,
			"process.user.additionalGids: the kernel denies setgroups(2) in this user "
			"namespace, which maps a single group");
		return error_hint(err, "remove them, or have an administrator give you a range in "
		                       "/etc/subgid");
	}
	if (syscall(SYS_setgroups, user->additional_gids.count, user->additional_gids.items) == 0)
		return 0;
	if (errno == EINVAL)
		return error_set(err, 0,
		                 "process.user.additionalGids: one of them is not mapped in the "
		                 "container's user namespace");
	return error_set(err, errno, "process.user.additionalGids");
}

static int set_id(long call, const char *where, uint32_t id, struct error **err)
{
	if (syscall(call, id, id, id) == 0)
		return 0;
	if (errno == EINVAL)
		return error_set(err, 0, "%s: %u is not mapped in the container's user namespace",
		                 where, id);
	return error_set(err, errno, "%s: cannot become %u", where, id);
}

static int become_user(const struct user *user, bool setgroups_denied, struct error **err)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "process.user: PR_SET_KEEPCAPS");
	if (set_groups(user, setgroups_denied, err) < 0 ||
	    set_id(SYS_setresgid, "process.user.gid", user->gid, err) < 0 ||
	    set_id(SYS_setresuid, "process.user.uid", user->uid, err) < 0)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "process.user: PR_SET_KEEPCAPS");
	/*
	 * The change has made us dumpable or not as fs.suid_dumpable says; nobody is to look into us
	 * before execve. Here, because the filter that comes next may forbid it.
	 */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "process.user: PR_SET_DUMPABLE");
	/* Runtimes agree on this default; the caller's own umask is none of the container's. */
	umask(user->umask.set ? (mode_t)user->umask.value & 0777 : UMASK_DEFAULT);
	return 0;
}

/* Without no_new_privs the kernel wants an effective CAP_SYS_ADMIN, which setresuid took away. */
static int install_privileged(const struct seccomp_program *program,
                              struct seccomp_listener *listener, struct error **err)
{
	struct sets sets;

	if (get_sets(&sets) < 0)
		return error_set(err, errno, "capget");
	sets.effective = sets.permitted;
	if (set_sets(&sets) < 0)
		return error_set(err, errno, "capset");
	return seccomp_listener_install(program, listener, err);
}

static int raise_ambient(uint64_t ambient, struct error **err)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_set(err, errno, "process.capabilities.ambient: clearing them");
	for (int cap = 0; cap < 64; cap++) {
		if (!(ambient & bit(cap)))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return error_set(err, errno, "process.capabilities.ambient: %s",
			                 capability_name(cap) ? capability_name(cap) : "raise");
	}
	return 0;
}

static int apply_capabilities(const struct capabilities *capabilities, struct error **err)
{
	const struct sets sets = {
		.effective = capabilities->effective,
		.permitted = capabilities->permitted,
		.inheritable = capabilities->inheritable,
	};

	if (set_sets(&sets) < 0)
		return error_set(err, errno, "process.capabilities: capset");
	return raise_ambient(capabilities->ambient, err);
}

int credentials_apply(const struct process *process, bool setgroups_denied,
                      const struct seccomp_program *program, struct seccomp_listener *listener,
                      struct error **err)
{
	uint64_t own_bounding;
	struct capabilities capabilities;
	struct sets own;

	if (get_sets(&own) < 0)
		return error_set(err, errno, "capget");
	if (get_bounding_set(&own_bounding, err) < 0)
		return -1;
	capabilities = available(&process->capabilities, &own, own_bounding);

	if (limit_bounding_set(capabilities.bounding, own_bounding, err) < 0 ||
	    become_user(&process->user, setgroups_denied, err) < 0)
		return -1;
	if (!process->no_new_privileges && program && program->filter &&
	    install_privileged(program, listener, err) < 0)
		return -1;
	if (apply_capabilities(&capabilities, err) < 0)
		return -1;
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "process.noNewPrivileges");
	return 0;
}
