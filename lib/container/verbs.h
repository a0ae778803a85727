/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle verbs (runtime.md, "Operations"); rootlet.h documents them as its functions do. */
#pragma once

#include "base/error.h"
#include "net/ports.h"
#include "rootlet.h"
#include "spec/state.h"

int verb_create(const struct rootlet_context *context, const char *id,
                const struct rootlet_create_options *options, struct error **err);
int verb_run(const struct rootlet_context *context, const char *id,
             const struct rootlet_create_options *options, struct error **err);
int verb_start(const struct rootlet_context *context, const char *id, struct error **err);
int verb_state(const struct rootlet_context *context, const char *id, char **json,
               struct error **err);
int verb_kill(const struct rootlet_context *context, const char *id, const char *signal, bool all,
              struct error **err);
int verb_pause(const struct rootlet_context *context, const char *id, struct error **err);
int verb_resume(const struct rootlet_context *context, const char *id, struct error **err);
int verb_delete(const struct rootlet_context *context, const char *id, bool force,
                struct error **err);
/* What `run` knows of the container that it has made. */
struct own_container {
	const struct state *state;
	const struct hooks *hooks;
};

/*
 * As verb_delete(), but only when the container of that id is the one whose init is in @own: an
 * id can be taken again. NULL: whichever it is.
 */
int container_delete(const struct rootlet_context *context, const char *id, bool force,
                     const struct own_container *own, struct error **err);
int verb_exec(const struct rootlet_context *context, const char *id,
              const struct rootlet_exec_options *options, struct error **err);
int verb_mounts(const struct rootlet_context *context, const char *id, const char *path,
                bool remove, struct error **err);
/* @spec: as --publish has it. */
int verb_port_change(const struct rootlet_context *context, const char *id, const char *spec,
                     bool remove, struct error **err);
/* The ports that are published; the caller releases them with net_ports_free(). */
int verb_ports(const struct rootlet_context *context, const char *id, struct net_ports *ports,
               struct error **err);
int verb_update(const struct rootlet_context *context, const char *id,
                const struct rootlet_update_options *options, struct error **err);
int verb_events(const struct rootlet_context *context, const char *id,
                const struct rootlet_events_options *options, rootlet_line_function print,
                void *data, struct error **err);
int verb_pids(const struct rootlet_context *context, const char *id, pid_t **pids, size_t *count,
              struct error **err);

/* All containers, sorted by id; strings live in @arena. Broken ones are there as stopped. */
struct state_list {
	struct state *states;
	enum container_status *statuses;
	size_t count;
};

int verb_list(const struct rootlet_context *context, struct arena *arena, struct state_list *list,
              struct error **err);
