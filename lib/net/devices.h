/* SPDX-License-Identifier: Apache-2.0 */
/* linux.netDevices: devices of the host's that become the container's (config-linux.md). */
#pragma once

#include "base/error.h"
#include "spec/config.h"

/*
 * net_devices_check - refuse, before anything exists, what cannot be moved
 * @privileged:	the caller is root of its user namespace
 */
int net_devices_check(const struct config *config, bool privileged, struct error **err);

/*
 * net_devices_move - move the devices into network namespace @netns, with name and addresses
 *
 * Needs CAP_NET_ADMIN in both. A device keeps its permanent addresses of global scope, and is up
 * afterwards. With the namespace go devices that are not made of hardware; the others return to the
 * host. Return: 0, or -1 with *err.
 */
int net_devices_move(const struct linux_config *config, int netns, struct error **err);
