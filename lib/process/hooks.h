/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of config.json (config.md, "POSIX-platform Hooks"; runtime.md, "Lifecycle"). */
#pragma once

#include "base/error.h"
#include "spec/config.h"

struct hooks_run {
	const struct hook_list *hooks;
	const char *name;         /* property name for messages: "createRuntime" */
	const char *state;        /* state JSON for the hooks' stdin */
	char *const *environment; /* for a hook that has no env of its own */
	int abort_fd;             /* readable or hung up: give up; -1: none */
	bool keep_going;          /* a hook that fails is warned about, no more */
};

/*
 * Run the hooks one after the other. The first that fails ends it, with *err naming it, unless
 * @run->keep_going.
 */
int hooks_run(const struct hooks_run *run, struct error **err);
