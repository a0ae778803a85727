/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the document is a struct filled from the tables of names.c, so that what
 * the parser accepts and what is announced are the same lists. The kernel is asked about two
 * things only: which capabilities it has and which seccomp flags.
 */
#include "spec/features.h"

#include <linux/seccomp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "spec/config.h"
#include "spec/json.h"
#include "spec/names.h"

#define FIELDS (const struct json_field[])

struct features {
	const char *version_min, *version_max;
	struct strings hooks, mount_options;
	struct strings namespaces, capabilities;
	struct {
		bool v1, v2, systemd, systemd_user, rdma;
	} cgroup;
	struct {
		bool enabled;
		struct strings actions, operators, archs, known_flags, supported_flags;
	} seccomp;
	bool apparmor, selinux, intel_rdt, idmap, net_devices;
	struct string_map annotations;
	struct strings unsafe_annotations;
};

/* clang-format off */
#define TEXT(key_, member_) \
	{ key_, FIELD_STRING, JSON_MEMBER(struct features, member_) }
#define LIST(key_, member_) \
	{ key_, FIELD_STRINGS, JSON_MEMBER(struct features, member_), .flags = FIELD_ALWAYS }
#define FLAG(key_, member_) \
	{ key_, FIELD_BOOL, JSON_MEMBER(struct features, member_), .flags = FIELD_ALWAYS }
#define OBJECT(key_, ...) \
	{ key_, FIELD_OBJECT, \
	  .table = &(const struct json_table){ .fields = FIELDS{ __VA_ARGS__, { NULL } } } }

static const struct json_table features_table = {
	.fields = FIELDS{
		TEXT("ociVersionMin", version_min),
		TEXT("ociVersionMax", version_max),
		LIST("hooks", hooks),
		LIST("mountOptions", mount_options),
		OBJECT("linux",
		       LIST("namespaces", namespaces),
		       LIST("capabilities", capabilities),
		       OBJECT("cgroup",
			      FLAG("v1", cgroup.v1),
			      FLAG("v2", cgroup.v2),
			      FLAG("systemd", cgroup.systemd),
			      FLAG("systemdUser", cgroup.systemd_user),
			      FLAG("rdma", cgroup.rdma)),
		       OBJECT("seccomp",
			      FLAG("enabled", seccomp.enabled),
			      LIST("actions", seccomp.actions),
			      LIST("operators", seccomp.operators),
			      LIST("archs", seccomp.archs),
			      LIST("knownFlags", seccomp.known_flags),
			      LIST("supportedFlags", seccomp.supported_flags)),
		       OBJECT("apparmor", FLAG("enabled", apparmor)),
		       OBJECT("selinux", FLAG("enabled", selinux)),
		       OBJECT("intelRdt", FLAG("enabled", intel_rdt)),
		       OBJECT("mountExtensions", OBJECT("idmap", FLAG("enabled", idmap))),
		       OBJECT("netDevices", FLAG("enabled", net_devices))),
		{ "annotations", FIELD_STRING_MAP, JSON_MEMBER(struct features, annotations) },
		LIST("potentiallyUnsafeConfigAnnotations", unsafe_annotations),
		{ NULL },
	},
};
/* clang-format on */

/* runtime.md, "Lifecycle": in the order in which they run. */
static const char *const hook_names[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
};

static int compare_names(const void *one, const void *two)
{
	return strcmp(*(const char *const *)one, *(const char *const *)two);
}

static void sort(struct strings *list)
{
	qsort(list->items, list->count, sizeof(*list->items), compare_names);
}

/* An empty list with room for @room strings. Return: 0, or -1 when out of memory. */
static int new_list(struct arena *arena, struct strings *list, size_t room)
{
	list->count = 0;
	list->items = arena_alloc(arena, (room + 1) * sizeof(*list->items));
	return list->items ? 0 : -1;
}

static void add(struct strings *list, const char *text)
{
	list->items[list->count++] = (char *)text;
}

/* Whether the kernel knows @flag: it looks at flags before it reads the filter (seccomp(2)). */
static bool kernel_has_seccomp_flag(int64_t flag)
{
	unsigned long flags = (unsigned long)flag;

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT)
		return true;
	/* One of them has a meaning only together with a listener. */
	flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

static bool any_value(int64_t value)
{
	(void)value;
	return true;
}

/* The names of @table whose values are @wanted, sorted. */
static int list_names(struct arena *arena, const struct name_value *table, bool (*wanted)(int64_t),
                      struct strings *list)
{
	size_t room = 0;

	while (table[room].name)
		room++;
	if (new_list(arena, list, room) < 0)
		return -1;
	for (; table->name; table++) {
		if (wanted(table->value))
			add(list, table->name);
	}
	sort(list);
	return 0;
}

/* Those that the kernel has and we have a name for, by number. */
static int list_capabilities(struct arena *arena, struct strings *list)
{
	if (new_list(arena, list, 64) < 0)
		return -1;
	for (int number = 0; capability_name(number); number++) {
		if (CAP_IS_SUPPORTED(number))
			add(list, capability_name(number));
	}
	return 0;
}

static int list_strings(struct arena *arena, const char *const *names, size_t count,
                        struct strings *list)
{
	if (new_list(arena, list, count) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		add(list, names[i]);
	return 0;
}

static int fill_lists(struct features *features, const char *const *mount_options,
                      struct arena *arena)
{
	size_t options = 0;

	while (mount_options[options])
		options++;
	if (list_strings(arena, hook_names, ARRAY_SIZE(hook_names), &features->hooks) < 0 ||
	    list_strings(arena, mount_options, options, &features->mount_options) < 0 ||
	    list_capabilities(arena, &features->capabilities) < 0 ||
	    list_names(arena, namespace_names, any_value, &features->namespaces) < 0)
		return -1;
	sort(&features->mount_options);
	return 0;
}

static int fill_seccomp(struct features *features, struct arena *arena)
{
	const struct {
		const struct name_value *names;
		bool (*wanted)(int64_t);
		struct strings *list;
	} lists[] = {
		{ seccomp_action_names, any_value, &features->seccomp.actions },
		{ seccomp_operator_names, any_value, &features->seccomp.operators },
		{ seccomp_arch_names, any_value, &features->seccomp.archs },
		{ seccomp_flag_names, any_value, &features->seccomp.known_flags },
		{ seccomp_flag_names, kernel_has_seccomp_flag, &features->seccomp.supported_flags },
	};

	features->seccomp.enabled = true;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (list_names(arena, lists[i].names, lists[i].wanted, lists[i].list) < 0)
			return -1;
	}
	return 0;
}

char *features_format(const char *const *mount_options, struct error **err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct key_value version = { (char *)"org.rootlet.version", (char *)PACKAGE_VERSION };
	struct features features = {
		.version_min = "1.0.0",
		.version_max = SPEC_VERSION,
		.apparmor = true,
		.cgroup = { .v2 = true, .systemd = true, .systemd_user = true, .rdma = true },
		.idmap = true,
		.net_devices = true,
		.selinux = true,
		.annotations = { &version, 1 },
	};

	if (!arena || fill_lists(&features, mount_options, arena) < 0 ||
	    fill_seccomp(&features, arena) < 0) {
		error_set(err, ENOMEM, "cannot list the features");
		return NULL;
	}
	return json_encode(&features_table, &features, JSON_STYLE_INDENTED, err);
}
