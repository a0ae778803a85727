/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All processes of a container, found by its pid namespace, or by its mount namespace when it
 * shares the pid namespace.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "spec/state.h"

struct process_set {
	pid_t *pids; /* ascending, in our pid namespace */
	size_t count;
};

/* The processes that are there now. A process that we may not look into is not found. */
int process_set_load(const struct state *state, struct process_set *set, struct error **err);
void process_set_clear(struct process_set *set);
#define _cleanup_process_set_ _cleanup_(process_set_clear)

/* Send @signal to each. Return: how many got it, or -1 with *err. */
int process_set_signal(const struct state *state, int signal, struct error **err);

/*
 * process_set_kill - SIGKILL until none is left
 *
 * For at most @timeout_ms. Return: 0, or -1 with *err.
 */
int process_set_kill(const struct state *state, int timeout_ms, struct error **err);
