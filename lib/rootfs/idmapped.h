/* SPDX-License-Identifier: Apache-2.0 */
/* Idmapped mounts (config.md, "idmap"; mount_setattr(2), "ID-mapped mounts"). */
#pragma once

#include "base/error.h"
#include "rootfs/plan.h"

/*
 * idmapped_prepare - make the idmapped copy of a bind's source
 * @mount:	its idmapped becomes a detached mount, to be closed by idmapped_close()
 * @userns:	fd of a user namespace that has the mapping
 *
 * By the runtime, before init is made: an init in a user namespace of its own has no say over the
 * filesystems of the host. Return: 0, or -1 with *err.
 */
int idmapped_prepare(const struct rootfs_plan *plan, struct mount_plan *mount, int userns,
                     struct error **err);

void idmapped_close(const struct rootfs_plan *plan);
