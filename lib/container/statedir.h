/* SPDX-License-Identifier: Apache-2.0 */
/* Where the state of all containers of a user lives. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "rootlet.h"

/*
 * statedir_path - the state directory for @context; the caller frees it
 *
 * context->root when given; /run/rootlet for root; $XDG_RUNTIME_DIR/rootlet; /run/user/UID/rootlet
 * when that directory is ours with mode 0700; else /tmp/rootlet-UID. NULL with *err.
 */
char *statedir_path(const struct rootlet_context *context, struct error **err);

/*
 * statedir_open - open it
 * @create:	make it when it is missing, mode 0700
 *
 * A directory that others could have prepared (not ours, a link, writable by others) is refused.
 * Return: an fd; -2 when it is missing and @create is false; -1 with *err.
 */
int statedir_open(const struct rootlet_context *context, bool create, struct error **err);

/* Check a container id: letters, digits and _ + . -, at most 255, not starting with . or -. */
int container_id_check(const char *id, struct error **err);
