/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a user namespace of its own, in which the user is himself, gives the right to
 * a mount namespace, and that an empty root; then the capabilities in it go, for good. What is left
 * is libslirp with its sockets, and an attacker who takes it over has no file, no program, and
 * no call that opens one of either.
 */
#include "net/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/syscalls.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define ROOT        "/proc" /* whatever exists everywhere: it is covered in our namespace only */
#define LAST_CAP    63

static int write_map(const char *path, unsigned int id, struct error **err)
{
	char text[32];

	snprintf(text, sizeof(text), "%u %u 1", id, id);
	return file_write_at(AT_FDCWD, path, text) < 0 ? error_set(err, errno, "%s", path) : 0;
}

static int make_namespaces(struct error **err)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return error_set(err, errno, "the network helper's namespaces");
	file_write_at(AT_FDCWD, "/proc/self/setgroups", "deny");
	if (write_map("/proc/self/uid_map", uid, err) < 0 ||
	    write_map("/proc/self/gid_map", gid, err) < 0)
		return -1;
	return 0;
}

/*
 * Bound, so that changes in place are seen. A host without one, or with one out of reach, has no name
 * servers.
 */
static int put_resolv_conf(const char *dns_server, struct error **err)
{
	char text[128] = "";

	if (*dns_server)
		snprintf(text, sizeof(text), "nameserver %s\n", dns_server);
	if (mkdir(ROOT "/etc", 0755) < 0)
		return error_set(err, errno, "the network helper's root");
	if (file_create_at(AT_FDCWD, ROOT RESOLV_CONF, text, strlen(text), 0444) < 0)
		return error_set(err, errno, "the network helper's " RESOLV_CONF);
	if (!*dns_server && mount(RESOLV_CONF, ROOT RESOLV_CONF, NULL, MS_BIND, NULL) < 0 &&
	    errno != ENOENT && errno != EACCES && errno != ENOTDIR && errno != ELOOP)
		return error_set(err, errno, "the network helper's " RESOLV_CONF);
	return 0;
}

static int change_root(const char *dns_server, struct error **err)
{
	if (mount("tmpfs", ROOT, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	          "mode=0755,size=64k,nr_inodes=8") < 0)
		return error_set(err, errno, "the network helper's root");
	if (put_resolv_conf(dns_server, err) < 0)
		return -1;
	if (chdir(ROOT) < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0 ||
	    mount(NULL, "/", NULL,
	          MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return error_set(err, errno, "the network helper's root");
	return 0;
}

static int drop_capabilities(struct error **err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { { 0 } };

	for (int cap = 0; cap <= LAST_CAP; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		/* The kernel has no more. */
		if (errno == EINVAL)
			break;
		return error_set(err, errno, "the network helper's capabilities");
	}
	if (syscall(SYS_capset, &header, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "the network helper's capabilities");
	return 0;
}

static int set_limits(struct error **err)
{
	const struct rlimit none = { 0, 0 };
	struct rlimit files;

	/* Each connection is a file: as many as we may have. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
		files.rlim_max = files.rlim_cur;
	}
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    setrlimit(RLIMIT_FSIZE, &none) < 0 || setrlimit(RLIMIT_MEMLOCK, &none) < 0 ||
	    setrlimit(RLIMIT_MSGQUEUE, &none) < 0)
		return error_set(err, errno, "the network helper's limits");
	/* No further processes; counted in our user namespace, so it says nothing of the user's. */
	setrlimit(RLIMIT_NPROC, &none);
	return 0;
}

int sandbox_enter(const char *dns_server, struct error **err)
{
	if (make_namespaces(err) < 0 || change_root(dns_server, err) < 0)
		return -1;
	return set_limits(err) < 0 ? -1 : drop_capabilities(err);
}

/* --- the filter ------------------------------------------------------------------------------ */

static const int allowed[] = {
	SCMP_SYS(accept),         SCMP_SYS(accept4),
	SCMP_SYS(bind),           SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),  SCMP_SYS(close),
	SCMP_SYS(connect),        SCMP_SYS(dup),
	SCMP_SYS(epoll_ctl),      SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_wait),     SCMP_SYS(exit),
	SCMP_SYS(exit_group),     SCMP_SYS(fcntl),
	SCMP_SYS(fstat),          SCMP_SYS(futex),
	SCMP_SYS(getpeername),    SCMP_SYS(getrandom),
	SCMP_SYS(getsockname),    SCMP_SYS(getsockopt),
	SCMP_SYS(gettimeofday),   SCMP_SYS(listen),
	SCMP_SYS(lseek),          SCMP_SYS(madvise),
	SCMP_SYS(mremap),         SCMP_SYS(munmap),
	SCMP_SYS(newfstatat),     SCMP_SYS(poll),
	SCMP_SYS(ppoll),          SCMP_SYS(read),
	SCMP_SYS(readv),          SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),        SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sendmsg),        SCMP_SYS(sendto),
	SCMP_SYS(setsockopt),     SCMP_SYS(shutdown),
	SCMP_SYS(stat),           SCMP_SYS(write),
	SCMP_SYS(writev),
};

/* Return: 0, or a negative errno value. */
static int add_conditional(scmp_filter_ctx filter)
{
	const struct {
		int call;
		struct scmp_arg_cmp condition;
	} rules[] = {
		/* Internet sockets only: the abstract sockets of the host's network namespace are near. */
		{ SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET) },
		{ SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET6) },
		{ SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, 0) },
		{ SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD) },
		{ SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO) },
		{ SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
		{ SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
	};
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rules) && result == 0; i++)
		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rules[i].call, 1,
		                                &rules[i].condition);
	return result;
}

/* Return: as above. */
static int build_filter(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(allowed) && result == 0; i++)
		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
	if (result == 0)
		result = add_conditional(filter);
	return result < 0 ? result : seccomp_load(filter);
}

int sandbox_lock(struct error **err)
{
	/* What a future C library tries first is answered as by an old kernel. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int result = filter ? build_filter(filter) : -ENOMEM;

	if (filter)
		seccomp_release(filter);
	return result < 0 ? error_set(err, -result, "the network helper's seccomp filter") : 0;
}
