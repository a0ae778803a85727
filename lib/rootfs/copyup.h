/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a new tmpfs with what it is going to cover (mount option tmpcopyup). */
#pragma once

#include "base/error.h"

/*
 * copyup_tree - copy what is below directory @from into the empty directory @to
 *
 * Directories, regular files, symbolic links and FIFOs, with mode, owner and modification time;
 * sockets and devices are left out, mounts below @from are not entered. Links are not followed.
 * @from may be O_PATH.
 */
int copyup_tree(int from, int to, struct error **err);
