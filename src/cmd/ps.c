/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootlet ps: the processes of a container.
 *
 * Theory of operation: the library knows the pids; what else there is to say about a process,
 * ps(1) knows. It prints all processes of the host in the user's format, and we pass on the
 * header and the lines whose PID column has a pid of the container.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/number.h"
#include "base/spawn.h"
#include "command.h"

#define PS_OUTPUT_MAX (64u << 20) /* bytes */

enum ps_format { PS_TABLE, PS_JSON };

struct ps_values {
	int format;
};

struct pids {
	pid_t *items;
	size_t count;
};

static const struct option_choice formats[] = {
	{ "table", PS_TABLE },
	{ "json", PS_JSON },
	{ NULL, 0 },
};

static const struct option_spec options[] = {
	{ "format", 'f', OPTION_CHOICE, offsetof(struct ps_values, format), "table|json",
	  "how to print (default: table)", formats },
	{ NULL },
};

static void print_json(const struct pids *pids)
{
	putchar('[');
	for (size_t i = 0; i < pids->count; i++)
		printf("%s%d", i > 0 ? "," : "", (int)pids->items[i]);
	puts("]");
}

/* The program by absolute path, NULL when it is not installed. */
static const char *ps_find(void)
{
	static const char *const paths[] = { "/bin/ps", "/usr/bin/ps" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	}
	return NULL;
}

/* The command line of ps(1): what the user gave behind the ID, all processes otherwise. */
static char **ps_words(const struct invocation *invocation)
{
	char *const *given = invocation->operands.items + 1;
	size_t count = invocation->operands.count - 1;
	char **words;

	if (count > 0 && strcmp(given[0], "--") == 0) {
		given++;
		count--;
	}
	words = arena_alloc(invocation->arena, (count + 3) * sizeof(*words));
	if (!words)
		return NULL;
	words[0] = (char *)"ps";
	words[1] = (char *)"-ef";
	if (count > 0)
		memcpy(words + 1, given, count * sizeof(*words));
	return words;
}

/* All that ps(1) prints, in *@output. */
static int ps_run(const struct invocation *invocation, char **output, struct error **err)
{
	_cleanup_fd_ int fd = memfd_create("ps", MFD_CLOEXEC);
	struct spawn_result result = { 0 };
	struct spawn spawn = {
		.path = ps_find(),
		.argv = ps_words(invocation),
		.envp = environ,
		.stdin_fd = -1,
		.stdout_fd = fd,
		.stderr_fd = STDERR_FILENO,
	};

	if (!spawn.path) {
		error_set(err, 0, "ps is not installed");
		return error_hint(err, "install the package procps, or use --format json");
	}
	if (!spawn.argv)
		return error_set(err, ENOMEM, "cannot run ps");
	if (fd < 0 || spawn_run(&spawn, NULL, 0, 0, -1, &result) < 0)
		return error_set(err, errno, "cannot run %s", spawn.path);
	if (!WIFEXITED(result.status) || WEXITSTATUS(result.status) != 0)
		return error_set(err, 0, "%s failed", spawn.path);
	if (lseek(fd, 0, SEEK_SET) < 0 || file_read_fd(fd, PS_OUTPUT_MAX, output) < 0)
		return error_set(err, errno, "cannot read what %s printed", spawn.path);
	return 0;
}

#define BLANKS " \t"

/* The field with number @index of @line (from 0), of *@length bytes; NULL when it has fewer. */
static const char *field_at(const char *line, size_t index, size_t *length)
{
	for (;; index--) {
		line += strspn(line, BLANKS);
		*length = strcspn(line, BLANKS);
		if (*length == 0)
			return NULL;
		if (index == 0)
			return line;
		line += *length;
	}
}

/* The number of the column that @header calls PID, -1 when there is none. */
static ssize_t pid_column(const char *header)
{
	const char *field;
	size_t length;

	for (size_t column = 0; (field = field_at(header, column, &length)); column++) {
		if (length == 3 && memcmp(field, "PID", 3) == 0)
			return (ssize_t)column;
	}
	return -1;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

static bool line_belongs(const char *line, size_t column, const struct pids *pids)
{
	char digits[16];
	size_t length;
	const char *field = field_at(line, column, &length);
	uint32_t number;
	pid_t pid;

	if (!field || length >= sizeof(digits) || pids->count == 0)
		return false;
	memcpy(digits, field, length);
	digits[length] = '\0';
	if (!number_parse_u32(digits, &number))
		return false;
	pid = (pid_t)number;
	return bsearch(&pid, pids->items, pids->count, sizeof(pid), compare_pids);
}

/* Print the header of @output and the lines about @pids. */
static int print_table(char *output, const struct pids *pids, struct error **err)
{
	char *rest = output, *header = strsep(&rest, "\n");
	ssize_t column = pid_column(header);

	if (column < 0) {
		error_set(err, 0, "ps printed no PID column");
		return error_hint(err, "choose a format that has one, such as -o pid,args");
	}
	puts(header);
	while (rest) {
		const char *line = strsep(&rest, "\n");

		if (line_belongs(line, (size_t)column, pids))
			puts(line);
	}
	return 0;
}

static int run(const struct invocation *invocation, struct error **err)
{
	const struct ps_values *values = invocation->values;
	_cleanup_free_ pid_t *items = NULL;
	_cleanup_free_ char *output = NULL;
	struct rootlet_error error = { 0 };
	struct pids pids = { 0 };

	if (rootlet_pids(&invocation->context, invocation->operands.items[0], &items, &pids.count,
	                 &error) < 0)
		return command_failed(err, &error);
	pids.items = items;
	if (values->format == PS_JSON) {
		print_json(&pids);
		return 0;
	}
	if (ps_run(invocation, &output, err) < 0)
		return -1;
	return print_table(output, &pids, err);
}

const struct command command_ps = {
	.name = "ps",
	.summary = "show the processes of a container",
	.operands = "ID [PS-OPTION]...",
	.operands_min = 1,
	.operands_max = OPERANDS_UNLIMITED,
	.options = options,
	.order = OPTIONS_BEFORE_OPERANDS,
	.values_size = sizeof(struct ps_values),
	.prints = true,
	.run = run,
};
