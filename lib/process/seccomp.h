/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp property of config.json (config-linux.md, "Seccomp"; seccomp(2)). */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "spec/config.h"

/* A compiled filter, ready for seccomp(2). */
struct seccomp_program {
	struct sock_filter *filter; /* NULL: no filter. Owned */
	unsigned short length;      /* instructions */
	uint32_t flags;             /* SECCOMP_FILTER_FLAG_* */
	bool notify;                /* the filter has SCMP_ACT_NOTIFY: a listener fd will be made */
};

/*
 * seccomp_compile - make the filter that @seccomp describes
 *
 * From the cache of compiled filters when it is there ($XDG_CACHE_HOME/rootlet/seccomp), else by
 * libseccomp, which is loaded (dlopen) only then; the result goes to the cache.
 */
int seccomp_compile(const struct seccomp *seccomp, struct seccomp_program *program,
                    struct error **err);

/*
 * seccomp_install - put the filter on the calling process
 *
 * Needs no_new_privs or CAP_SYS_ADMIN. Return: the listener fd (O_CLOEXEC) with @notify, else -2;
 * -1 with *err on failure.
 */
int seccomp_install(const struct seccomp_program *program, struct error **err);

void seccomp_program_free(struct seccomp_program *program);
#define _cleanup_seccomp_ _cleanup_(seccomp_program_free)
