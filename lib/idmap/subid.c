/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: newuidmap and newgidmap decide by these ranges what they map, so we have to
 * read them as shadow does: from the files, or, where nsswitch.conf says so, from a module of
 * shadow's which only its own programs can load; then getsubids is asked.
 *
 * Reading happens on every start. What costs time, the user's name foremost, is looked up only
 * when there is a line that could be his.
 */
#include "idmap/subid.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/spawn.h"
#include "idmap/helpers.h"

#define FILE_LIMIT        (16u << 20)
#define PASSWD_LIMIT      (1u << 20) /* of one entry */
#define GETSUBIDS_TIMEOUT 30000      /* milliseconds: a directory service may be slow */

/* Append ids @start to @start + @count - 1, as far as they exist. */
static int add_range(struct arena *arena, struct id_ranges *ranges, uint64_t start, uint64_t count,
                     struct error **err)
{
	struct id_range *items = ranges->items;

	if (start >= UINT32_MAX || count == 0)
		return 0;
	if (count > UINT32_MAX - start)
		count = UINT32_MAX - start;
	/* The array is full when its length is a power of two: it doubles then. */
	if ((ranges->count & (ranges->count - 1)) == 0) {
		size_t capacity = ranges->count ? 2 * ranges->count : 1;

		items = arena_alloc(arena, capacity * sizeof(*items));
		if (!items)
			return error_set(err, ENOMEM, "cannot read subordinate ids");
		if (ranges->count > 0)
			memcpy(items, ranges->items, ranges->count * sizeof(*items));
		ranges->items = items;
	}
	items[ranges->count++] = (struct id_range){ (uint32_t)start, (uint32_t)count };
	return 0;
}

/* Copy the line at *@next, without its newline, to @line; too long ones become empty. */
static bool next_line(const char **next, char *line, size_t size)
{
	size_t length = strcspn(*next, "\n");

	if (!**next)
		return false;
	line[0] = '\0';
	if (length < size) {
		memcpy(line, *next, length);
		line[length] = '\0';
	}
	*next += length + ((*next)[length] == '\n');
	return true;
}

int subid_parse(const char *text, const char *user, uid_t uid, struct arena *arena,
                struct id_ranges *ranges, struct error **err)
{
	char line[512], digits[16];

	*ranges = (struct id_ranges){ 0 };
	snprintf(digits, sizeof(digits), "%u", uid);
	while (next_line(&text, line, sizeof(line))) {
		char *rest = line, *owner = strsep(&rest, ":"), *start = strsep(&rest, ":");
		uint64_t first, count;

		if (!rest || !number_parse_u64(start, &first) || !number_parse_u64(rest, &count))
			continue;
		if (strcmp(owner, digits) != 0 && (!user || strcmp(owner, user) != 0))
			continue;
		if (add_range(arena, ranges, first, count, err) < 0)
			return -1;
	}
	return 0;
}

int subid_parse_getsubids(const char *text, struct arena *arena, struct id_ranges *ranges,
                          struct error **err)
{
	char line[512];

	*ranges = (struct id_ranges){ 0 };
	while (next_line(&text, line, sizeof(line))) {
		char *rest = line, *index = strsep(&rest, " ");
		char *user = strsep(&rest, " "), *start = strsep(&rest, " ");
		uint64_t first, count;

		if (!rest || index[strcspn(index, ":")] != ':' || !*user)
			continue;
		if (!number_parse_u64(start, &first) || !number_parse_u64(rest, &count))
			continue;
		if (add_range(arena, ranges, first, count, err) < 0)
			return -1;
	}
	return 0;
}

bool subid_nsswitch_foreign(const char *text)
{
	static const char database[] = "subid:", files[] = "files";
	char line[512];

	while (next_line(&text, line, sizeof(line))) {
		const char *source = line;
		size_t length;

		if (strncasecmp(line, database, strlen(database)) != 0)
			continue;
		source += strlen(database);
		source += strspn(source, " \t");
		length = strcspn(source, " \t\r#");
		if (length > 0)
			return length != strlen(files) || strncmp(source, files, length) != 0;
	}
	return false;
}

const char *subid_passwd_name(const char *text, uid_t uid, struct arena *arena)
{
	char line[1024];

	while (next_line(&text, line, sizeof(line))) {
		char *rest = line, *name = strsep(&rest, ":"), *digits;
		uint32_t found;

		strsep(&rest, ":");
		digits = strsep(&rest, ":");
		if (rest && *name && number_parse_u32(digits, &found) && found == uid)
			return arena_strdup(arena, name);
	}
	return NULL;
}

static const char *ask_nss(uid_t uid, struct arena *arena)
{
	for (size_t size = 4096; size <= PASSWD_LIMIT; size *= 4) {
		_cleanup_free_ char *buffer = malloc(size);
		struct passwd entry, *found = NULL;
		int error = buffer ? getpwuid_r(uid, &entry, buffer, size, &found) : ENOMEM;

		if (found)
			return arena_strdup(arena, found->pw_name);
		if (error != ERANGE)
			break;
	}
	return NULL;
}

const char *subid_user_name(uid_t uid, struct arena *arena)
{
	_cleanup_free_ char *text = NULL;
	const char *name = NULL;

	if (file_read_at(AT_FDCWD, "/etc/passwd", FILE_LIMIT, &text) >= 0)
		name = subid_passwd_name(text, uid, arena);
	return name ? name : ask_nss(uid, arena);
}

/* The text of a system file that need not be there; NULL then, and when it cannot be read. */
static char *read_text(const char *path)
{
	char *text = NULL;

	if (file_read_at(AT_FDCWD, path, FILE_LIMIT, &text) < 0 && errno != ENOENT)
		log_warning("cannot read %s: %s", path, strerror(errno));
	return text;
}

static int load_files(uid_t uid, struct arena *arena, struct id_ranges *uids,
                      struct id_ranges *gids, struct error **err)
{
	_cleanup_free_ char *subuid = read_text("/etc/subuid"), *subgid = read_text("/etc/subgid");
	const char *name = NULL;

	if ((subuid && *subuid) || (subgid && *subgid))
		name = subid_user_name(uid, arena);
	if (subid_parse(subuid ? subuid : "", name, uid, arena, uids, err) < 0)
		return -1;
	return subid_parse(subgid ? subgid : "", name, uid, arena, gids, err);
}

/* Let getsubids at @path, called with @argv, say the ranges. */
static int ask_getsubids(const char *path, char *const *argv, struct arena *arena,
                         struct id_ranges *ranges, struct error **err)
{
	const struct spawn spawn = {
		.path = path,
		.argv = argv,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.die_with_parent = true,
	};
	_cleanup_free_ char *output = NULL;
	struct spawn_result result;

	if (spawn_run(&spawn, NULL, SPAWN_STDOUT, GETSUBIDS_TIMEOUT, -1, &result) < 0)
		return error_set(err, errno, "cannot run %s", path);
	output = result.output;
	if (result.timed_out)
		return error_set(err, 0, "%s did not answer within %d seconds", path,
		                 GETSUBIDS_TIMEOUT / 1000);
	/* It has no other way to say that the user has no ranges than to fail. */
	if (result.status != 0)
		log_debug("%s ended with status %d: taken as no ranges", path, result.status);
	return subid_parse_getsubids(result.status == 0 ? output : "", arena, ranges, err);
}

static int load_getsubids(const char *path, uid_t uid, struct arena *arena, struct id_ranges *uids,
                          struct id_ranges *gids, struct error **err)
{
	char digits[16];
	const char *name = subid_user_name(uid, arena);
	const char *user = name ? name : digits;
	char *const uid_argv[] = { (char *)"getsubids", (char *)user, NULL };
	char *const gid_argv[] = { (char *)"getsubids", (char *)"-g", (char *)user, NULL };

	snprintf(digits, sizeof(digits), "%u", uid);
	if (ask_getsubids(path, uid_argv, arena, uids, err) < 0)
		return -1;
	return ask_getsubids(path, gid_argv, arena, gids, err);
}

int subid_load(uid_t uid, struct arena *arena, struct id_ranges *uids, struct id_ranges *gids,
               struct error **err)
{
	_cleanup_free_ char *nsswitch = read_text("/etc/nsswitch.conf");
	const char *getsubids;

	if (!nsswitch || !subid_nsswitch_foreign(nsswitch))
		return load_files(uid, arena, uids, gids, err);
	helper_find(HELPER_GETSUBIDS, &getsubids);
	if (getsubids)
		return load_getsubids(getsubids, uid, arena, uids, gids, err);
	log_warning("nsswitch.conf gives \"subid\" another source than files, but getsubids is not "
	            "installed: only /etc/subuid and /etc/subgid are read");
	return load_files(uid, arena, uids, gids, err);
}
