/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet pause: freeze all processes of a container. */
#include "command.h"

static int run(const struct invocation *invocation, struct error **err)
{
	struct rootlet_error error = { 0 };

	if (rootlet_pause(&invocation->context, invocation->operands.items[0], &error) < 0)
		return command_failed(err, &error);
	return 0;
}

const struct command command_pause = {
	.name = "pause",
	.summary = "freeze all processes of a container",
	.operands = "ID",
	.operands_min = 1,
	.operands_max = 1,
	.options = no_options,
	.run = run,
};
