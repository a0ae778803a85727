/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that config.json and the command line use for the kernel's numbers, and the way back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_value {
	const char *name;
	int64_t value;
};

/* Tables of names, ended by a NULL name. Of two names for one value the usual one is first. */
extern const struct name_value rlimit_names[];    /* RLIMIT_* */
extern const struct name_value namespace_names[]; /* enum namespace_type */
extern const struct name_value scheduler_names[]; /* SCHED_* */
extern const struct name_value scheduler_flag_names[];
extern const struct name_value io_class_names[];       /* IOPRIO_CLASS_* */
extern const struct name_value seccomp_action_names[]; /* enum seccomp_action */
extern const struct name_value seccomp_operator_names[];
extern const struct name_value seccomp_flag_names[];  /* SECCOMP_FILTER_FLAG_* */
extern const struct name_value seccomp_arch_names[];  /* SCMP_ARCH_*; value: libseccomp's number */
extern const struct name_value memory_policy_names[]; /* MPOL_* */
extern const struct name_value memory_policy_flag_names[];
extern const struct name_value personality_names[]; /* PER_* */

/* The entry called @name, NULL when the table has none. Exact case. */
const struct name_value *name_find(const struct name_value *table, const char *name);
/* The name of @value, NULL when the table has none. */
const char *name_of(const struct name_value *table, int64_t value);

/*
 * signal_parse - a signal as people write it: "TERM", "SIGTERM", "15", "RTMIN+3", any case
 *
 * "0" is 0, which kill(2) takes as the question whether the process is there.
 *
 * Return: the number, -1 when there is no such signal.
 */
int signal_parse(const char *text);

/* capability_parse - number of "CAP_CHOWN" (exact), -1 when unknown. */
int capability_parse(const char *name);
/* The name of capability @number, "CAP_CHOWN"; NULL when it has none. Static storage. */
const char *capability_name(int number);

/*
 * sysctl_path - where below /proc/sys the parameter @key of linux.sysctl is
 * @path:	result, of @size bytes: "net/ipv4/ip_forward"
 *
 * As sysctl(8) reads it: the first separator decides. In "net.ipv4.conf.eth0/1.mtu" dots separate
 * and slashes stand for dots, in "net/ipv4/conf/eth0.1/mtu" the other way round.
 *
 * Return: false when @key is no parameter's name (empty part, "..", too long).
 */
bool sysctl_path(const char *key, char *path, size_t size);
