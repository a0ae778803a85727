/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.devices: a program in the kernel that decides about open(2) and mknod(2). */
#pragma once

#include "base/error.h"
#include "spec/config.h"

/*
 * cgroup_devices_attach - enforce the rules in the cgroup whose directory is @fd
 *
 * For root of the host. Return: 0; 1: this host cannot, *err (may be NULL) has the reason; -1 with *err.
 */
int cgroup_devices_attach(int fd, const struct resources *resources, struct error **err);
