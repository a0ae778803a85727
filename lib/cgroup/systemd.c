/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a scope is made by StartTransientUnit with the container's first process in
 * it. When its job is done systemd has made the cgroup, delegated it, written the limits and moved
 * the process; where the user's systemd may not move it, because it comes from a login session's
 * scope, it asks the system's, which is why this works from ssh.
 *
 * What we make does not outlive the container's processes: with CollectMode=inactive-or-failed
 * systemd drops the unit as soon as its cgroup has become empty, whatever became of us. Stopping it
 * is for processes that linger, and for one case more: a process that died in the moment before it
 * was moved, and that its parent has not reaped yet. The kernel takes its pid and moves nothing;
 * the scope has never had a process then, and systemd does not notice that it is empty.
 *
 * Properties that an older systemd does not know are marked (recent): when it refuses the request
 * it gets the same without them, and the files that are written afterwards do what they can.
 */
#include "cgroup/systemd.h"

#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "base/proc.h"
#include "cgroup/tree.h"

#define ERROR_UNIT_EXISTS  "org.freedesktop.systemd1.UnitExists"
#define ERROR_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"

/* A unit of that name whose last process has just ended is on its way out. */
#define EXISTS_RETRIES  20
#define EXISTS_PAUSE_MS 50

int scope_limit(struct scope *scope, const struct cgroup_settings *settings,
                const struct resources *devices, const struct string_map *annotations,
                struct arena *arena, struct error **err)
{
	struct unit_properties *properties = &scope->properties;

	*properties = (struct unit_properties){ 0 };
	if (unit_properties_add_settings(settings, arena, properties, err) < 0)
		return -1;
	if (devices && unit_properties_add_devices(devices->devices.items, devices->devices.count,
	                                           arena, properties, err) < 0)
		return -1;
	return annotations ? unit_properties_add_annotations(annotations, arena, properties, err)
	                   : 0;
}

bool scope_available(bool user)
{
	return bus_available(user);
}

int scope_explain_absence(bool user, struct error **err)
{
	return bus_explain_absence(user, err);
}

int scope_connect(struct scope *scope, int interrupt_fd, struct error **err)
{
	return bus_connect(scope->user, BUS_TIMEOUT_MS, interrupt_fd, &scope->bus, err);
}

void scope_close(struct scope *scope)
{
	bus_close(&scope->bus);
}

/* --- messages -------------------------------------------------------------------------------- */

static const char *const signatures[] = {
	[PROPERTY_BOOL] = "b",
	[PROPERTY_INT32] = "i",
	[PROPERTY_UINT32] = "u",
	[PROPERTY_INT64] = "x",
	[PROPERTY_UINT64] = "t",
	[PROPERTY_STRING] = "s",
	[PROPERTY_STRINGS] = "as",
	[PROPERTY_BYTES] = "ay",
	[PROPERTY_DEVICE_NUMBERS] = "a(st)",
	[PROPERTY_DEVICE_STRINGS] = "a(ss)",
};

static int append_items(const struct sd_bus_library *library, sd_bus_message *message,
                        const struct unit_property *property)
{
	int n = library->message_open_container(message, 'a', signatures[property->type] + 1);

	for (size_t i = 0; i < property->count && n >= 0; i++) {
		const struct property_item *item = &property->items[i];

		if (property->type == PROPERTY_STRINGS)
			n = library->message_append(message, "s", item->text);
		else if (property->type == PROPERTY_DEVICE_NUMBERS)
			n = library->message_append(message, "(st)", item->text, item->number);
		else
			n = library->message_append(message, "(ss)", item->text, item->more);
	}
	return n < 0 ? n : library->message_close_container(message);
}

static int append_value(const struct sd_bus_library *library, sd_bus_message *message,
                        const struct unit_property *property)
{
	const char *signature = signatures[property->type];

	switch (property->type) {
	case PROPERTY_BOOL:
	case PROPERTY_INT32:
	case PROPERTY_UINT32:
		return library->message_append(message, signature, (uint32_t)property->number);
	case PROPERTY_INT64:
	case PROPERTY_UINT64:
		return library->message_append(message, signature, property->number);
	case PROPERTY_STRING:
		return library->message_append(message, signature, property->text);
	case PROPERTY_BYTES:
		return library->message_append_array(message, 'y', property->text, property->size);
	default:
		return append_items(library, message, property);
	}
}

static int append_property(const struct sd_bus_library *library, sd_bus_message *message,
                           const struct unit_property *property)
{
	int n = library->message_open_container(message, 'r', "sv");

	if (n >= 0)
		n = library->message_append(message, "s", property->name);
	if (n >= 0)
		n = library->message_open_container(message, 'v', signatures[property->type]);
	if (n >= 0)
		n = append_value(library, message, property);
	if (n >= 0)
		n = library->message_close_container(message);
	return n < 0 ? n : library->message_close_container(message);
}

static int append_properties(const struct sd_bus_library *library, sd_bus_message *message,
                             const struct unit_properties *properties, bool recent)
{
	int n = 0;

	for (size_t i = 0; i < properties->count && n >= 0; i++)
		if (recent || !properties->items[i].recent)
			n = append_property(library, message, &properties->items[i]);
	return n;
}

static bool has_recent(const struct unit_properties *properties)
{
	for (size_t i = 0; i < properties->count; i++)
		if (properties->items[i].recent)
			return true;
	return false;
}

/* A call of a method that takes a unit's name and perhaps a mode; the answer is waited for. */
static int call_unit(struct bus *bus, const char *method, const char *unit, const char *mode,
                     const char **name, struct error **err)
{
	sd_bus_message *message = NULL;
	int n;

	*name = "";
	if (bus_message(bus, method, &message, err) < 0)
		return -1;
	n = bus->library.message_append(message, mode ? "ss" : "s", unit, mode);
	if (bus_message_end(bus, &message, n, err) < 0)
		return -1;
	return bus_answer(bus, name, err);
}

/* --- start ----------------------------------------------------------------------------------- */

static int append_own_properties(const struct sd_bus_library *library, sd_bus_message *message,
                                 const struct scope *scope, bool optional)
{
	_cleanup_free_ char *description = NULL;
	int n;

	if (asprintf(&description, SCOPE_DESCRIPTION, scope->name) < 0)
		return -ENOMEM;
	/* Not stopped at shutdown before the engine that watches over it, as with runc and crun. */
	n = library->message_append(message, "(sv)(sv)(sv)(sv)(sv)", "Description", "s",
	                            description, "PIDs", "au", 1, (uint32_t)scope->pid, "Delegate",
	                            "b", 1, "DefaultDependencies", "b", 0, "CollectMode", "s",
	                            "inactive-or-failed");
	/* For `systemctl status`; newer versions have some of it always, and may drop the switch. */
	if (n >= 0 && optional)
		n = library->message_append(message, "(sv)(sv)(sv)(sv)", "CPUAccounting", "b", 1,
		                            "MemoryAccounting", "b", 1, "TasksAccounting", "b", 1,
		                            "IOAccounting", "b", 1);
	if (n >= 0 && scope->slice)
		n = library->message_append(message, "(sv)", "Slice", "s", scope->slice);
	return n;
}

static int send_start(struct scope *scope, bool optional, struct error **err)
{
	struct bus *bus = scope->bus;
	const struct sd_bus_library *library = &bus->library;
	sd_bus_message *message = NULL;
	int n;

	if (bus_message(bus, "StartTransientUnit", &message, err) < 0)
		return -1;
	n = library->message_append(message, "ss", scope->unit, "replace");
	if (n >= 0)
		n = library->message_open_container(message, 'a', "(sv)");
	if (n >= 0)
		n = append_own_properties(library, message, scope, optional);
	if (n >= 0)
		n = append_properties(library, message, &scope->properties, optional);
	if (n >= 0)
		n = library->message_close_container(message);
	if (n >= 0)
		n = library->message_append(message, "a(sa(sv))", 0);
	return bus_message_end(bus, &message, n, err);
}

int scope_start_begin(struct scope *scope, pid_t pid, struct error **err)
{
	scope->pid = pid;
	if (!scope->bus && scope_connect(scope, -1, err) < 0)
		return -1;
	return send_start(scope, true, err);
}

static int say_taken(const struct scope *scope, struct error **err)
{
	error_set(err, 0, "there is a unit %s already", scope->unit);
	return error_hint(err, "delete that container, or choose another linux.cgroupsPath");
}

/*
 * The answer to StartTransientUnit, which is sent again in two cases: without the properties that
 * not every systemd has, and while a unit of the same name goes away.
 */
static int start_answer(struct scope *scope, struct error **err)
{
	bool optional = true;

	for (int tries = 0;;) {
		_cleanup_error_ struct error *error = NULL;
		const char *name, *ignored;

		if (bus_answer(scope->bus, &name, &error) == 0)
			return 0;
		if (strcmp(name, ERROR_UNIT_EXISTS) == 0) {
			if (tries++ == EXISTS_RETRIES)
				return say_taken(scope, err);
			call_unit(scope->bus, "ResetFailedUnit", scope->unit, NULL, &ignored, NULL);
			poll(NULL, 0, EXISTS_PAUSE_MS);
		} else if (*name && optional) {
			optional = false;
			log_debug("%s; once more with fewer properties", error->message);
		} else {
			return error_move(err, &error);
		}
		if (send_start(scope, optional, err) < 0)
			return -1;
	}
}

/* systemd puts '_' in front of names that would be files of the cgroup above. */
static bool is_in_unit(const char *path, const char *unit)
{
	const char *last = strrchr(path, '/');

	if (!last)
		return false;
	last += 1 + (last[1] == '_' && unit[0] != '_');
	return strcmp(last, unit) == 0;
}

static int find_path(const struct scope *scope, struct arena *arena, const char **path,
                     struct error **err)
{
	_cleanup_fd_ int proc_fd = proc_open(err);

	if (proc_fd < 0)
		return -1;
	*path = cgroup_path_of(proc_fd, scope->pid, arena, err);
	if (!*path)
		return -1;
	if (is_in_unit(*path, scope->unit))
		return 0;
	return error_set(err, 0, "systemd has left process %d in cgroup %s, outside of %s",
	                 scope->pid, *path, scope->unit);
}

int scope_start_end(struct scope *scope, struct arena *arena, const char **path, struct error **err)
{
	if (start_answer(scope, err) < 0 || bus_job(scope->bus, scope->unit, err) < 0)
		return -1;
	return find_path(scope, arena, path, err);
}

/* --- afterwards ------------------------------------------------------------------------------ */

static int set_properties(struct bus *bus, const char *unit,
                          const struct unit_properties *properties, bool recent, const char **name,
                          struct error **err)
{
	const struct sd_bus_library *library = &bus->library;
	sd_bus_message *message = NULL;
	int n;

	*name = "";
	if (bus_message(bus, "SetUnitProperties", &message, err) < 0)
		return -1;
	n = library->message_append(message, "sb", unit, 1);
	if (n >= 0)
		n = library->message_open_container(message, 'a', "(sv)");
	if (n >= 0)
		n = append_properties(library, message, properties, recent);
	if (n >= 0)
		n = library->message_close_container(message);
	if (bus_message_end(bus, &message, n, err) < 0)
		return -1;
	return bus_answer(bus, name, err);
}

int scope_update(const char *unit, bool user, const struct cgroup_settings *settings,
                 struct arena *arena, struct error **err)
{
	struct unit_properties properties = { 0 };
	_cleanup_error_ struct error *error = NULL;
	_cleanup_bus_ struct bus *bus = NULL;
	const char *name;

	if (unit_properties_add_settings(settings, arena, &properties, err) < 0)
		return -1;
	if (properties.count == 0)
		return 0;
	if (bus_connect(user, BUS_TIMEOUT_MS, -1, &bus, err) < 0)
		return -1;
	if (set_properties(bus, unit, &properties, true, &name, &error) == 0)
		return 0;
	if (!*name || !has_recent(&properties))
		return error_move(err, &error);
	return set_properties(bus, unit, &properties, false, &name, err);
}

int scope_attach(const char *unit, bool user, const char *subcgroup, pid_t pid, struct error **err)
{
	_cleanup_bus_ struct bus *bus = NULL;
	_cleanup_free_ char *path = NULL;
	sd_bus_message *message = NULL;
	int n;

	/* Absolute, but from the unit's cgroup. */
	subcgroup += strspn(subcgroup, "/");
	if (asprintf(&path, "%s%s", *subcgroup ? "/" : "", subcgroup) < 0)
		return error_set(err, ENOMEM, "the place of process %d", pid);
	if (bus_connect(user, BUS_TIMEOUT_MS, -1, &bus, err) < 0 ||
	    bus_message(bus, "AttachProcessesToUnit", &message, err) < 0)
		return -1;
	n = bus->library.message_append(message, "ssau", unit, path, 1, (uint32_t)pid);
	if (bus_message_end(bus, &message, n, err) < 0)
		return -1;
	return bus_answer(bus, NULL, err);
}

/* Is the unit there, and the container's? Return: 1, 0, -1 with *err. */
static int is_of(struct bus *bus, const char *unit, const char *name, struct error **err)
{
	_cleanup_free_ char *expected = NULL, *description = NULL;
	_cleanup_error_ struct error *error = NULL;
	const char *error_name;

	if (asprintf(&expected, SCOPE_DESCRIPTION, name) < 0)
		return error_set(err, ENOMEM, "%s", unit);
	description = bus_unit_text(bus, unit, "Description", &error_name, &error);
	if (description)
		return strcmp(description, expected) == 0;
	return strcmp(error_name, ERROR_NO_SUCH_UNIT) == 0 ? 0 : error_move(err, &error);
}

int scope_stop(const char *unit, bool user, const char *name, int timeout_ms, struct error **err)
{
	_cleanup_error_ struct error *error = NULL;
	_cleanup_bus_ struct bus *bus = NULL;
	const char *error_name;

	if (bus_connect(user, timeout_ms, -1, &bus, err) < 0)
		return -1;
	if (name) {
		int n = is_of(bus, unit, name, err);

		if (n <= 0)
			return n;
	}
	if (call_unit(bus, "StopUnit", unit, "replace", &error_name, &error) < 0)
		return strcmp(error_name, ERROR_NO_SUCH_UNIT) == 0 ? 0 : error_move(err, &error);
	if (bus_job(bus, unit, err) < 0)
		return -1;
	/* Mostly it is gone by now. */
	call_unit(bus, "ResetFailedUnit", unit, NULL, &error_name, NULL);
	return 0;
}
