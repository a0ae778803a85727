/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.devices: a program in the kernel that decides about open(2) and mknod(2) of
 * devices. Only root of the host may attach one; in a user namespace no device can be made, and the
 * mounts decide which there are to be opened.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/config.h"

struct bpf_insn;

/* A program of BPF_PROG_TYPE_CGROUP_DEVICE. */
struct device_program {
	struct bpf_insn *instructions;
	size_t count;
};

/*
 * cgroup_devices_plan - the program for the rules of @resources, in @arena
 *
 * The last rule that has something to say about an access decides; what no rule allows is denied.
 * The devices of every container (config-linux.md, "Default Devices") and mknod(2) stay allowed.
 * Return: 0; -1 with *err: out of memory.
 */
int cgroup_devices_plan(const struct resources *resources, struct arena *arena,
                        struct device_program *program, struct error **err);

/*
 * cgroup_devices_attach - enforce the rules in the cgroup whose directory is @fd
 *
 * Without rules nothing is done. Return: 0; 1: this host cannot, *err (may be NULL) has the reason;
 * -1 with *err.
 */
int cgroup_devices_attach(int fd, const struct resources *resources, struct error **err);
