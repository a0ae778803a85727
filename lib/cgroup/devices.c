/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/devices.h"

int cgroup_devices_attach(int fd, const struct resources *resources, struct error **err)
{
	(void)fd;
	if (resources->devices.count == 0)
		return 0;
	error_set(err, 0, "linux.resources.devices: not enforced by this version of rootlet");
	return 1;
}
