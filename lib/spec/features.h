/* SPDX-License-Identifier: Apache-2.0 */
/* What `rootlet features` prints (runtime-spec, features.md). */
#pragma once

#include "base/error.h"

/*
 * features_format - the features document, ended by a newline
 * @mount_options:	names of the mount options that are understood, ended by NULL; any order
 *
 * Return: the document, which the caller frees; NULL with *err on failure.
 */
char *features_format(const char *const *mount_options, struct error **err);
