/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet resume: let a paused container go on. */
#include "command.h"

static int run(const struct invocation *invocation, struct error **err)
{
	struct rootlet_error error = { 0 };

	if (rootlet_resume(&invocation->context, invocation->operands.items[0], &error) < 0)
		return command_failed(err, &error);
	return 0;
}

const struct command command_resume = {
	.name = "resume",
	.summary = "let a paused container go on",
	.operands = "ID",
	.operands_min = 1,
	.operands_max = 1,
	.options = no_options,
	.run = run,
};
