/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the environment is the strings of config.json without the earlier ones of
 * duplicates, in their order; then HOME when they left it open; then what the runtime adds. The
 * duplicates are found by sorting, as a config.json of 16 MiB can hold a million of them.
 *
 * The password file is the image's, thus written by a stranger: it is opened within the root
 * whatever links it is made of, only when it is a regular file, and what does not parse counts
 * as not there.
 */
#include "process/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/syscalls.h"

#define PATH_DEFAULT  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define HOME_DEFAULT  "/"
#define PASSWD_MAX    (1u << 20)
#define PASSWD_FIELDS 7

/* openat2 gives up when something in the tree was renamed meanwhile. */
#define OPEN_ATTEMPTS 16

struct variable {
	char *text;
	size_t key_length;
	size_t index;
	bool replaced;
};

static int compare_keys(const struct variable *a, const struct variable *b)
{
	size_t shorter = a->key_length < b->key_length ? a->key_length : b->key_length;
	int order = memcmp(a->text, b->text, shorter);

	return order ? order : (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

static int compare_variables(const void *a, const void *b)
{
	const struct variable *const *left = a, *const *right = b;
	int order = compare_keys(*left, *right);

	if (order)
		return order;
	return ((*left)->index > (*right)->index) - ((*left)->index < (*right)->index);
}

/* Mark all but the last of the variables that have one name. Return: 0, or -1: out of memory. */
static int mark_replaced(struct variable *variables, size_t count)
{
	_cleanup_free_ struct variable **sorted = calloc(count + 1, sizeof(struct variable *));

	if (!sorted)
		return -1;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &variables[i];
	qsort(sorted, count, sizeof(struct variable *), compare_variables);
	for (size_t i = 0; i + 1 < count; i++)
		sorted[i]->replaced = compare_keys(sorted[i], sorted[i + 1]) == 0;
	return 0;
}

/* The home directory field when @line is the entry of @uid (passwd(5)), else NULL. */
static const char *passwd_home(char *line, uid_t uid)
{
	char *fields[PASSWD_FIELDS];
	size_t count = 0;
	uint32_t number;
	char *field;

	while ((field = strsep(&line, ":"))) {
		if (count == PASSWD_FIELDS)
			return NULL;
		fields[count++] = field;
	}
	if (count != PASSWD_FIELDS || !number_parse_u32(fields[2], &number) || number != uid)
		return NULL;
	return fields[5];
}

static int open_passwd(int root_fd)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_fd_ int fd = -1;
	struct stat st;

	for (int i = 0; i < OPEN_ATTEMPTS && fd < 0; i++) {
		fd = sys_openat2(root_fd, "etc/passwd", &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN)
			return -1;
	}
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return take_fd(&fd);
}

/* "HOME=…" of @uid in the container's password file; the caller frees it. NULL: out of memory. */
static char *home_variable(int root_fd, uid_t uid)
{
	_cleanup_fd_ int fd = open_passwd(root_fd);
	_cleanup_free_ char *text = NULL;
	const char *home = NULL;
	char *rest, *line, *variable;

	if (fd < 0 || file_read_fd(fd, PASSWD_MAX, &text) < 0)
		log_debug("no usable /etc/passwd in the container, HOME is " HOME_DEFAULT);
	rest = text;
	while (!home && (line = strsep(&rest, "\n")))
		home = passwd_home(line, uid);
	if (!home || !home[0])
		home = HOME_DEFAULT;
	return asprintf(&variable, "HOME=%s", home) < 0 ? NULL : variable;
}

static bool has_home(const struct variable *variables, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!variables[i].replaced && strncmp(variables[i].text, "HOME=", 5) == 0)
			return variables[i].text[5] != '\0';
	}
	return false;
}

static size_t string_count(const char *const *strings)
{
	size_t count = 0;

	while (strings && strings[count])
		count++;
	return count;
}

static int take_variables(const struct strings *env, struct variable *variables, struct error **err)
{
	for (size_t i = 0; i < env->count; i++) {
		const char *equals = strchr(env->items[i], '=');

		if (!equals || equals == env->items[i])
			return error_set(err, 0, "process.env[%zu]: \"%s\" is not KEY=value", i,
			                 env->items[i]);
		variables[i] = (struct variable){
			.text = env->items[i],
			.key_length = (size_t)(equals - env->items[i]),
			.index = i,
		};
	}
	return 0;
}

/* The runtime's own strings stand behind the config's, so that they win like any later one. */
static int take_extra(const char *const *extra, struct variable *variables, size_t index,
                      struct arena *arena)
{
	for (size_t i = 0; extra && extra[i]; i++) {
		char *copy = arena_strdup(arena, extra[i]);

		if (!copy)
			return -1;
		variables[index + i] = (struct variable){
			.text = copy,
			.key_length = strcspn(copy, "="),
			.index = index + i,
		};
	}
	return 0;
}

/* All that is not replaced, in order; an empty HOME gives way to @home when there is one. */
static char **list_variables(const struct variable *variables, size_t count, char *home,
                             struct arena *arena)
{
	char **envp = arena_alloc(arena, (count + 2) * sizeof(char *));
	size_t used = 0;

	if (!envp)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (variables[i].replaced || (home && strcmp(variables[i].text, "HOME=") == 0))
			continue;
		envp[used++] = variables[i].text;
	}
	if (home)
		envp[used++] = home;
	envp[used] = NULL;
	return envp;
}

int environment_make(const struct strings *env, const char *const *extra, int root_fd, uid_t uid,
                     struct arena *arena, char ***envp, struct error **err)
{
	size_t count = env->count + string_count(extra);
	_cleanup_free_ struct variable *variables = calloc(count + 1, sizeof(*variables));
	_cleanup_free_ char *found = NULL;
	char *home = NULL;

	if (!variables)
		return error_set(err, ENOMEM, "process.env");
	if (take_variables(env, variables, err) < 0)
		return -1;
	if (take_extra(extra, variables, env->count, arena) < 0 ||
	    mark_replaced(variables, count) < 0)
		return error_set(err, ENOMEM, "process.env");
	if (!has_home(variables, count)) {
		found = home_variable(root_fd, uid);
		home = found ? arena_strdup(arena, found) : NULL;
		if (!home)
			return error_set(err, ENOMEM, "process.env");
	}
	*envp = list_variables(variables, count, home, arena);
	return *envp ? 0 : error_set(err, ENOMEM, "process.env");
}

const char *environment_get(char *const *envp, const char *key)
{
	size_t length = strlen(key);

	for (; *envp; envp++) {
		if (strncmp(*envp, key, length) == 0 && (*envp)[length] == '=')
			return *envp + length + 1;
	}
	return NULL;
}

int executable_exit_status(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return 127;
	default:
		return 126;
	}
}

/* Return: 0 when @path can be executed by what we are now, else an errno value. */
static int executable_check(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	/* execve(2) takes regular files only. */
	if (!S_ISREG(st.st_mode))
		return EACCES;
	/* With the effective ids: it is their capabilities that execve goes by. */
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

static int refuse(const char *path, int errnum, struct error **err)
{
	error_set(err, errnum, "process.args[0]: %s", path);
	return error_status(err, executable_exit_status(errnum));
}

/*
 * The first executable in @search. Like shells, it goes past files that cannot be executed, and
 * returns why the first of them could not (in *refused, with its path) when there is no other.
 */
static char *path_search(const char *name, const char *search, struct arena *arena, int *refused)
{
	char *first_refused = NULL;

	*refused = ENOENT;
	for (const char *next = search, *end; next; next = *end ? end + 1 : NULL) {
		char *path;
		int ret;

		end = strchrnul(next, ':');
		/* An empty element is the working directory (POSIX, "Environment Variables"). */
		path = end > next ? arena_printf(arena, "%.*s/%s", (int)(end - next), next, name)
		                  : arena_printf(arena, "./%s", name);
		ret = path ? executable_check(path) : ENOMEM;
		if (ret == 0 || ret == ENOMEM) {
			*refused = ret;
			return path;
		}
		if (executable_exit_status(ret) == 126 && !first_refused) {
			first_refused = path;
			*refused = ret;
		}
	}
	return first_refused;
}

int executable_find(const char *name, char *const *envp, struct arena *arena, char **path,
                    struct error **err)
{
	const char *search = environment_get(envp, "PATH");
	int refused = ENOENT;

	if (strchr(name, '/')) {
		refused = executable_check(name);
		*path = refused ? NULL : arena_strdup(arena, name);
		return *path ? 0 : refuse(name, refused ? refused : ENOMEM, err);
	}
	if (!search || !search[0])
		search = PATH_DEFAULT;
	*path = name[0] ? path_search(name, search, arena, &refused) : NULL;
	if (*path && !refused)
		return 0;
	if (refused != ENOENT)
		return refuse(*path ? *path : name, refused, err);
	error_set(err, 0, "process.args[0]: \"%s\" is not in the container's PATH (%s)", name,
	          search);
	return error_status(err, 127);
}
