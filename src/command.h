/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command is to the program: a table entry. rootlet.c reads the command line by it, calls
 * run() and turns the outcome into an exit status; each file in cmd/ holds one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "options.h"
#include "rootlet.h"

/* One call of a command, after its command line has been read. */
struct invocation {
	struct rootlet_context context;
	const void *values; /* what the options said; of the command's own type */
	struct option_strings operands;
	struct arena *arena; /* lives until the command has ended */
};

struct command {
	const char *name;
	const char *summary;  /* one line, for the list of commands */
	const char *operands; /* for the usage line; NULL: none */
	size_t operands_min, operands_max;

	const struct option_spec *options;
	enum option_order order;
	size_t values_size; /* bytes that the options' offsets point into, zeroed at first */

	/* A process of ours enters a container: our executable must be out of its reach. */
	bool enters_container;
	/* The exit status is that of a program in the container; rootlet's own failures are 125. */
	bool runs_program;
	/* The result is what is printed: it is a failure when nobody can get it. */
	bool prints;

	/* Return: an exit status, or -1 with *err. */
	int (*run)(const struct invocation *invocation, struct error **err);
};

#define OPERANDS_UNLIMITED ((size_t)-1)

/* For commands without options of their own. */
extern const struct option_spec no_options[];

extern const struct command command_create, command_delete, command_events, command_exec,
	command_features, command_help, command_kill, command_mounts, command_list, command_pause,
	command_port, command_ps, command_resume, command_run, command_spec, command_start,
	command_state, command_update;

/* All commands in the order of the help text, ended by NULL. */
extern const struct command *const commands[];

/* The options that stand before the command. */
extern const struct option_spec global_options[];

/* The command called @name, NULL when there is none. */
const struct command *command_find(const char *name);

/* Make *err of what a call of the library left in @from, which is empty afterwards. Returns -1. */
int command_failed(struct error **err, struct rootlet_error *from);

/* The same for wrong usage that only the command can see. Returns -1. */
int command_misused(struct error **err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Print the usage of one command, of the whole program. */
void help_print_command(const struct command *command);
void help_print_program(void);
