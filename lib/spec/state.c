/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: two tables. state.json is ours: it is read back, so its table says what is
 * required. What users, engines and hooks see is the spec's state, made from a second struct, so
 * that the status, which is never stored, has a member to be written from.
 */
#include "spec/state.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/syscalls.h"
#include "spec/json.h"
#include "spec/names.h"
#include "spec/tables.h"

#define FIELDS (const struct json_field[])

static const struct name_value status_names[] = {
	{ "creating", STATUS_CREATING }, { "created", STATUS_CREATED },
	{ "running", STATUS_RUNNING },   { "paused", STATUS_PAUSED },
	{ "stopped", STATUS_STOPPED },   { NULL, 0 },
};

static const struct name_value clone_flag_names[] = {
	{ "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "mount", CLONE_NEWNS },
	{ "network", CLONE_NEWNET },   { "pid", CLONE_NEWPID }, { "time", CLONE_NEWTIME },
	{ "user", CLONE_NEWUSER },     { "uts", CLONE_NEWUTS }, { NULL, 0 },
};

static const struct name_value cgroup_manager_names[] = {
	{ "none", CGROUP_MANAGER_NONE },
	{ "cgroupfs", CGROUP_MANAGER_FS },
	{ "systemd", CGROUP_MANAGER_SYSTEMD },
	{ NULL, 0 },
};

/* clang-format off */
const struct json_table state_table = {
	.fields = FIELDS{
		{ "id", FIELD_STRING, JSON_MEMBER(struct state, id), .flags = FIELD_REQUIRED },
		{ "ociVersion", FIELD_STRING, JSON_MEMBER(struct state, oci_version),
		  .flags = FIELD_REQUIRED },
		{ "pid", FIELD_SIGNED, JSON_MEMBER(struct state, pid), .flags = FIELD_REQUIRED },
		{ "startTime", FIELD_UNSIGNED, JSON_MEMBER(struct state, start_time),
		  .flags = FIELD_REQUIRED },
		{ "bundle", FIELD_STRING, JSON_MEMBER(struct state, bundle),
		  .flags = FIELD_REQUIRED },
		{ "rootfs", FIELD_STRING, JSON_MEMBER(struct state, rootfs),
		  .flags = FIELD_REQUIRED },
		{ "created", FIELD_STRING, JSON_MEMBER(struct state, created),
		  .flags = FIELD_REQUIRED },
		{ "owner", FIELD_STRING, JSON_MEMBER(struct state, owner),
		  .flags = FIELD_REQUIRED },
		{ "ownerUid", FIELD_UNSIGNED, JSON_MEMBER(struct state, owner_uid),
		  .flags = FIELD_REQUIRED },
		{ "namespaces", FIELD_FLAGS, JSON_MEMBER(struct state, namespaces),
		  .names = clone_flag_names, .flags = FIELD_REQUIRED },
		{ "mountNamespace", FIELD_UNSIGNED, JSON_MEMBER(struct state, mount_namespace) },
		{ "mountNamespaceId", FIELD_UNSIGNED,
		  JSON_MEMBER(struct state, mount_namespace_id) },
		{ "pidNamespace", FIELD_UNSIGNED, JSON_MEMBER(struct state, pid_namespace) },
		{ "terminal", FIELD_BOOL, JSON_MEMBER(struct state, terminal) },
		{ "network", FIELD_STRING, JSON_MEMBER(struct state, network) },
		{ "networkHelper", FIELD_SIGNED, JSON_MEMBER(struct state, network_helper) },
		{ "networkHelperStart", FIELD_UNSIGNED,
		  JSON_MEMBER(struct state, network_helper_start) },
		{ "ports", FIELD_STRINGS, JSON_MEMBER(struct state, ports) },
		{ "cgroup", FIELD_STRING, JSON_MEMBER(struct state, cgroup) },
		{ "cgroupId", FIELD_UNSIGNED, JSON_MEMBER(struct state, cgroup_id) },
		{ "cgroupMade", FIELD_STRING, JSON_MEMBER(struct state, cgroup_made) },
		{ "cgroupManager", FIELD_ENUM, JSON_MEMBER(struct state, cgroup_manager),
		  .names = cgroup_manager_names },
		{ "cgroupUnit", FIELD_STRING, JSON_MEMBER(struct state, cgroup_unit) },
		{ "cgroupOfUser", FIELD_BOOL, JSON_MEMBER(struct state, cgroup_of_user) },
		{ "annotations", FIELD_STRING_MAP, JSON_MEMBER(struct state, annotations) },
		{ NULL },
	},
};
/* clang-format on */

/* runtime.md, "State", and what runc adds to it. */
struct oci_state {
	const char *oci_version;
	const char *id;
	pid_t pid;
	int status;
	const char *bundle;
	const char *rootfs;
	const char *created;
	struct string_map annotations;
	const char *owner;
};

/* clang-format off */
static const struct json_table oci_state_table = {
	.size = sizeof(struct oci_state),
	.fields = FIELDS{
		{ "ociVersion", FIELD_STRING, JSON_MEMBER(struct oci_state, oci_version) },
		{ "id", FIELD_STRING, JSON_MEMBER(struct oci_state, id) },
		{ "pid", FIELD_SIGNED, JSON_MEMBER(struct oci_state, pid), .flags = FIELD_ALWAYS },
		{ "status", FIELD_ENUM, JSON_MEMBER(struct oci_state, status),
		  .names = status_names },
		{ "bundle", FIELD_STRING, JSON_MEMBER(struct oci_state, bundle) },
		{ "rootfs", FIELD_STRING, JSON_MEMBER(struct oci_state, rootfs) },
		{ "created", FIELD_STRING, JSON_MEMBER(struct oci_state, created) },
		{ "annotations", FIELD_STRING_MAP, JSON_MEMBER(struct oci_state, annotations) },
		{ "owner", FIELD_STRING, JSON_MEMBER(struct oci_state, owner) },
		{ NULL },
	},
};
/* clang-format on */

struct process_state {
	const char *oci_version;
	struct strings fds;
	pid_t pid;
	const char *metadata;
	struct oci_state state;
};

/* clang-format off */
static const struct json_table process_state_table = {
	.fields = FIELDS{
		{ "ociVersion", FIELD_STRING, JSON_MEMBER(struct process_state, oci_version) },
		{ "fds", FIELD_STRINGS, JSON_MEMBER(struct process_state, fds) },
		{ "pid", FIELD_SIGNED, JSON_MEMBER(struct process_state, pid),
		  .flags = FIELD_ALWAYS },
		{ "metadata", FIELD_STRING, JSON_MEMBER(struct process_state, metadata) },
		{ "state", FIELD_OBJECT, JSON_MEMBER(struct process_state, state),
		  .table = &oci_state_table },
		{ NULL },
	},
};
/* clang-format on */

const char *container_status_name(enum container_status status)
{
	return name_of(status_names, status);
}

char *state_format(const struct state *state, struct error **err)
{
	return json_encode(&state_table, state, JSON_STYLE_INDENTED, err);
}

int state_parse(const char *text, size_t length, struct arena *arena, struct state *state,
                struct error **err)
{
	const char *origin = "state.json";
	struct state result = { 0 };

	if (json_decode(&state_table, text, length, origin, arena, &result, err) < 0)
		return -1;
	/* A negative pid would address a process group, or everybody, when it is signalled. */
	if (result.pid < 0)
		return error_set(err, 0, "%s: pid: %d is no process", origin, result.pid);
	if (result.id[0] == '\0')
		return error_set(err, 0, "%s: id: empty", origin);
	*state = result;
	return 0;
}

static struct oci_state oci_state_of(const struct state *state, enum container_status status)
{
	return (struct oci_state){
		.oci_version = SPEC_VERSION,
		.id = state->id,
		.pid = status == STATUS_STOPPED ? 0 : state->pid,
		.status = (int)status,
		.bundle = state->bundle,
		.rootfs = state->rootfs,
		.created = state->created,
		.annotations = state->annotations,
		.owner = state->owner,
	};
}

char *state_format_oci(const struct state *state, enum container_status status, struct error **err)
{
	struct oci_state oci_state = oci_state_of(state, status);

	return json_encode(&oci_state_table, &oci_state, JSON_STYLE_INDENTED, err);
}

char *state_format_hook(const struct state *state, enum container_status status, struct error **err)
{
	struct oci_state oci_state = oci_state_of(state, status);

	return json_encode(&oci_state_table, &oci_state, JSON_STYLE_COMPACT, err);
}

char *state_format_process(const struct state *state, enum container_status status, pid_t pid,
                           const char *metadata, struct error **err)
{
	char *fds[] = { (char *)"seccompFd" };
	const struct process_state process = {
		.oci_version = SPEC_VERSION,
		.fds = { fds, ARRAY_SIZE(fds) },
		.pid = pid,
		.metadata = metadata,
		.state = oci_state_of(state, status),
	};

	return json_encode(&process_state_table, &process, JSON_STYLE_COMPACT, err);
}

char *state_format_list(const struct state *states, const enum container_status *statuses,
                        size_t count, struct error **err)
{
	/* One more, so that an empty list is no allocation of nothing. */
	_cleanup_free_ struct oci_state *list = calloc(count + 1, sizeof(*list));

	if (!list) {
		error_set(err, ENOMEM, "cannot list %zu containers", count);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		list[i] = oci_state_of(&states[i], statuses[i]);
	return json_encode_array(&oci_state_table, list, count, JSON_STYLE_COMPACT, err);
}
