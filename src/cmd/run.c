/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet run: create, start, wait and delete in one. */
#include "cmd/create-options.h"
#include "command.h"

static const struct option_spec options[] = {
	{ "detach", 'd', OPTION_FLAG, CREATE_AT(detach), NULL,
	  "return as soon as the program runs" },
	{ "keep", 0, OPTION_FLAG, CREATE_AT(keep), NULL, "do not delete the container at its end" },
	CREATE_OPTIONS,
	{ "no-subreaper", 0, OPTION_FLAG, CREATE_AT(no_subreaper), NULL,
	  "do not adopt the container's orphans" },
	{ NULL },
};

static int run(const struct invocation *invocation, struct error **err)
{
	const struct rootlet_create_options create = create_options_of(invocation->values);
	struct rootlet_error error = { 0 };
	int status = rootlet_run(&invocation->context, invocation->operands.items[0], &create,
	                         &error);

	return status < 0 ? command_failed(err, &error) : status;
}

const struct command command_run = {
	.name = "run",
	.summary = "create and start a container, wait for it, delete it",
	.operands = "ID",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.values_size = sizeof(struct create_values),
	.runs_program = true,
	.enters_container = true,
	.run = run,
};
