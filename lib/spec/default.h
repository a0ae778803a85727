/* SPDX-License-Identifier: Apache-2.0 */
/* The config.json that `rootlet spec` writes. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct spec_options {
	bool rootless; /* as runc's --rootless: user namespace with container 0 ↔ @uid, @gid */
	uid_t uid;
	gid_t gid;
	bool cgroup2; /* the host has a cgroup v2 tree: mount it at /sys/fs/cgroup */
	bool network; /* a network of its own can be had here: ask for it by annotation */
};

/* The document, ended by a newline; the caller frees it. NULL when out of memory. */
char *spec_default(const struct spec_options *options, struct error **err);
