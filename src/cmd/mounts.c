/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet mounts: add mounts to a running container, or remove them. */
#include <string.h>

#include "command.h"

static int run(const struct invocation *invocation, struct error **err)
{
	char *const *operands = invocation->operands.items;
	const bool remove = strcmp(operands[0], "remove") == 0;
	struct rootlet_error error = { 0 };

	if (!remove && strcmp(operands[0], "add") != 0)
		return command_misused(err, "mounts: \"%s\" is neither add nor remove",
		                       operands[0]);
	if ((remove ? rootlet_mounts_remove : rootlet_mounts_add)(&invocation->context, operands[1],
	                                                          operands[2], &error) < 0)
		return command_failed(err, &error);
	return 0;
}

const struct command command_mounts = {
	.name = "mounts",
	.summary = "add mounts to a running container, or remove them",
	.operands = "add|remove ID FILE",
	.operands_min = 3,
	.operands_max = 3,
	.enters_container = true,
	.options = no_options,
	.run = run,
};
