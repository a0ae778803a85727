/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report STATUS: say on stdout how it is in this container, everything that a step of its making
 * left out would show in, and end with STATUS. With "wait": say it and wait for a signal; with
 * "pair": so does a child of it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static void report_status(void)
{
	static const char *const wanted[] = {
		"Uid:",    "Gid:",    "Groups:", "SigBlk:", "SigIgn:", "CapInh:",     "CapPrm:",
		"CapEff:", "CapBnd:", "CapAmb:", "Umask:",  "Seccomp", "NoNewPrivs:", "NSpid:"
	};
	FILE *file = fopen("/proc/self/status", "re");
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				fputs(line, stdout);
	if (file)
		fclose(file);
}

/* Without the ids, which are others each time. */
static void report_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	while (file && fgets(line, sizeof(line), file)) {
		char *field = line;

		for (int i = 0; i < 3; i++)
			field = strchr(field, ' ') + 1;
		printf("mount %s", field);
	}
	if (file)
		fclose(file);
}

static void report_limits(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;

		if (getrlimit(i, &limit) == 0)
			printf("rlimit %d %llu %llu\n", i, (unsigned long long)limit.rlim_cur,
			       (unsigned long long)limit.rlim_max);
	}
}

static void report_directory(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++)
		if (entries[i]->d_name[0] != '.') {
			char name[4096], target[4096] = "";
			struct stat st = { 0 };

			snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
			lstat(name, &st);
			if (S_ISLNK(st.st_mode) && readlink(name, target, sizeof(target) - 1) < 0)
				target[0] = '\0';
			/* Pipes, sockets and namespaces have a number of their own. */
			printf("%s %o %u %s\n", name, st.st_mode, st.st_uid, target);
		}
}

static void report_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		printf("%s: %s", path, line);
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	struct utsname names;
	char cwd[4096];

	uname(&names);
	printf("names %s %s\ncwd %s\n", names.nodename, names.domainname,
	       getcwd(cwd, sizeof(cwd)) ? cwd : "none");
	printf("session %d\n", getsid(0) == getpid());
	report_status();
	report_mounts();
	report_limits();
	report_directory("/proc/self/fd");
	report_directory("/proc/self/ns");
	report_directory("/dev");
	report_directory("/filled");
	report_file("/filled/link");
	report_file("/sys/class/net/lo/flags");
	report_file("/proc/self/timens_offsets");
	report_file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
	report_file("/proc/self/oom_score_adj");
	report_file("/proc/self/uid_map");
	report_file("/proc/self/gid_map");
	report_file("/proc/self/setgroups");
	/* Denied by the filter. */
	printf("sethostname: %s\n", sethostname("x", 1) < 0 ? strerror(errno) : "done");
	for (char **variable = environ; *variable; variable++)
		printf("env %s\n", *variable);
	printf("end\n");
	fflush(stdout);
	if (argc > 1 && strcmp(argv[1], "pair") == 0)
		fork();
	if (argc > 1 && (strcmp(argv[1], "wait") == 0 || strcmp(argv[1], "pair") == 0))
		pause();
	return argc > 1 ? atoi(argv[1]) : 0;
}
