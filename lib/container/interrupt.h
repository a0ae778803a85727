/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up in good order when we are asked to end: HUP, INT, QUIT, TERM. */
#pragma once

#include <signal.h>

#include "base/error.h"

/*
 * interrupt_block - keep these signals while something half made exists
 * @old:	gets the mask before
 */
void interrupt_block(sigset_t *old);

/* A signalfd that becomes readable with the first of them; -1 with *err. */
int interrupt_open(struct error **err);
