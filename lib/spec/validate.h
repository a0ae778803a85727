/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoded config.json must fulfil beyond its types (private to spec/). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "spec/config.h"

/* config_validate - messages name the place in the document, without its name */
int config_validate(const struct config *config, struct error **err);

/* Within it: the section linux, with hostname and domainname (validate-linux.c). */
int validate_linux(const struct config *config, struct error **err);

/* Within it: entries of an environment; @where names the array (validate-process.c). */
int validate_env(const struct strings *env, const char *where, struct error **err);

/* (uid_t)-1 means "no id" to the kernel. */
#define INVALID_ID UINT32_MAX

static inline bool path_is_absolute(const char *path)
{
	return path[0] == '/';
}
