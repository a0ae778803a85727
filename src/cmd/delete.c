/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet delete: undo what create did. */
#include "command.h"

struct delete_values {
	bool force;
};

static const struct option_spec options[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct delete_values, force), NULL,
	  "end its processes first (SIGKILL); an unknown ID is no error" },
	{ NULL },
};

static int run(const struct invocation *invocation, struct error **err)
{
	const struct delete_values *values = invocation->values;
	struct rootlet_error error = { 0 };

	if (rootlet_delete(&invocation->context, invocation->operands.items[0], values->force,
	                   &error) < 0)
		return command_failed(err, &error);
	return 0;
}

const struct command command_delete = {
	.name = "delete",
	.summary = "remove a container",
	.operands = "ID",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.values_size = sizeof(struct delete_values),
	.run = run,
};
