/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet state: one container as JSON. */
#include <stdio.h>

#include "base/cleanup.h"
#include "command.h"

static int run(const struct invocation *invocation, struct error **err)
{
	_cleanup_free_ char *json = NULL;
	struct rootlet_error error = { 0 };

	if (rootlet_state(&invocation->context, invocation->operands.items[0], &json, &error) < 0)
		return command_failed(err, &error);
	fputs(json, stdout);
	return 0;
}

const struct command command_state = {
	.name = "state",
	.summary = "show a container as JSON",
	.operands = "ID",
	.operands_min = 1,
	.operands_max = 1,
	.options = no_options,
	.prints = true,
	.run = run,
};
