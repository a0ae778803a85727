/* SPDX-License-Identifier: Apache-2.0 */
/* Settings that were asked for and cannot be had: said once, or refused. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "spec/config.h"

/*
 * lost_settings_report - go through what needs a cgroup, or a controller that @cgroup has not
 * @strict:	every lost setting is an error
 * @devices:	device rules without a cgroup are lost
 *
 * With linux.cgroupsPath the caller relies on a cgroup: lost limits are an error then too, unless
 * the caller has asked for none.
 */
int lost_settings_report(const struct config *config, const struct cgroup *cgroup, bool strict,
                         bool devices, struct error **err);
