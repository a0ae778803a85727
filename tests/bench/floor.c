/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of `make bench`: what the kernel work of the default spec costs by itself.
 *
 *	floor [-u START:COUNT -g START:COUNT] ROOTFS PROGRAM [ARG…]
 *
 * Runs PROGRAM in a container like the one that `rootlet spec` describes, with the same
 * namespaces, id maps, mounts, masks and capabilities, each made by the cheapest calls known, and
 * ends with its exit status. It reads no JSON, keeps no state and trusts everybody: paths in
 * ROOTFS are used by name, so this is for measuring only. -u and -g are the caller's subordinate
 * ids, mapped to 1… by newuidmap and newgidmap; without them container 0 ↔ the caller is all.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/syscalls.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CAPABILITY(n) (1ULL << (n))

struct range {
	const char *start, *count; /* NULL: none */
};

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };

static const struct {
	const char *name, *target;
} links[] = {
	{ "dev/fd", "/proc/self/fd" },       { "dev/stdin", "/proc/self/fd/0" },
	{ "dev/stdout", "/proc/self/fd/1" }, { "dev/stderr", "/proc/self/fd/2" },
	{ "dev/ptmx", "pts/ptmx" },
};

static const char *const masked[] = {
	"proc/acpi",          "proc/asound",     "proc/kcore",       "proc/keys",
	"proc/latency_stats", "proc/timer_list", "proc/timer_stats", "proc/sched_debug",
	"sys/firmware",       "proc/scsi",
};

static const char *const read_only[] = {
	"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger",
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

/* Mount a new file system at @path below @root. @options: "key", "value" pairs, NULL at the end. */
static void mount_new(int root, const char *type, const char *path, unsigned int attributes,
                      const char *const *options)
{
	int context = sys_fsopen(type, FSOPEN_CLOEXEC);
	int mount;

	must(context >= 0, type);
	for (; *options; options += 2)
		must(!sys_fsconfig(context, FSCONFIG_SET_STRING, options[0], options[1], 0),
		     options[0]);
	must(!sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
	mount = sys_fsmount(context, FSMOUNT_CLOEXEC, attributes);
	must(mount >= 0 && !sys_move_mount(mount, "", root, path, MOVE_MOUNT_F_EMPTY_PATH), path);
	close(mount);
	close(context);
}

/* Bind @source below @from to @path below @root, read-only if asked. */
static void bind_mount(int from, const char *source, int root, const char *path, bool readonly)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	int mount = sys_open_tree(from, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	must(mount >= 0, source);
	if (readonly)
		must(!sys_mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)),
		     path);
	must(!sys_move_mount(mount, "", root, path, MOVE_MOUNT_F_EMPTY_PATH), path);
	close(mount);
}

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

#define SAFE         (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/*
 * What the mounts need no id maps for, so that it can be done while the helpers write them: file
 * systems may be made and mounted, only files cannot yet be created in them.
 */
static int mount_early(const char *path)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	int root;

	must(!sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)), "/");
	root = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | AT_RECURSIVE | OPEN_TREE_CLOEXEC);
	must(root >= 0 && !sys_move_mount(root, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH), path);
	mount_new(root, "proc", "proc", SAFE, OPTIONS());
	mount_new(root, "tmpfs", "dev", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
	          OPTIONS("mode", "755", "size", "65536k"));
	mount_new(root, "sysfs", "sys", SAFE | MOUNT_ATTR_RDONLY, OPTIONS());
	mount_new(root, "cgroup2", "sys/fs/cgroup", SAFE | MOUNT_ATTR_RDONLY, OPTIONS());
	return root;
}

static void mount_in_dev(int root, bool has_gid_5)
{
	must(!mkdirat(root, "dev/pts", 0755) && !mkdirat(root, "dev/shm", 0755) &&
	             !mkdirat(root, "dev/mqueue", 0755),
	     "mkdir in dev");
	mount_new(root, "devpts", "dev/pts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	          has_gid_5 ? OPTIONS("ptmxmode", "0666", "mode", "0620", "gid", "5")
	                    : OPTIONS("ptmxmode", "0666", "mode", "0620"));
	mount_new(root, "tmpfs", "dev/shm", SAFE, OPTIONS("mode", "1777", "size", "65536k"));
	mount_new(root, "mqueue", "dev/mqueue", SAFE, OPTIONS());
}

static void make_devices(int root)
{
	char path[32];
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		snprintf(path, sizeof(path), "dev/%s", devices[i]);
		fd = openat(root, path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
		must(fd >= 0, path);
		close(fd);
		snprintf(path, sizeof(path), "/dev/%s", devices[i]);
		bind_mount(AT_FDCWD, path, root, path + 1, false);
	}
	for (i = 0; i < ARRAY_SIZE(links); i++)
		must(!symlinkat(links[i].target, root, links[i].name), links[i].name);
}

static void mask_paths(int root)
{
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(masked); i++) {
		if (fstatat(root, masked[i], &st, 0))
			continue;
		if (S_ISDIR(st.st_mode))
			mount_new(root, "tmpfs", masked[i], MOUNT_ATTR_RDONLY, OPTIONS());
		else
			bind_mount(root, "dev/null", root, masked[i], false);
	}
	for (i = 0; i < ARRAY_SIZE(read_only); i++) {
		if (!faccessat(root, read_only[i], F_OK, 0))
			bind_mount(root, read_only[i], root, read_only[i], true);
	}
}

static void finish_rootfs(int root, bool has_gid_5)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	mount_in_dev(root, has_gid_5);
	make_devices(root);
	must(!fchdir(root) && !sys_pivot_root(".", ".") && !umount2(".", MNT_DETACH), "pivot_root");
	mask_paths(root);
	must(!sys_mount_setattr(root, "", AT_EMPTY_PATH, &readonly, sizeof(readonly)), "/");
	must(!chdir("/"), "/");
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &request), "lo");
	close(fd);
}

static void drop_privileges(void)
{
	static const unsigned int kept[] = { CAP_AUDIT_WRITE, CAP_KILL, CAP_NET_BIND_SERVICE };
	const struct rlimit files = { 1024, 1024 };
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	uint64_t set = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kept); i++)
		set |= CAPABILITY(kept[i]);
	for (i = 0; i <= CAP_LAST_CAP; i++) {
		if (!(set & CAPABILITY(i)))
			must(!prctl(PR_CAPBSET_DROP, i, 0, 0, 0) || errno == EINVAL,
			     "bounding set");
	}
	data[0].effective = data[0].permitted = data[0].inheritable = (uint32_t)set;
	must(!syscall(SYS_capset, &header, data), "capset");
	for (i = 0; i < ARRAY_SIZE(kept); i++)
		must(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0), "ambient set");
	must(!setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static void child(int socket, const char *rootfs, char **argv, bool has_ranges)
{
	char byte;
	int root;

	raise_loopback();
	must(!sethostname("floor", 5), "sethostname");
	root = mount_early(rootfs);
	must(read(socket, &byte, 1) == 1, "waiting for the id maps");
	must(!setresgid(0, 0, 0) && !setresuid(0, 0, 0), "becoming root");
	if (has_ranges)
		must(!setgroups(0, NULL), "setgroups");
	finish_rootfs(root, has_ranges);
	drop_privileges();
	execv(argv[0], argv);
	must(false, argv[0]);
}

static void write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

static pid_t spawn_helper(const char *path, pid_t target, unsigned int own, struct range range)
{
	char target_text[16], own_text[16];
	char *argv[] = { (char *)path, target_text, (char *)"0",         own_text,
		         (char *)"1",  (char *)"1", (char *)range.start, (char *)range.count,
		         NULL };
	char *envp[] = { NULL };
	pid_t pid;

	snprintf(target_text, sizeof(target_text), "%d", target);
	snprintf(own_text, sizeof(own_text), "%u", own);
	errno = posix_spawn(&pid, path, NULL, NULL, argv, envp);
	must(!errno, path);
	return pid;
}

static void map_ids(pid_t pid, struct range uids, struct range gids)
{
	pid_t helpers[2];
	char text[32];
	int i, status;

	if (!uids.start) {
		snprintf(text, sizeof(text), "0 %u 1\n", geteuid());
		write_file(pid, "uid_map", text);
		write_file(pid, "setgroups", "deny");
		snprintf(text, sizeof(text), "0 %u 1\n", getegid());
		write_file(pid, "gid_map", text);
		return;
	}
	helpers[0] = spawn_helper("/usr/bin/newuidmap", pid, geteuid(), uids);
	helpers[1] = spawn_helper("/usr/bin/newgidmap", pid, getegid(), gids);
	for (i = 0; i < 2; i++)
		must(waitpid(helpers[i], &status, 0) == helpers[i] && !status, "id map helper");
}

static struct range parse_range(char *text)
{
	struct range range = { .start = strtok(text, ":"), .count = strtok(NULL, ":") };

	if (range.count)
		return range;
	fprintf(stderr, "floor: a range is START:COUNT\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct clone_args clone = {
		.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		         CLONE_NEWNS | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	struct range uids = { 0 }, gids = { 0 };
	int sockets[2], option, status;
	pid_t pid;

	while ((option = getopt(argc, argv, "+u:g:")) != -1) {
		if (option == 'u')
			uids = parse_range(optarg);
		else if (option == 'g')
			gids = parse_range(optarg);
		else
			return 2;
	}
	if (argc - optind < 2 || !uids.start != !gids.start) {
		fprintf(stderr,
		        "usage: floor [-u START:COUNT -g START:COUNT] ROOTFS PROGRAM [ARG...]\n");
		return 2;
	}

	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), "socketpair");
	pid = sys_clone3(&clone, sizeof(clone));
	must(pid >= 0, "clone3");
	if (!pid)
		child(sockets[1], argv[optind], argv + optind + 1, uids.start);
	close(sockets[1]);
	map_ids(pid, uids, gids);
	must(write(sockets[0], "", 1) == 1, "waking the child");
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
