/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the runtime's own executable out of a container's reach. */
#pragma once

#include "base/error.h"

/*
 * sealed_ensure - run from a copy that nobody can write
 * @argv:	of the program, for running it again
 *
 * A container can get hold of the executable of a process that enters it, by /proc/PID/exe, and
 * write to it where its root is the user who owns it (CVE-2019-5736). Where the caller could
 * write its executable, this replaces the process by the same program from a sealed memfd;
 * elsewhere it does nothing. Call it before anything else is done.
 *
 * Return: 0 when there is nothing (more) to do, -1 with *err. Does not return otherwise.
 */
int sealed_ensure(char *const *argv, struct error **err);
