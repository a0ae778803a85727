/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet spec: write a config.json to begin with. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "command.h"

struct spec_values {
	const char *bundle;
	const char *file;
	bool rootless;
};

static const struct option_spec options[] = {
	{ "bundle", 'b', OPTION_PATH, offsetof(struct spec_values, bundle), "DIR",
	  "write into DIR (default: the current directory)" },
	{ "file", 'f', OPTION_PATH, offsetof(struct spec_values, file), "FILE",
	  "name of the file in the bundle (default: config.json)" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct spec_values, rootless), NULL,
	  "map the caller's ids in it, for runtimes that need that" },
	{ NULL },
};

/* Whole or not at all, and never over a file that somebody has edited. */
static int write_new(int bundle_fd, const char *name, const char *text, struct error **err)
{
	_cleanup_fd_ int fd = -1;

	fd = openat(bundle_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST) {
		error_set(err, 0, "%s exists already", name);
		return error_hint(err, "remove it first, or name another directory by --bundle");
	}
	if (fd < 0)
		return error_set(err, errno, "cannot create %s", name);
	if (write_all(fd, text, strlen(text)) == 0 && close(take_fd(&fd)) == 0)
		return 0;
	error_set(err, errno, "cannot write %s", name);
	unlinkat(bundle_fd, name, 0);
	return -1;
}

static int run(const struct invocation *invocation, struct error **err)
{
	const struct spec_values *values = invocation->values;
	const char *bundle = values->bundle ? values->bundle : ".";
	_cleanup_free_ char *json = NULL;
	struct rootlet_error error = { 0 };
	_cleanup_fd_ int bundle_fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (bundle_fd < 0)
		return error_set(err, errno, "cannot open bundle directory %s", bundle);
	if (rootlet_spec(values->rootless, &json, &error) < 0)
		return command_failed(err, &error);
	if (write_new(bundle_fd, values->file ? values->file : "config.json", json, err) < 0)
		return values->bundle ? error_prefix(err, "bundle %s", bundle) : -1;
	return 0;
}

const struct command command_spec = {
	.name = "spec",
	.summary = "write a config.json to begin with",
	.options = options,
	.values_size = sizeof(struct spec_values),
	.run = run,
};
