/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet exec: one more program in a container. */
#include <string.h>

#include "command.h"

struct exec_values {
	struct rootlet_exec_options exec;
	struct option_strings env, capabilities;
	struct option_ids additional_gids;
};

#define AT(member) offsetof(struct exec_values, member)

static const struct option_spec options[] = {
	{ "process", 'p', OPTION_PATH, AT(exec.process_file), "FILE",
	  "read the process (as in config.json) from FILE" },
	{ "tty", 't', OPTION_FLAG, AT(exec.tty), NULL, "give it a terminal" },
	{ "detach", 'd', OPTION_FLAG, AT(exec.detach), NULL, "return as soon as it runs" },
	{ "user", 'u', OPTION_PATH, AT(exec.user), "UID[:GID]", "run as this user, in digits" },
	{ "additional-gids", 'g', OPTION_IDS, AT(additional_gids), "GID",
	  "add a group (may be repeated)" },
	{ "cwd", 0, OPTION_PATH, AT(exec.cwd), "DIR", "working directory in the container" },
	{ "env", 'e', OPTION_STRINGS, AT(env), "KEY=VALUE",
	  "set an environment variable (may be repeated)" },
	{ "cap", 'c', OPTION_STRINGS, AT(capabilities), "CAP",
	  "add a capability (may be repeated)" },
	{ "no-new-privs", 0, OPTION_FLAG, AT(exec.no_new_privs), NULL,
	  "execve gives it no new privileges" },
	{ "process-label", 0, OPTION_STRING, AT(exec.process_label), "LABEL", "SELinux context" },
	{ "apparmor", 0, OPTION_STRING, AT(exec.apparmor_profile), "PROFILE", "AppArmor profile" },
	{ "cgroup", 0, OPTION_PATH, AT(exec.cgroup), "PATH", "cgroup below the container's" },
	{ "console-socket", 0, OPTION_PATH, AT(exec.console_socket), "SOCKET",
	  "send the terminal's master there" },
	{ "pidfd-socket", 0, OPTION_PATH, AT(exec.pidfd_socket), "SOCKET",
	  "send a pidfd of the process there" },
	{ "pid-file", 0, OPTION_PATH, AT(exec.pid_file), "FILE", "write its pid to FILE" },
	{ "preserve-fds", 0, OPTION_NUMBER, AT(exec.preserve_fds), "N",
	  "pass on N descriptors from 3 on" },
	{ "ignore-paused", 0, OPTION_FLAG, AT(exec.ignore_paused), NULL,
	  "also in a paused container" },
	{ NULL },
};

/* The program comes from the command line or from a file. */
static int source_check(const struct exec_values *values, char *const *args, struct error **err)
{
	if (!values->exec.process_file && !*args)
		return command_misused(err, "no program given, and no --process");
	if (values->exec.process_file && *args)
		return command_misused(err, "a program and --process exclude each other");
	return 0;
}

/* Engines written in Go pass an empty string for "none". */
static const char *none_if_empty(const char *text)
{
	return text && *text ? text : NULL;
}

static int run(const struct invocation *invocation, struct error **err)
{
	const struct exec_values *values = invocation->values;
	char *const *args = invocation->operands.items + 1;
	struct rootlet_exec_options exec = values->exec;
	struct rootlet_error error = { 0 };
	int status;

	if (*args && strcmp(*args, "--") == 0)
		args++;
	if (source_check(values, args, err) < 0)
		return -1;
	exec.args = exec.process_file ? NULL : args;
	exec.env = values->env.items;
	exec.capabilities = values->capabilities.items;
	exec.additional_gids = values->additional_gids.items;
	exec.additional_gids_count = values->additional_gids.count;
	exec.process_label = none_if_empty(exec.process_label);
	exec.apparmor_profile = none_if_empty(exec.apparmor_profile);
	status = rootlet_exec(&invocation->context, invocation->operands.items[0], &exec, &error);
	return status < 0 ? command_failed(err, &error) : status;
}

const struct command command_exec = {
	.name = "exec",
	.summary = "run one more program in a container",
	.operands = "ID PROGRAM [ARGUMENT]...",
	.operands_min = 1,
	.operands_max = OPERANDS_UNLIMITED,
	.options = options,
	.order = OPTIONS_BEFORE_OPERANDS,
	.values_size = sizeof(struct exec_values),
	.runs_program = true,
	.enters_container = true,
	.run = run,
};
