/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet help: usage, made from the same tables that the command lines are read by. */
#include <stdio.h>

#include "command.h"

void help_print_command(const struct command *command)
{
	printf("rootlet %s: %s\n\n", command->name, command->summary);
	printf("Usage: rootlet %s [OPTION]...%s%s\n\n", command->name, command->operands ? " " : "",
	       command->operands ? command->operands : "");
	options_describe(stdout, command->options);
	if (command != &command_help)
		printf("\nSee rootlet-%s(1).\n", command->name);
}

void help_print_program(void)
{
	printf("rootlet: OCI containers for people who have no root\n\n"
	       "Usage: rootlet [OPTION]... COMMAND [ARGUMENT]...\n\nCommands:\n");
	for (const struct command *const *command = commands; *command; command++)
		printf("  %-9s  %s\n", (*command)->name, (*command)->summary);
	printf("\nOptions:\n");
	options_describe(stdout, global_options);
	printf("\nSee rootlet help COMMAND, rootlet(1).\n");
}

static int run(const struct invocation *invocation, struct error **err)
{
	const char *name = invocation->operands.items[0];
	const struct command *command = name ? command_find(name) : NULL;

	if (name && !command)
		return command_misused(err, "unknown command \"%s\"", name);
	if (command)
		help_print_command(command);
	else
		help_print_program();
	return 0;
}

const struct command command_help = {
	.name = "help",
	.summary = "show how a command is used",
	.operands = "[COMMAND]",
	.operands_max = 1,
	.options = no_options,
	.prints = true,
	.run = run,
};
