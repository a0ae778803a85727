/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public API (rootlet.h) over the verbs: errors change their type here, nothing else happens.
 */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "container/verbs.h"
#include "init/sealed.h"
#include "net/plan.h"
#include "rootfs/options.h"
#include "rootlet.h"
#include "spec/default.h"
#include "spec/features.h"

/* Hand the library's error over to the caller. Returns -1. */
static int give(struct rootlet_error *to, struct error **from)
{
	if (to && *from)
		*to = (struct rootlet_error){
			.errnum = (*from)->errnum,
			.status = (*from)->status,
			.message = strdup((*from)->message),
		};
	error_clear(from);
	return -1;
}

static int result_of(int result, struct rootlet_error *to, struct error **from)
{
	return result < 0 ? give(to, from) : result;
}

void rootlet_error_clear(struct rootlet_error *error)
{
	free(error->message);
	*error = (struct rootlet_error){ 0 };
}

void rootlet_log_setup(int fd, enum rootlet_log_format format, enum rootlet_log_level level)
{
	log_setup(fd, format == ROOTLET_LOG_JSON ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT,
	          (enum log_level)level);
}

int rootlet_protect_executable(char *const *argv, struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(sealed_ensure(argv, &err), error, &err);
}

int rootlet_create(const struct rootlet_context *context, const char *id,
                   const struct rootlet_create_options *options, struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_create(context, id, options, &err), error, &err);
}

int rootlet_run(const struct rootlet_context *context, const char *id,
                const struct rootlet_create_options *options, struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_run(context, id, options, &err), error, &err);
}

int rootlet_start(const struct rootlet_context *context, const char *id,
                  struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_start(context, id, &err), error, &err);
}

int rootlet_state(const struct rootlet_context *context, const char *id, char **json,
                  struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_state(context, id, json, &err), error, &err);
}

int rootlet_mounts_add(const struct rootlet_context *context, const char *id, const char *file,
                       struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_mounts(context, id, file, false, &err), error, &err);
}

int rootlet_mounts_remove(const struct rootlet_context *context, const char *id, const char *file,
                          struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_mounts(context, id, file, true, &err), error, &err);
}

int rootlet_ports(const struct rootlet_context *context, const char *id, struct rootlet_port **list,
                  size_t *count, struct rootlet_error *error)
{
	_cleanup_ports_ struct net_ports ports = { 0 };
	struct error *err = NULL;

	if (verb_ports(context, id, &ports, &err) < 0)
		return give(error, &err);
	*list = calloc(ports.count + 1, sizeof(**list));
	if (!*list) {
		error_set(&err, ENOMEM, "the ports of container \"%s\"", id);
		return give(error, &err);
	}
	for (size_t i = 0; i < ports.count; i++) {
		const struct net_port *port = &ports.items[i];
		struct rootlet_port *shown = &(*list)[i];

		inet_ntop(port->family, port->address, shown->host_ip, sizeof(shown->host_ip));
		shown->udp = port->protocol == IPPROTO_UDP;
		shown->host_port = port->host_port;
		shown->container_port = port->container_port;
	}
	*count = ports.count;
	return 0;
}

int rootlet_port_add(const struct rootlet_context *context, const char *id, const char *spec,
                     struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_port_change(context, id, spec, false, &err), error, &err);
}

int rootlet_port_remove(const struct rootlet_context *context, const char *id, const char *spec,
                        struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_port_change(context, id, spec, true, &err), error, &err);
}

int rootlet_kill(const struct rootlet_context *context, const char *id, const char *signal,
                 bool all, struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_kill(context, id, signal, all, &err), error, &err);
}

int rootlet_pause(const struct rootlet_context *context, const char *id,
                  struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_pause(context, id, &err), error, &err);
}

int rootlet_resume(const struct rootlet_context *context, const char *id,
                   struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_resume(context, id, &err), error, &err);
}

int rootlet_delete(const struct rootlet_context *context, const char *id, bool force,
                   struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_delete(context, id, force, &err), error, &err);
}

int rootlet_exec(const struct rootlet_context *context, const char *id,
                 const struct rootlet_exec_options *options, struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_exec(context, id, options, &err), error, &err);
}

int rootlet_update(const struct rootlet_context *context, const char *id,
                   const struct rootlet_update_options *options, struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_update(context, id, options, &err), error, &err);
}

int rootlet_events(const struct rootlet_context *context, const char *id,
                   const struct rootlet_events_options *options, rootlet_line_function print,
                   void *data, struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_events(context, id, options, print, data, &err), error, &err);
}

int rootlet_pids(const struct rootlet_context *context, const char *id, pid_t **pids, size_t *count,
                 struct rootlet_error *error)
{
	struct error *err = NULL;

	return result_of(verb_pids(context, id, pids, count, &err), error, &err);
}

/* Load the list into an arena of its own. */
static int load_list(const struct rootlet_context *context, struct arena **arena,
                     struct state_list *list, struct error **err)
{
	*arena = arena_new();
	if (!*arena)
		return error_set(err, ENOMEM, "the list of containers");
	return verb_list(context, *arena, list, err);
}

int rootlet_list(const struct rootlet_context *context, struct rootlet_list *list,
                 struct rootlet_error *error)
{
	struct error *err = NULL;
	struct arena *arena = NULL;
	struct state_list states;

	*list = (struct rootlet_list){ 0 };
	if (load_list(context, &arena, &states, &err) == 0)
		list->items = arena_alloc(arena, (states.count + 1) * sizeof(*list->items));
	if (!list->items) {
		if (!err)
			error_set(&err, ENOMEM, "the list of containers");
		arena_free(&arena);
		return give(error, &err);
	}
	for (size_t i = 0; i < states.count; i++) {
		const struct state *state = &states.states[i];

		list->items[i] = (struct rootlet_container){
			.id = state->id,
			.pid = states.statuses[i] == STATUS_STOPPED ? 0 : state->pid,
			.status = container_status_name(states.statuses[i]),
			.bundle = state->bundle,
			.created = state->created,
			.owner = state->owner,
		};
	}
	list->count = states.count;
	list->storage = arena;
	return 0;
}

void rootlet_list_clear(struct rootlet_list *list)
{
	struct arena *arena = list->storage;

	arena_free(&arena);
	*list = (struct rootlet_list){ 0 };
}

int rootlet_list_json(const struct rootlet_context *context, char **json,
                      struct rootlet_error *error)
{
	struct error *err = NULL;
	_cleanup_arena_ struct arena *arena = NULL;
	struct state_list states;

	if (load_list(context, &arena, &states, &err) < 0)
		return give(error, &err);
	*json = state_format_list(states.states, states.statuses, states.count, &err);
	return *json ? 0 : give(error, &err);
}

static bool has_cgroup2(void)
{
	static const char *const places[] = { "/sys/fs/cgroup/cgroup.controllers",
		                              "/sys/fs/cgroup/unified/cgroup.controllers" };

	return access(places[0], F_OK) == 0 || access(places[1], F_OK) == 0;
}

int rootlet_spec(bool rootless, char **json, struct rootlet_error *error)
{
	const struct spec_options options = {
		.rootless = rootless,
		.uid = geteuid(),
		.gid = getegid(),
		.cgroup2 = has_cgroup2(),
		.network = net_available(),
	};
	struct error *err = NULL;

	*json = spec_default(&options, &err);
	return *json ? 0 : give(error, &err);
}

int rootlet_features(char **json, struct rootlet_error *error)
{
	struct error *err = NULL;

	*json = features_format(mount_option_names(), &err);
	return *json ? 0 : give(error, &err);
}
