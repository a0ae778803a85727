/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up in good order when we are asked to end: HUP, INT, QUIT, TERM. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

/* Whether our caller has us ignore @signal (nohup(1)): then it asks for nothing. */
bool signal_ignored(int signal);

/* Block @signals and see to it that children can be waited for; *old gets the mask before. */
void signals_block(const sigset_t *signals, sigset_t *old);

/*
 * interrupt_block - keep these signals while something half made exists
 * @old:	gets the mask before
 */
void interrupt_block(sigset_t *old);

/* A signalfd that becomes readable with the first of them; -1 with *err. */
int interrupt_open(struct error **err);
