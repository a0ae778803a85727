/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a hook is a program with the container's state on its stdin. What it says
 * is kept, and shown when it fails. It dies with us, so that a runtime that is killed leaves no
 * hook behind.
 */
#include "process/hooks.h"

#include <limits.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/spawn.h"

/* Make one line of what a hook said: an error is one line. */
static void fold_lines(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = *c == '\n' ? '|' : ' ';
}

static int failure(const struct hooks_run *run, size_t index, const struct spawn_result *result,
                   struct error **err)
{
	const char *path = run->hooks->items[index].path;

	if (result->timed_out)
		error_set(err, 0, "hooks.%s[%zu] (%s): no end within its timeout of %lld s",
		          run->name, index, path,
		          (long long)run->hooks->items[index].timeout.value);
	else if (result->aborted)
		error_set(err, 0, "hooks.%s[%zu] (%s): interrupted", run->name, index, path);
	else if (WIFSIGNALED(result->status))
		error_set(err, 0, "hooks.%s[%zu] (%s): killed by signal %d", run->name, index, path,
		          WTERMSIG(result->status));
	else
		error_set(err, 0, "hooks.%s[%zu] (%s): exit status %d", run->name, index, path,
		          WEXITSTATUS(result->status));
	if (result->output && *result->output) {
		fold_lines(result->output);
		error_hint(err, "it said: %.400s", result->output);
	}
	return -1;
}

static int timeout_ms(const struct hook *hook)
{
	if (!hook->timeout.set)
		return 0;
	return hook->timeout.value > INT_MAX / 1000 ? INT_MAX : (int)hook->timeout.value * 1000;
}

static int run_hook(const struct hooks_run *run, size_t index, struct error **err)
{
	const struct hook *hook = &run->hooks->items[index];
	char *default_argv[] = { hook->path, NULL };
	struct spawn_result result = { 0 };
	const struct spawn spawn = {
		.path = hook->path,
		.argv = hook->args.count > 0 ? hook->args.items : default_argv,
		.envp = hook->env.items ? hook->env.items : run->environment,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.die_with_parent = true,
	};
	_cleanup_free_ char *output = NULL;

	if (spawn_run(&spawn, run->state, SPAWN_STDOUT | SPAWN_STDERR, timeout_ms(hook),
	              run->abort_fd, &result) < 0)
		return error_set(err, errno, "hooks.%s[%zu] (%s): cannot be run", run->name, index,
		                 hook->path);
	output = result.output;
	if (!result.timed_out && !result.aborted && WIFEXITED(result.status) &&
	    WEXITSTATUS(result.status) == 0)
		return 0;
	return failure(run, index, &result, err);
}

int hooks_run(const struct hooks_run *run, struct error **err)
{
	for (size_t i = 0; i < run->hooks->count; i++) {
		_cleanup_error_ struct error *error = NULL;

		if (run_hook(run, i, &error) == 0)
			continue;
		if (!run->keep_going)
			return error_move(err, &error);
		log_warning("%s", error->message);
	}
	return 0;
}
