/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the program is a table of commands around librootlet. main() reads the
 * global options, finds the command, makes stdio safe, reads the command's own command line by its
 * table and calls it. Whatever fails comes back here as one error object, is printed here, once,
 * and becomes an exit status here.
 */
#include <fcntl.h>
#include <jansson.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "command.h"

/* rootlet itself failed in a command whose exit status is otherwise the container's. */
#define STATUS_RUNTIME_FAILED 125

struct globals {
	const char *root, *log;
	int log_format, log_level, rootless;
	bool debug, strict, version;
	bool systemd_cgroup;
	int cgroup_manager;
	/* Taken because engines give it; nothing in this version depends on it. */
	const char *criu;
};

static const struct option_choice log_formats[] = {
	{ "text", ROOTLET_LOG_TEXT },
	{ "json", ROOTLET_LOG_JSON },
	{ NULL, 0 },
};

static const struct option_choice log_levels[] = {
	{ "error", ROOTLET_LOG_ERROR },  { "warning", ROOTLET_LOG_WARNING },
	{ "warn", ROOTLET_LOG_WARNING }, { "info", ROOTLET_LOG_INFO },
	{ "debug", ROOTLET_LOG_DEBUG },  { NULL, 0 },
};

static const struct option_choice rootless_words[] = {
	{ "auto", ROOTLET_AUTO }, { "true", ROOTLET_TRUE }, { "false", ROOTLET_FALSE },
	{ "1", ROOTLET_TRUE },    { "0", ROOTLET_FALSE },   { NULL, 0 },
};

static const struct option_choice cgroup_managers[] = {
	{ "auto", ROOTLET_CGROUP_AUTO },
	{ "cgroupfs", ROOTLET_CGROUP_FS },
	{ "systemd", ROOTLET_CGROUP_SYSTEMD },
	{ "disabled", ROOTLET_CGROUP_DISABLED },
	{ NULL, 0 },
};

#define AT(member) offsetof(struct globals, member)

const struct option_spec global_options[] = {
	{ "root", 0, OPTION_PATH, AT(root), "DIR", "keep the containers' state in DIR" },
	{ "log", 0, OPTION_PATH, AT(log), "FILE", "append messages to FILE" },
	{ "log-format", 0, OPTION_CHOICE, AT(log_format), "text|json", "how messages are written",
	  log_formats },
	{ "log-level", 0, OPTION_CHOICE, AT(log_level), "error|warning|info|debug",
	  "the least important messages to write", log_levels },
	{ "debug", 0, OPTION_FLAG, AT(debug), NULL, "the same as --log-level debug" },
	{ "rootless", 0, OPTION_CHOICE, AT(rootless), "true|false|auto",
	  "use the user's state directory, or root's", rootless_words },
	{ "strict", 0, OPTION_FLAG, AT(strict), NULL, "fail where a setting would be lost" },
	{ "systemd-cgroup", 0, OPTION_FLAG, AT(systemd_cgroup), NULL,
	  "the same as --cgroup-manager systemd" },
	{ "cgroup-manager", 0, OPTION_CHOICE, AT(cgroup_manager), "auto|cgroupfs|systemd|disabled",
	  "who makes the containers' cgroups", cgroup_managers },
	{ "criu", 0, OPTION_STRING, AT(criu), "PATH", "accepted, has no effect" },
	{ "version", 'v', OPTION_FLAG, AT(version), NULL, "show the version" },
	{ "version", 'V', OPTION_FLAG, AT(version), NULL, NULL },
	{ NULL },
};

#undef AT

const struct option_spec no_options[] = { { NULL } };

const struct command *const commands[] = {
	&command_spec,
	&command_run,
	&command_create,
	&command_start,
	&command_state,
	&command_list,
	&command_exec,
	&command_ps,
	&command_kill,
	&command_pause,
	&command_resume,
	&command_update,
	&command_events,
	&command_mounts,
	&command_port,
	&command_delete,
	&command_features,
	&command_help,
	NULL,
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *command = commands; *command; command++) {
		if (strcmp((*command)->name, name) == 0)
			return *command;
	}
	return NULL;
}

int command_failed(struct error **err, struct rootlet_error *from)
{
	error_set(err, 0, "%s", from->message ? from->message : "out of memory");
	error_status(err, from->status);
	rootlet_error_clear(from);
	return -1;
}

int command_misused(struct error **err, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		text = NULL;
	error_set(err, 0, "%s", text ? text : "wrong usage");
	return error_status(err, USAGE_STATUS);
}

/*
 * A descriptor opened later must not land on 0, 1 or 2, where a message would be written into it
 * and the container would inherit it: the missing ones become /dev/null. Both directions, as a
 * container has the right to read and write its stdio.
 */
static int stdio_complete(bool *stdout_missing)
{
	int fd;

	*stdout_missing = fcntl(STDOUT_FILENO, F_GETFD) < 0;
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* What main() knows, in the order in which it learns it. */
struct program {
	char *const *argv;
	bool stdout_missing;
	struct globals globals;
	int log_fd; /* -1: messages go to stderr */
	const struct command *command;
	bool prints; /* somebody waits for what is on stdout */
	struct invocation invocation;
};

/* Whether what was printed has arrived: a full disk shows only when the buffer is written. */
static int output_finish(const struct program *program, struct error **err)
{
	if (program->stdout_missing)
		return error_set(err, EBADF, "cannot write to standard output");
	if (fflush(stdout) == EOF || ferror(stdout) || fclose(stdout) == EOF)
		return error_set(err, errno, "cannot write to standard output");
	return 0;
}

static int log_open(struct program *program, struct error **err)
{
	const struct globals *globals = &program->globals;
	int level = globals->debug ? ROOTLET_LOG_DEBUG : globals->log_level;

	rootlet_log_setup(STDERR_FILENO, globals->log_format, level);
	if (!globals->log)
		return 0;
	program->log_fd = open(globals->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
	                       0600);
	if (program->log_fd < 0)
		return error_set(err, errno, "cannot open log file %s", globals->log);
	rootlet_log_setup(program->log_fd, globals->log_format, level);
	return 0;
}

static bool same_file(int a, int b)
{
	struct stat st_a, st_b;

	return fstat(a, &st_a) == 0 && fstat(b, &st_b) == 0 && st_a.st_dev == st_b.st_dev &&
	       st_a.st_ino == st_b.st_ino;
}

/* Engines read the log, people read stderr: with --log both get the message. */
static void report(const struct program *program, const struct error *error)
{
	log_error("%s", error->message);
	if (program->log_fd < 0 || same_file(program->log_fd, STDERR_FILENO))
		return;
	rootlet_log_setup(STDERR_FILENO, ROOTLET_LOG_TEXT, ROOTLET_LOG_ERROR);
	log_error("%s", error->message);
}

static int failure_status(const struct command *command, int status)
{
	if (status == USAGE_STATUS)
		return USAGE_STATUS;
	if (command && command->runs_program)
		return status ? status : STATUS_RUNTIME_FAILED;
	/* create and start say in the way of shells that the program cannot be executed. */
	return status == 126 || status == 127 ? status : EXIT_FAILURE;
}

static void version_print(void)
{
	printf("rootlet version %s\n"
	       "spec: %s\n"
	       "built with: jansson %s, libseccomp %d.%d.%d\n",
	       PACKAGE_VERSION, ROOTLET_SPEC_VERSION, JANSSON_VERSION, SCMP_VER_MAJOR,
	       SCMP_VER_MINOR, SCMP_VER_MICRO);
}

static int operands_check(const struct command *command, const struct option_strings *operands,
                          struct error **err)
{
	if (operands->count < command->operands_min)
		return command_misused(err, "missing argument, expected %s", command->operands);
	if (operands->count > command->operands_max)
		return command_misused(err, "unexpected argument \"%s\"",
		                       operands->items[command->operands_max]);
	return 0;
}

/* Read the command's own command line and do what it says. Return: an exit status, or -1. */
static int command_call(struct program *program, char **words, struct error **err)
{
	const struct command *command = program->command;
	struct invocation *invocation = &program->invocation;
	void *values = arena_alloc(invocation->arena, command->values_size);
	struct rootlet_error failure = { 0 };
	int help;

	if (!values)
		return error_set(err, ENOMEM, "cannot read the command line");
	help = options_parse(command->options, command->order, words, values, invocation->arena,
	                     &invocation->operands, err);
	if (help > 0) {
		program->prints = true;
		help_print_command(command);
		return 0;
	}
	if (help < 0 || operands_check(command, &invocation->operands, err) < 0)
		return -1;
	if (command->enters_container && rootlet_protect_executable(program->argv, &failure) < 0)
		return command_failed(err, &failure);
	program->prints = command->prints;
	invocation->values = values;
	return command->run(invocation, err);
}

static int command_execute(struct program *program, char **words, struct error **err)
{
	const struct command *command = program->command;
	int status = command_call(program, words, err);

	if (status >= 0 || !*err || (*err)->status != USAGE_STATUS)
		return status;
	if (command == &command_help)
		return error_hint(err, "see rootlet help");
	error_prefix(err, "%s", command->name);
	return error_hint(err, "see rootlet help %s", command->name);
}

/* What the global options and the first operand ask for. Return: an exit status, or -1. */
static int program_dispatch(struct program *program, const struct option_strings *operands,
                            bool help, struct error **err)
{
	if (program->globals.version || help) {
		program->prints = true;
		if (help)
			help_print_program();
		else
			version_print();
		return 0;
	}
	if (!program->command) {
		if (operands->count == 0)
			command_misused(err, "no command given");
		else
			command_misused(err, "unknown command \"%s\"", operands->items[0]);
		return error_hint(err, "see rootlet help");
	}
	program->invocation.context = (struct rootlet_context){
		.root = program->globals.root,
		.rootless = program->globals.rootless,
		.strict = program->globals.strict,
		.cgroup_manager = program->globals.systemd_cgroup ? ROOTLET_CGROUP_SYSTEMD
		                                                  : program->globals.cgroup_manager,
	};
	return command_execute(program, operands->items + 1, err);
}

static int program_run(struct program *program, char **words, struct error **err)
{
	struct option_strings operands = { 0 };
	int help;

	help = options_parse(global_options, OPTIONS_BEFORE_OPERANDS, words, &program->globals,
	                     program->invocation.arena, &operands, err);
	if (help == 0 && operands.count > 0)
		program->command = command_find(operands.items[0]);
	/* Only now, so that a failure has the status that the command gives it. */
	if (stdio_complete(&program->stdout_missing) < 0)
		return error_set(err, errno, "cannot open /dev/null");
	/* Wrong usage of the options is for the log too, as far as they have been read. */
	if (log_open(program, help < 0 ? NULL : err) < 0 || help < 0)
		return help < 0 ? error_hint(err, "see rootlet help") : -1;
	return program_dispatch(program, &operands, help > 0, err);
}

int main(int argc, char **argv)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_error_ struct error *error = NULL;
	struct program program = {
		.argv = argv,
		.globals.log_level = ROOTLET_LOG_WARNING,
		.log_fd = -1,
		.invocation.arena = arena,
	};
	int status;

	if (!arena)
		status = error_set(&error, ENOMEM, "cannot start");
	else
		status = program_run(&program, argc > 0 ? argv + 1 : argv, &error);

	if (status >= 0 && program.prints && output_finish(&program, &error) < 0)
		status = -1;
	if (status < 0) {
		report(&program, error);
		status = failure_status(program.command, error->status);
	}
	return status;
}
