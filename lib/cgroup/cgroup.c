/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: who makes a container's cgroup is decided by circumstance. Where our own
 * cgroup is the user's, a directory below it costs next to nothing, so every container gets one.
 * Where it is not, as in the scope of a login session, systemd has to be asked, which is done when
 * a limit or a path asks for it. Otherwise there is none, and the reason is kept for messages.
 *
 * What is about to be made is noted in the container's directory first: a runtime that is killed
 * leaves nothing that `delete` could not find. The kernel's id of the cgroup is noted too, as soon
 * as there is one: without it nothing is ever killed, only an empty directory removed.
 */
#include "cgroup/cgroup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cgroup/devices.h"
#include "cgroup/fs.h"

/* In the container's directory: links that lead nowhere, whose text is a note (one system call). */
#define NOTE_PLACE      "cgroup"
#define NOTE_ID         "cgroup-id"

#define UNDO_TIMEOUT_MS 10000

/* How long systemd gets to notice by itself that a scope is empty. */
#define FORGOTTEN_TRIES    50
#define FORGOTTEN_PAUSE_MS 2

/* How long a scope's controllers may be away. */
#define CONTROLLERS_TIMEOUT_MS 2000
#define CONTROLLERS_POLL_MS    10

/* --- plan ------------------------------------------------------------------------------------ */

static bool is_asked_for(const struct cgroup *cgroup)
{
	return cgroup->asked || cgroup->settings.count > 0;
}

static int plan_none(struct cgroup *cgroup, const char *reason, const char *remedy)
{
	cgroup->manager = CGROUP_MANAGER_NONE;
	cgroup->reason = reason;
	cgroup->remedy = remedy;
	return 0;
}

static int plan_systemd(struct cgroup *cgroup, const struct cgroup_request *request,
                        struct error **err)
{
	bool user = !request->host_root;

	cgroup->manager = CGROUP_MANAGER_SYSTEMD;
	cgroup->controllers = NULL;
	if (cgroup->tree.fd < 0 && cgroup_tree_open(&cgroup->tree, err) < 0)
		return -1;
	/* Once more with its final name in cgroup_make(): here for the checks. */
	if (scope_plan(cgroup->asked, request->id, user, cgroup->arena, &cgroup->scope, err) < 0 ||
	    scope_limit(&cgroup->scope, &cgroup->settings,
	                request->host_root ? request->resources : NULL, request->annotations,
	                cgroup->arena, err) < 0)
		return -1;
	if (scope_available(user))
		return 0;
	return scope_explain_absence(user, err);
}

static int plan_fs(struct cgroup *cgroup, struct error **err)
{
	cgroup->manager = CGROUP_MANAGER_FS;
	if (scope_is_path(cgroup->asked)) {
		error_set(err, 0, "linux.cgroupsPath: \"%s\" names a scope of systemd's",
		          cgroup->asked);
		return error_hint(err, "use --systemd-cgroup");
	}
	if (cgroup->tree.fd < 0 && cgroup_tree_open(&cgroup->tree, err) < 0)
		return -1;
	return cgroup_fs_plan(cgroup, err);
}

/* Why there is none, for the messages about what is lost by it. */
static int plan_without(struct cgroup *cgroup)
{
	if (cgroup->tree.fd < 0 || cgroup->tree.hybrid)
		return plan_none(cgroup,
		                 cgroup->tree.hybrid ? "this host has its controllers in cgroup v1"
		                                     : "this host has no cgroup v2",
		                 "boot it with systemd.unified_cgroup_hierarchy=1");
	return plan_none(
		cgroup, "no cgroup is delegated to this user, and no systemd of the user's runs",
		"log in through systemd-logind, or have root run `loginctl enable-linger`");
}

bool cgroup_has_controller(const struct cgroup *cgroup, const char *controller)
{
	if (cgroup->manager == CGROUP_MANAGER_NONE)
		return false;
	return !controller || !cgroup->controllers ||
	       cgroup_has_word(cgroup->controllers, controller);
}

static bool lacks(const struct cgroup *cgroup, const struct cgroup_setting *setting)
{
	return !setting->optional && !cgroup_has_controller(cgroup, setting->controller);
}

static bool lacks_controllers(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->settings.count; i++)
		if (lacks(cgroup, &cgroup->settings.items[i]))
			return true;
	return false;
}

/*
 * In our own cgroup, or where the path says. But what our own was not given, systemd may have; and
 * one that systemd has not given away, such as a terminal window's scope, is not rearranged when it
 * can be asked for a scope instead.
 */
static int plan_fs_or_systemd(struct cgroup *cgroup, const struct cgroup_request *request,
                              struct error **err)
{
	if (plan_fs(cgroup, err) < 0)
		return -1;
	if (!cgroup->asked && cgroup->settings.count > 0 &&
	    (lacks_controllers(cgroup) || cgroup_fs_intrudes(cgroup)) &&
	    scope_available(!request->host_root))
		return plan_systemd(cgroup, request, err);
	cgroup->optional = !is_asked_for(cgroup);
	return 0;
}

static int plan_auto(struct cgroup *cgroup, const struct cgroup_request *request,
                     struct error **err)
{
	_cleanup_error_ struct error *error = NULL;
	int found;

	if (scope_is_path(cgroup->asked))
		return plan_systemd(cgroup, request, err);
	if (cgroup_tree_open(&cgroup->tree, &error) < 0)
		return cgroup->asked || error->errnum != ENOENT ? error_move(err, &error)
		                                                : plan_without(cgroup);
	found = cgroup_fs_find_base(cgroup, err);
	if (found < 0)
		return -1;
	if (found == 0 || cgroup->asked)
		return plan_fs_or_systemd(cgroup, request, err);
	if (is_asked_for(cgroup) && scope_available(!request->host_root))
		return plan_systemd(cgroup, request, err);
	return plan_without(cgroup);
}

int cgroup_plan(const struct cgroup_request *request, struct arena *arena, struct cgroup *cgroup,
                struct error **err)
{
	*cgroup = (struct cgroup)CGROUP_INIT;
	cgroup->arena = arena;
	cgroup->asked = request->path && *request->path ? request->path : NULL;
	cgroup->resources = request->resources;
	cgroup->host_root = request->host_root;
	if (cgroup->asked && !scope_is_path(cgroup->asked) &&
	    cgroup_path_check(cgroup->asked, "linux.cgroupsPath", err) < 0)
		return -1;
	cgroup->disabled = request->manager == CGROUP_MANAGER_NONE;
	if (cgroup->disabled)
		return plan_none(cgroup, "--cgroup-manager disabled", "leave that out");
	if (cgroup_settings_plan(request->resources, arena, &cgroup->settings, err) < 0)
		return -1;
	if (request->manager == CGROUP_MANAGER_SYSTEMD)
		return plan_systemd(cgroup, request, err);
	if (request->manager == CGROUP_MANAGER_FS)
		return plan_fs(cgroup, err);
	return plan_auto(cgroup, request, err);
}

/* --- notes ----------------------------------------------------------------------------------- */

static int note(int record_fd, const char *name, const char *text, struct error **err)
{
	if (text && symlinkat(text, record_fd, name) == 0)
		return 0;
	return error_set(err, text ? errno : ENOMEM, "cannot note the container's cgroup");
}

static int note_place(const struct cgroup *cgroup, struct error **err)
{
	const char *text = cgroup->manager == CGROUP_MANAGER_FS
	                           ? arena_printf(cgroup->arena, "fs:%zu:%s",
	                                          cgroup->made ? strlen(cgroup->made) : 0,
	                                          cgroup->path)
	                           : arena_printf(cgroup->arena, "%s:%s:%s",
	                                          cgroup->scope.user ? "user" : "system",
	                                          cgroup->scope.name, cgroup->scope.unit);

	return note(cgroup->record_fd, NOTE_PLACE, text, err);
}

/* A scope's place is known only now. */
static int note_id(const struct cgroup *cgroup, struct error **err)
{
	return note(cgroup->record_fd, NOTE_ID,
	            arena_printf(cgroup->arena, "%" PRIu64 ":%s", cgroup->id, cgroup->path), err);
}

static char *read_note(int record_fd, const char *name, struct arena *arena)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(record_fd, name, text, sizeof(text));

	return length > 0 ? arena_strndup(arena, text, (size_t)length) : NULL;
}

void cgroup_recall(int record_fd, struct arena *arena, struct state *state)
{
	char *place = read_note(record_fd, NOTE_PLACE, arena);
	char *id = read_note(record_fd, NOTE_ID, arena);
	char *rest = place ? strchr(place, ':') : NULL, *path = NULL;
	size_t made;

	if (!rest)
		return;
	*rest++ = '\0';
	if (id)
		state->cgroup_id = strtoull(id, &path, 10);
	if (path && *path == ':')
		state->cgroup = path + 1;
	if (strcmp(place, "fs") != 0) {
		char *name = strsep(&rest, ":");

		if (!rest)
			return;
		state->cgroup_manager = CGROUP_MANAGER_SYSTEMD;
		state->cgroup_of_user = strcmp(place, "user") == 0;
		state->cgroup_name = name;
		state->cgroup_unit = rest;
		return;
	}
	made = strtoul(rest, &rest, 10);
	if (*rest++ != ':' || made > strlen(rest))
		return;
	state->cgroup_manager = CGROUP_MANAGER_FS;
	state->cgroup = rest;
	if (made > 0)
		state->cgroup_made = arena_strndup(arena, rest, made);
}

void cgroup_record(const struct cgroup *cgroup, struct state *state)
{
	if (cgroup->manager == CGROUP_MANAGER_NONE)
		return;
	state->cgroup = (char *)cgroup->path;
	state->cgroup_id = cgroup->id;
	state->cgroup_made = (char *)cgroup->made;
	state->cgroup_manager = cgroup->manager;
	state->cgroup_unit = (char *)cgroup->scope.unit;
	state->cgroup_of_user = cgroup->scope.user;
}

/* --- make ------------------------------------------------------------------------------------ */

/* Without those whose controller is not there: they were named as lost. */
static int apply_settings(const struct cgroup *cgroup, struct error **err)
{
	struct cgroup_settings there = cgroup->settings;

	there.items = arena_alloc(cgroup->arena, (there.count + 1) * sizeof(*there.items));
	if (!there.items)
		return error_set(err, ENOMEM, "linux.resources");
	there.count = 0;
	for (size_t i = 0; i < cgroup->settings.count; i++)
		if (cgroup_has_controller(cgroup, cgroup->settings.items[i].controller))
			there.items[there.count++] = cgroup->settings.items[i];
	if (cgroup_settings_apply(cgroup->fd, &there, false, err) < 0)
		return -1;
	return 0;
}

/* There may be no room for it (cgroup.max.descendants, cgroup.max.depth). */
static int make_directory(struct cgroup *cgroup, struct error **err)
{
	_cleanup_error_ struct error *error = NULL;

	if (cgroup_fs_make(cgroup, &error) == 0)
		return 0;
	if (!cgroup->optional || error->errnum != EAGAIN)
		return error_move(err, &error);
	log_debug("%s", error->message);
	return plan_none(cgroup, "its cgroup could not be made", "see --debug");
}

int cgroup_make(struct cgroup *cgroup, const char *name, int record_fd, struct error **err)
{
	cgroup->record_fd = record_fd;
	if (cgroup->manager == CGROUP_MANAGER_NONE)
		return 0;
	if (cgroup->manager == CGROUP_MANAGER_SYSTEMD) {
		if (scope_plan(cgroup->asked, name, cgroup->scope.user, cgroup->arena,
		               &cgroup->scope, err) < 0 ||
		    note_place(cgroup, err) < 0)
			return -1;
		return scope_connect(&cgroup->scope, cgroup->interrupt_fd, err);
	}
	if (cgroup_fs_name(cgroup, name, err) < 0 || note_place(cgroup, err) < 0)
		return -1;
	if (make_directory(cgroup, err) < 0)
		return -1;
	if (cgroup->manager == CGROUP_MANAGER_NONE)
		return 0;
	return note_id(cgroup, err) < 0 ? -1 : apply_settings(cgroup, err);
}

/* --- enter ----------------------------------------------------------------------------------- */

static int explain_move(const char *path, int errnum, struct error **err)
{
	error_set(err, errnum, "cannot put a process into cgroup %s", path);
	if (errnum == EACCES || errnum == EPERM)
		return error_hint(err, "the cgroup that it and we are in has to be delegated too: "
		                       "use --systemd-cgroup, or `systemd-run --user --scope`");
	return -1;
}

static int move_process(int fd, pid_t pid)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%d", pid);
	return cgroup_write(fd, "cgroup.procs", digits);
}

int cgroup_enter_begin(struct cgroup *cgroup, pid_t pid, bool cloned, struct error **err)
{
	if (cgroup->manager == CGROUP_MANAGER_NONE)
		return 0;
	if (cgroup->manager == CGROUP_MANAGER_SYSTEMD)
		return scope_start_begin(&cgroup->scope, pid, err);
	if (cloned || move_process(cgroup->fd, pid) == 0)
		return 0;
	return explain_move(cgroup->path, errno, err);
}

static int read_controllers(struct cgroup *cgroup, struct error **err)
{
	_cleanup_free_ char *controllers = NULL;

	if (cgroup_read(cgroup->fd, "cgroup.controllers", &controllers) < 0)
		return error_set(err, errno, "cgroup %s", cgroup->path);
	cgroup->controllers = arena_strdup(cgroup->arena, controllers);
	return cgroup->controllers ? 0 : error_set(err, ENOMEM, "cgroup %s", cgroup->path);
}

/*
 * Whether systemd can still give a controller that is missing: of those that Delegate= stands for,
 * what its own cgroup has.
 */
static bool can_come(const struct cgroup *cgroup)
{
	static const char delegated[] = "cpu cpuset io memory pids";
	_cleanup_free_ char *path = strndup(cgroup->path, scope_manager_length(cgroup->path));
	_cleanup_free_ char *controllers = NULL;
	_cleanup_fd_ int fd = path ? cgroup_open_at(cgroup->tree.fd, path) : -1;

	if (fd < 0 || cgroup_read(fd, "cgroup.controllers", &controllers) < 0)
		return false;
	for (size_t i = 0; i < cgroup->settings.count; i++) {
		const struct cgroup_setting *setting = &cgroup->settings.items[i];

		if (lacks(cgroup, setting) && cgroup_has_word(delegated, setting->controller) &&
		    cgroup_has_word(controllers, setting->controller))
			return true;
	}
	return false;
}

/* Return: 0, or -1 with *err when a signal asks to give up. */
static int pause_for_controllers(const struct cgroup *cgroup, struct error **err)
{
	struct pollfd interrupt = { .fd = cgroup->interrupt_fd, .events = POLLIN };

	return poll(&interrupt, 1, CONTROLLERS_POLL_MS) > 0
	               ? error_set(err, EINTR, "given up on a signal")
	               : 0;
}

/*
 * A scope that ends while this one begins has systemd (252) take controllers from the slice of both,
 * and give them back a moment later: until then they have no files here. The kernel shows one in
 * cgroup.controllers a while before and after its files are there.
 */
static int apply_in_scope(struct cgroup *cgroup, struct error **err)
{
	for (int waited = 0;; waited += CONTROLLERS_POLL_MS) {
		_cleanup_error_ struct error *error = NULL;
		const bool last_try = waited >= CONTROLLERS_TIMEOUT_MS;

		if (read_controllers(cgroup, err) < 0)
			return -1;
		if (last_try || !lacks_controllers(cgroup) || !can_come(cgroup)) {
			if (apply_settings(cgroup, &error) == 0)
				return 0;
			if (last_try || (error->errnum != ENOENT && error->errnum != ENODEV))
				return error_move(err, &error);
		}
		if (pause_for_controllers(cgroup, err) < 0)
			return -1;
	}
}

static int enter_scope(struct cgroup *cgroup, struct error **err)
{
	if (scope_start_end(&cgroup->scope, cgroup->arena, &cgroup->path, err) < 0)
		return -1;
	scope_close(&cgroup->scope);
	cgroup->fd = cgroup_open_at(cgroup->tree.fd, cgroup->path);
	cgroup->id = cgroup->fd < 0 ? 0 : cgroup_id(cgroup->fd);
	if (!cgroup->id)
		return error_set(err, errno, "cgroup %s", cgroup->path);
	return note_id(cgroup, err) < 0 ? -1 : apply_in_scope(cgroup, err);
}

static bool denies_devices(const struct resources *resources)
{
	for (size_t i = 0; i < resources->devices.count; i++)
		if (!resources->devices.items[i].allow)
			return true;
	return false;
}

int cgroup_enter_end(struct cgroup *cgroup, struct error **err)
{
	_cleanup_error_ struct error *why = NULL;

	if (cgroup->manager == CGROUP_MANAGER_NONE)
		return 0;
	if (cgroup->manager == CGROUP_MANAGER_SYSTEMD && enter_scope(cgroup, err) < 0)
		return -1;
	if (!cgroup->host_root || cgroup->resources->devices.count == 0)
		return 0;
	switch (cgroup_devices_attach(cgroup->fd, cgroup->resources, &why)) {
	case 0:
		return 0;
	case 1:
		if (denies_devices(cgroup->resources)) {
			error_hint(&why, "allow bpf(2), or leave out the rules that deny");
			return error_move(err, &why);
		}
		log_warning("%s", why->message);
		return 0;
	default:
		return error_move(err, &why);
	}
}

/* --- the end --------------------------------------------------------------------------------- */

void cgroup_undo(struct cgroup *cgroup)
{
	_cleanup_error_ struct error *error = NULL;
	struct state state = { 0 };

	scope_close(&cgroup->scope);
	cgroup_record(cgroup, &state);
	state.cgroup_name = (char *)cgroup->scope.name;
	/* Nothing has been asked for: systemd need not be asked about it. */
	if (cgroup->scope.pid == 0)
		state.cgroup_unit = NULL;
	/* With cgroupfs it is ours from the moment that it was made or found empty. */
	if (cgroup->manager == CGROUP_MANAGER_NONE ||
	    (cgroup->manager == CGROUP_MANAGER_FS && cgroup->fd < 0 && !cgroup->made))
		return;
	if (cgroup_remove(&state, UNDO_TIMEOUT_MS, &error) < 0)
		log_warning("%s", error->message);
}

void cgroup_close(struct cgroup *cgroup)
{
	cgroup_tree_close(&cgroup->tree);
	scope_close(&cgroup->scope);
	close_fd(&cgroup->fd);
}

/* --- by the state ---------------------------------------------------------------------------- */

int cgroup_open(const struct state *state, int *fd, struct error **err)
{
	_cleanup_cgroup_tree_ struct cgroup_tree tree = CGROUP_TREE_INIT;
	_cleanup_fd_ int found = -1;
	uint64_t id;

	*fd = -1;
	if (!state->cgroup || !state->cgroup_id)
		return 0;
	if (cgroup_tree_open(&tree, err) < 0)
		return -1;
	found = cgroup_open_closed_at(tree.fd, state->cgroup);
	if (found < 0 && errno == ENOENT)
		return 0;
	id = found < 0 ? 0 : cgroup_id(found);
	if (!id)
		return error_set(err, errno, "cgroup %s", state->cgroup);
	if (id == state->cgroup_id)
		*fd = take_fd(&found);
	return 0;
}

/* The cgroup above @path. */
static const char *parent_of(const char *path, struct arena *arena)
{
	const char *last = strrchr(path, '/');

	return last && last > path ? arena_strndup(arena, path, (size_t)(last - path)) : "/";
}

int cgroup_enable(const struct state *state, const struct cgroup_settings *settings,
                  struct arena *arena, struct error **err)
{
	struct cgroup cgroup = CGROUP_INIT;
	int result;

	if (state->cgroup_manager != CGROUP_MANAGER_FS || !state->cgroup || settings->count == 0)
		return 0;
	cgroup.arena = arena;
	cgroup.manager = CGROUP_MANAGER_FS;
	cgroup.path = state->cgroup;
	cgroup.settings = *settings;
	cgroup.base = parent_of(state->cgroup_made ? state->cgroup_made : state->cgroup, arena);
	if (!cgroup.base)
		return error_set(err, ENOMEM, "cgroup %s", state->cgroup);
	if (cgroup_tree_open(&cgroup.tree, err) < 0)
		return -1;
	result = cgroup_fs_enable(&cgroup, err);
	cgroup_tree_close(&cgroup.tree);
	return result;
}

int cgroup_join(const struct state *state, int fd, const char *below, pid_t pid, struct error **err)
{
	if (move_process(fd, pid) == 0)
		return 0;
	/* From the scope of a login session only systemd may move it. */
	if (state->cgroup_manager == CGROUP_MANAGER_SYSTEMD && state->cgroup_unit &&
	    (errno == EACCES || errno == EPERM))
		return scope_attach(state->cgroup_unit, state->cgroup_of_user, below, pid, err);
	return explain_move(state->cgroup, errno, err);
}

/* Whether systemd has removed the cgroup, as it does when the last process has ended. */
static bool is_forgotten(int fd)
{
	for (int i = 0; i < FORGOTTEN_TRIES; i++) {
		if (faccessat(fd, "cgroup.procs", F_OK, 0) < 0 && errno != EACCES)
			return true;
		poll(NULL, 0, FORGOTTEN_PAUSE_MS);
	}
	return false;
}

/*
 * systemd forgets a scope that has become empty, and another container can have one of that name by
 * now: only the cgroup's id tells. A creation that died before it knew the id goes by the name.
 * Mostly a moment's patience is all that it takes, which is cheaper than talking.
 * @fd:	its cgroup, -1: gone, or not known
 */
static int stop_scope(const struct state *state, int fd, int timeout_ms, struct error **err)
{
	const bool is_there = fd >= 0;

	if (!state->cgroup_unit || (!is_there && (state->cgroup_id || !state->cgroup_name)))
		return 0;
	/* Without a systemd there is no unit of its. */
	if (!is_there && !scope_available(state->cgroup_of_user))
		return 0;
	if (is_there && is_forgotten(fd))
		return 0;
	return scope_stop(state->cgroup_unit, state->cgroup_of_user,
	                  is_there ? NULL : state->cgroup_name,
	                  is_there ? BUS_TIMEOUT_MS : timeout_ms, err);
}

/*
 * Kill what is in it, and remove what is below. What the container has closed to us a caller can have
 * seen to (container/as-owner.h); if not, the cgroup cannot be removed, and that is said.
 */
static int empty(const struct state *state, int fd, int timeout_ms, struct error **err)
{
	_cleanup_error_ struct error *error = NULL;

	if (cgroup_kill(fd, timeout_ms, &error) == 0 &&
	    (state->cgroup_manager != CGROUP_MANAGER_SYSTEMD ||
	     cgroup_clear(fd, timeout_ms, &error) == 0))
		return 0;
	return error->errnum == EACCES || error->errnum == EPERM ? 0 : error_move(err, &error);
}

int cgroup_remove(const struct state *state, int timeout_ms, struct error **err)
{
	_cleanup_cgroup_tree_ struct cgroup_tree tree = CGROUP_TREE_INIT;
	_cleanup_fd_ int fd = -1;

	if (state->cgroup && state->cgroup_id) {
		if (cgroup_open(state, &fd, err) < 0)
			return -1;
		if (fd >= 0 && empty(state, fd, timeout_ms, err) < 0)
			return -1;
	}
	if (state->cgroup_manager == CGROUP_MANAGER_SYSTEMD)
		return stop_scope(state, fd, timeout_ms, err);
	if (!state->cgroup)
		return 0;
	if (cgroup_tree_open(&tree, err) < 0)
		return -1;
	return cgroup_fs_remove(&tree, state, fd, timeout_ms, err);
}
