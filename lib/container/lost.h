/* SPDX-License-Identifier: Apache-2.0 */
/* Settings that were asked for and cannot be had: said once, or refused. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "spec/config.h"

/*
 * lost_settings_report - go through what needs a cgroup
 * @strict:	every lost setting is an error
 * @privileged:	root of the host: device rules would be enforced by other runtimes
 *
 * With linux.cgroupsPath the caller relies on a cgroup: lost limits are an error then too.
 */
int lost_settings_report(const struct config *config, bool strict, bool privileged,
                         struct error **err);
