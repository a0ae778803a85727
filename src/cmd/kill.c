/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet kill: send a signal to a container. */
#include "command.h"

struct kill_values {
	bool all;
};

static const struct option_spec options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct kill_values, all), NULL,
	  "to all processes of the container" },
	{ NULL },
};

static int run(const struct invocation *invocation, struct error **err)
{
	const struct kill_values *values = invocation->values;
	char *const *operands = invocation->operands.items;
	struct rootlet_error error = { 0 };

	/* operands[1] is NULL when no signal is named. */
	if (rootlet_kill(&invocation->context, operands[0], operands[1], values->all, &error) < 0)
		return command_failed(err, &error);
	return 0;
}

const struct command command_kill = {
	.name = "kill",
	.summary = "send a signal to a container (default: SIGTERM)",
	.operands = "ID [SIGNAL]",
	.operands_min = 1,
	.operands_max = 2,
	.options = options,
	.values_size = sizeof(struct kill_values),
	.run = run,
};
