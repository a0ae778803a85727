/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet create: make a container whose program waits for `rootlet start`. */
#include "cmd/create-options.h"
#include "command.h"

static const struct option_spec options[] = {
	CREATE_OPTIONS,
	{ "no-subreaper", 0, OPTION_FLAG, CREATE_AT(no_subreaper), NULL,
	  "accepted, has no effect" },
	{ NULL },
};

static int run(const struct invocation *invocation, struct error **err)
{
	const struct rootlet_create_options create = create_options_of(invocation->values);
	struct rootlet_error error = { 0 };

	if (rootlet_create(&invocation->context, invocation->operands.items[0], &create, &error) <
	    0)
		return command_failed(err, &error);
	return 0;
}

const struct command command_create = {
	.name = "create",
	.summary = "make a container; its program does not run yet",
	.operands = "ID",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.values_size = sizeof(struct create_values),
	.enters_container = true,
	.run = run,
};
