/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* Put @pid in digits into the file @path (--pid-file), whole or not at all. */
int pid_file_write(const char *path, pid_t pid, struct error **err);
