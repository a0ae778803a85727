/* SPDX-License-Identifier: Apache-2.0 */
/*
 * without-syscall NAME[,NAME...] CMD [ARG...]: run CMD as on a kernel that lacks these system
 * calls: they return ENOSYS, or where only a flag is newer than the call, EINVAL with that flag.
 *
 * It takes no_new_privs to install the filter, so setuid programs gain nothing below CMD.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned int number;
	unsigned int flag; /* in the third argument: only calls with it fail; 0: all */
	unsigned int errnum;
} calls[] = {
	{ "bpf", SYS_bpf, 0, EPERM }, /* not lacking, but refused, as in containers */
	{ "close_range", 436, 0, ENOSYS },
	{ "close_range_cloexec", 436, 4, EINVAL },        /* Linux 5.11 */
	{ "mount_setattr", 442, 0, ENOSYS },              /* Linux 5.12 */
	{ "fsmount_nosymfollow", 432, 0x200000, EINVAL }, /* Linux 5.14 */
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

static int find(const char *name)
{
	for (size_t i = 0; i < CALLS; i++)
		if (strcmp(calls[i].name, name) == 0)
			return (int)i;
	fprintf(stderr, "without-syscall: %s is not in the table\n", name);
	exit(125);
}

/* Deny one call; what is not denied goes on behind these five instructions. */
static void deny(struct sock_filter *filter, int index)
{
	const struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[index].number, 0, 3),
		/* The low half of the argument; both architectures are little-endian. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		calls[index].flag ? (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
		                                                 calls[index].flag, 0, 1)
				  : (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | calls[index].errnum),
	};

	memcpy(filter, instructions, sizeof(instructions));
}

int main(int argc, char **argv)
{
	struct sock_filter filter[5 * CALLS + 1];
	struct sock_fprog program = { .filter = filter };

	if (argc < 3)
		return 125;
	for (char *name = strtok(argv[1], ","); name && program.len < 5 * CALLS;
	     name = strtok(NULL, ",")) {
		deny(filter + program.len, find(name));
		program.len += 5;
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0) {
		perror("without-syscall");
		return 125;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 125;
}
