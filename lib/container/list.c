/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pwd.h>
#include <string.h>

#include "base/dir.h"
#include "base/log.h"
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/network.h"
#include "container/process-set.h"
#include "container/statedir.h"
#include "container/verbs.h"

/* Names of the directory's entries that can be containers. */
static int list_ids(int root_fd, struct arena *arena, char ***ids, size_t *count,
                    struct error **err)
{
	_cleanup_dir_ DIR *dir = dir_open(root_fd, ".");
	_cleanup_free_ char **found = NULL;
	struct dirent *entry;
	size_t room = 0;

	*count = 0;
	if (!dir)
		return error_set(err, errno, "the state directory");
	while ((entry = dir_read(dir))) {
		if (entry->d_name[0] == '.' || container_id_check(entry->d_name, NULL) < 0)
			continue;
		if (*count == room) {
			char **larger = realloc(found,
			                        (room = room ? room * 2 : 64) * sizeof(*found));

			if (!larger)
				return error_set(err, ENOMEM, "the list of containers");
			found = larger;
		}
		found[*count] = arena_strdup(arena, entry->d_name);
		if (!found[(*count)++])
			return error_set(err, ENOMEM, "the list of containers");
	}
	if (errno)
		return error_set(err, errno, "the state directory");
	*ids = take_pointer(found);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of owners; nearly always there is one. */
struct owner_cache {
	bool known;
	uid_t uid;
	char *name;
};

/* The user's name, looked up when it is shown; the digits when he has none. */
static char *owner_name(uid_t uid, struct owner_cache *cache, struct arena *arena)
{
	const struct passwd *entry;

	if (cache->known && cache->uid == uid)
		return cache->name;
	entry = getpwuid(uid);
	*cache = (struct owner_cache){
		.known = true,
		.uid = uid,
		.name = entry ? arena_strdup(arena, entry->pw_name)
		              : arena_printf(arena, "%u", uid),
	};
	return cache->name;
}

/* One row. A container whose state cannot be read is a row too, and the log says why. */
static void load_row(int root_fd, char *id, struct arena *arena, struct owner_cache *owners,
                     struct state_list *list)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	_cleanup_error_ struct error *error = NULL;
	int result = container_open_at(root_fd, id, arena, &container, &error);
	struct state *state = &list->states[list->count];

	/* Deleted meanwhile. */
	if (result == 1)
		return;
	if (result < 0) {
		log_warning("%s", error->message);
		error_clear(&error);
		if (!container.has_state)
			container.status = STATUS_STOPPED;
	}
	if (container.has_state && network_annotate(&container, arena, &error) < 0)
		log_warning("%s", error->message);
	if (container.has_state)
		*state = container.state;
	else
		*state = (struct state){ .bundle = (char *)"",
			                 .rootfs = (char *)"",
			                 .created = (char *)"",
			                 .owner_uid = geteuid() };
	state->id = id;
	state->owner = owner_name(state->owner_uid, owners, arena);
	if (!state->owner)
		state->owner = (char *)"";
	list->statuses[list->count++] = container.status;
}

int verb_list(const struct rootlet_context *context, struct arena *arena, struct state_list *list,
              struct error **err)
{
	_cleanup_fd_ int root_fd = statedir_open(context, false, err);
	_cleanup_free_ char **ids = NULL;
	struct owner_cache owners = { 0 };
	size_t count = 0;

	*list = (struct state_list){ 0 };
	if (root_fd == -2)
		return 0;
	if (root_fd < 0 || list_ids(root_fd, arena, &ids, &count, err) < 0)
		return -1;
	list->states = arena_alloc(arena, (count + 1) * sizeof(*list->states));
	list->statuses = arena_alloc(arena, (count + 1) * sizeof(*list->statuses));
	if (!list->states || !list->statuses)
		return error_set(err, ENOMEM, "the list of containers");
	if (count > 0)
		qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++)
		load_row(root_fd, ids[i], arena, &owners, list);
	return 0;
}

int verb_state(const struct rootlet_context *context, const char *id, char **json,
               struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	struct owner_cache owners = { 0 };

	if (container_open(context, id, CONTAINER_NO_LOCK, &container, err) != 0)
		return -1;
	if (!container.has_state)
		return error_set(err, 0,
		                 container.status == STATUS_CREATING
		                         ? "container \"%s\" is being created"
		                         : "container \"%s\" was never finished; remove it with "
		                           "`rootlet delete`",
		                 id);
	container.state.owner = owner_name(container.state.owner_uid, &owners, container.arena);
	if (network_annotate(&container, container.arena, err) < 0)
		return -1;
	*json = state_format_oci(&container.state, container.status, err);
	return *json ? 0 : -1;
}

/* By cgroup; without one, or where the container has closed it to us, by namespace. */
static int load_pids(const struct container *container, pid_t **pids, size_t *count,
                     struct error **err)
{
	_cleanup_error_ struct error *error = NULL;
	_cleanup_fd_ int cgroup = -1;
	struct process_set set = { 0 };

	if (cgroup_open(&container->state, &cgroup, err) < 0)
		return -1;
	if (cgroup >= 0 && cgroup_pids(cgroup, pids, count, &error) == 0)
		return 0;
	if (error && error->errnum != EACCES)
		return error_move(err, &error);
	if (process_set_load(&container->state, &set, err) < 0)
		return -1;
	*pids = set.pids;
	*count = set.count;
	return 0;
}

int verb_pids(const struct rootlet_context *context, const char *id, pid_t **pids, size_t *count,
              struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;

	if (container_open(context, id, CONTAINER_NO_LOCK, &container, err) != 0)
		return -1;
	if (!container.has_state || container.status == STATUS_STOPPED)
		return container_wrong_status(&container, "list the processes of", err);
	return load_pids(&container, pids, count, err);
}
