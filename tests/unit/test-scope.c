/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container as a unit of systemd: the names that cgroupsPath gives, the properties that settings
 * and annotations become, and what is said when there is no systemd to talk to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "directory.h"
#include "base/socket.h"
#include "cgroup/systemd.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* --- names ----------------------------------------------------------------------------------- */

static void expect_names(const char *path, const char *slice, const char *unit)
{
	_cleanup_error_ struct error *err = NULL;
	struct scope scope = { 0 };

	if (scope_plan(path, "c1", true, arena, &scope, &err) < 0)
		fail_msg("%s: %s", path, err->message);
	assert_string_equal(scope.unit, unit);
	if (slice)
		assert_string_equal(scope.slice, slice);
	else
		assert_null(scope.slice);
}

static void a_path_of_three_parts_names_slice_and_unit(void **state)
{
	(void)state;
	expect_names("user.slice:libpod:abc", "user.slice", "libpod-abc.scope");
	expect_names("a-b-c.slice:p:n", "a-b-c.slice", "p-n.scope");
	expect_names("-.slice:p:n", "-.slice", "p-n.scope");
	expect_names(":p:n", NULL, "p-n.scope");
	expect_names("::n", NULL, "n.scope");
	expect_names(NULL, NULL, "c1.scope");
	expect_names("", NULL, "c1.scope");
}

static void what_a_units_name_cannot_hold_is_escaped(void **state)
{
	(void)state;
	expect_names("::a+b@c d", NULL, "a\\x2bb\\x40c\\x20d.scope");
	expect_names("::\xc3\xa9", NULL, "\\xc3\\xa9.scope");
	expect_names("::.hidden", NULL, "\\x2ehidden.scope");
}

static void expect_refusal(const char *path, const char *words)
{
	_cleanup_error_ struct error *err = NULL;
	struct scope scope = { 0 };

	assert_int_equal(scope_plan(path, "c1", true, arena, &scope, &err), -1);
	if (!strstr(err->message, words))
		fail_msg("%s: %s", path, err->message);
}

static void other_paths_are_refused(void **state)
{
	char *name;

	(void)state;
	expect_refusal("/a/b", "not of the form slice:prefix:name");
	expect_refusal("a:b", "not of the form slice:prefix:name");
	expect_refusal("a.slice:b:c:d", "not of the form slice:prefix:name");
	expect_refusal("a:b:c", "\"a\" is not the name of a slice");
	expect_refusal(".slice:b:c", "is not the name of a slice");
	expect_refusal("-a.slice:b:c", "is not the name of a slice");
	expect_refusal("a-.slice:b:c", "is not the name of a slice");
	expect_refusal("a--b.slice:b:c", "is not the name of a slice");
	expect_refusal("a/b.slice:b:c", "is not the name of a slice");
	expect_refusal("..slice:b:c", "is not the name of a slice");
	expect_refusal("a.slice:b:", "has no name");
	expect_refusal("a.slice:b:c.slice", "a container is a scope");
	expect_refusal("a.slice:b:../c", "'/' or a control character in its name");
	expect_refusal("a.slice:b/d:c", "'/' or a control character in its prefix");
	expect_refusal("a.slice:b:c\n", "'/' or a control character in its name");
	name = arena_alloc(arena, 300);
	assert_non_null(name);
	memset(name, 'n', 299);
	memcpy(name, "::", 2);
	expect_refusal(name, "too long for the name of a systemd unit");
}

static void only_three_parts_mean_systemd(void **state)
{
	(void)state;
	assert_true(scope_is_path("user.slice:p:n"));
	assert_true(scope_is_path("::n"));
	assert_false(scope_is_path(NULL));
	assert_false(scope_is_path(""));
	assert_false(scope_is_path("a/b"));
	assert_false(scope_is_path("/a:b:c"));
	assert_false(scope_is_path("a:b"));
}

static void a_units_cgroup_is_below_that_of_its_manager(void **state)
{
	static const char *const list[][2] = {
		{ "/user.slice/user-7.slice/user@7.service/app.slice/x.scope",
		  "/user.slice/user-7.slice/user@7.service" },
		{ "/a/user@7.service", "/a/user@7.service" },
		{ "/system.slice/x.scope", "" },
		{ "/user@7.servicex/user@7/user@/user@.servic/x.scope", "" },
		{ "/", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal(scope_manager_length(list[i][0]), strlen(list[i][1]));
}

/* --- properties ------------------------------------------------------------------------------ */

static void print_property(FILE *out, const struct unit_property *property)
{
	fprintf(out, "%s%s=", property->name, property->recent ? "?" : "");
	switch (property->type) {
	case PROPERTY_STRING:
		fprintf(out, "%s", property->text);
		break;
	case PROPERTY_BYTES:
		for (size_t i = 0; i < property->size; i++)
			fprintf(out, "%02x", (unsigned char)property->text[i]);
		break;
	case PROPERTY_STRINGS:
	case PROPERTY_DEVICE_NUMBERS:
	case PROPERTY_DEVICE_STRINGS:
		for (size_t i = 0; i < property->count; i++) {
			const struct property_item *item = &property->items[i];

			fprintf(out, "[%s", item->text);
			if (property->type == PROPERTY_DEVICE_NUMBERS)
				fprintf(out, " %" PRIu64, item->number);
			if (property->type == PROPERTY_DEVICE_STRINGS)
				fprintf(out, " %s", item->more);
			fprintf(out, "]");
		}
		break;
	default:
		if (property->type == PROPERTY_UINT64 && property->number == UINT64_MAX)
			fprintf(out, "infinity");
		else
			fprintf(out, "%" PRIi64, (int64_t)property->number);
	}
}

/* "NAME=VALUE NAME=VALUE"; '?' behind the name of a recent one. */
static char *print_properties(const struct unit_properties *properties)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < properties->count; i++) {
		fprintf(out, "%s", i ? " " : "");
		print_property(out, &properties->items[i]);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void expect_properties(const struct cgroup_settings *settings, const char *expected)
{
	_cleanup_error_ struct error *err = NULL;
	struct unit_properties properties = { 0 };
	_cleanup_free_ char *text = NULL;

	assert_int_equal(unit_properties_add_settings(settings, arena, &properties, &err), 0);
	text = print_properties(&properties);
	assert_string_equal(text, expected);
}

static void each_file_has_its_property(void **state)
{
	static const struct {
		const char *file, *value, *property;
	} cases[] = {
		{ "memory.max", "67108864", "MemoryMax=67108864" },
		{ "memory.max", "max", "MemoryMax=infinity" },
		{ "memory.high", "4096", "MemoryHigh=4096" },
		{ "memory.low", "0", "MemoryLow=0" },
		{ "memory.min", "4096", "MemoryMin=4096" },
		{ "memory.swap.max", "0", "MemorySwapMax=0" },
		{ "memory.zswap.max", "0", "MemoryZSwapMax?=0" },
		{ "memory.oom.group", "1", "OOMPolicy?=kill" },
		{ "memory.oom.group", "0", "" },
		{ "cpu.weight", "59", "CPUWeight=59" },
		{ "cpu.idle", "1", "CPUWeight?=0" },
		{ "cpu.idle", "0", "CPUWeight=infinity" },
		{ "cpu.max", "25000 100000",
		  "CPUQuotaPeriodUSec=100000 CPUQuotaPerSecUSec=250000" },
		{ "cpu.max", "1500 1000", "CPUQuotaPeriodUSec=1000 CPUQuotaPerSecUSec=1500000" },
		/* Never less than asked for: 123451 µs a second. */
		{ "cpu.max", "12345 99999", "CPUQuotaPeriodUSec=99999 CPUQuotaPerSecUSec=123500" },
		{ "cpu.max", "max 50000", "CPUQuotaPeriodUSec=50000 CPUQuotaPerSecUSec=infinity" },
		{ "cpu.max", "50000", "CPUQuotaPerSecUSec=500000" },
		{ "cpuset.cpus", "0-3,7,9", "AllowedCPUs=8f02" },
		{ "cpuset.mems", "1", "AllowedMemoryNodes=02" },
		{ "pids.max", "42", "TasksMax=42" },
		{ "pids.max", "max", "TasksMax=infinity" },
		{ "io.weight", "default 200", "IOWeight=200" },
		{ "io.weight", "200", "IOWeight=200" },
		{ "io.weight", "8:16 300", "IODeviceWeight=[/dev/block/8:16 300]" },
		{ "io.bfq.weight", "default 300", "IOWeight=2300" },
		{ "io.bfq.weight", "50", "IOWeight=50" },
		{ "io.bfq.weight", "1000", "IOWeight=10000" },
		{ "io.max", "8:0 rbps=1048576", "IOReadBandwidthMax=[/dev/block/8:0 1048576]" },
		{ "io.max", "8:0 wbps=1 riops=2 wiops=3",
		  "IOWriteBandwidthMax=[/dev/block/8:0 1] IOReadIOPSMax=[/dev/block/8:0 2] "
		  "IOWriteIOPSMax=[/dev/block/8:0 3]" },
		{ "hugetlb.2MB.max", "0", "" },
		{ "cgroup.max.depth", "3", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cgroup_setting setting = { .file = cases[i].file, .value = cases[i].value };
		const struct cgroup_settings settings = { .items = &setting, .count = 1 };

		expect_properties(&settings, cases[i].property);
	}
}

/* systemd would refuse the whole request; the kernel has the last word on the file. */
static void values_that_a_property_cannot_take_are_left_to_the_file(void **state)
{
	static const char *const cases[][2] = {
		{ "memory.max", "0" },
		{ "memory.max", "64M" },
		{ "memory.max", "" },
		{ "cpu.weight", "0" },
		{ "cpu.weight", "10001" },
		{ "cpu.max", "0 100000" },
		{ "cpu.max", "1000 0" },
		{ "cpu.max", "x y" },
		{ "cpu.max", "" },
		{ "cpuset.cpus", "3-1" },
		{ "cpuset.cpus", "0-99999" },
		{ "cpuset.cpus", "0-10:2/4" },
		{ "cpuset.cpus", "" },
		{ "pids.max", "0" },
		{ "pids.max", "-1" },
		{ "io.weight", "default 10001" },
		{ "io.weight", "" },
		{ "io.weight", "x 100" },
		{ "io.bfq.weight", "1001" },
		{ "io.max", "" },
		{ "io.max", "8:0" },
		{ "io.max", "../x rbps=1" },
		{ "io.max", "8:0 rbps" },
		{ "io.max", "8:0 rbps=0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cgroup_setting setting = { .file = cases[i][0], .value = cases[i][1] };
		const struct cgroup_settings settings = { .items = &setting, .count = 1 };

		expect_properties(&settings, "");
	}
}

static void later_settings_win_and_devices_add_up(void **state)
{
	struct cgroup_setting items[] = {
		{ .file = "memory.max", .value = "1000" },
		{ .file = "io.max", .value = "8:0 rbps=1" },
		{ .file = "io.max", .value = "8:16 rbps=2" },
		{ .file = "memory.max", .value = "2000" },
		{ .file = "cpu.idle", .value = "1" },
		{ .file = "cpu.weight", .value = "59" },
	};
	const struct cgroup_settings settings = { .items = items, .count = ARRAY_SIZE(items) };

	(void)state;
	expect_properties(&settings, "MemoryMax=2000 IOReadBandwidthMax=[/dev/block/8:0 1]"
	                             "[/dev/block/8:16 2] CPUWeight?=0");
}

/* --- devices --------------------------------------------------------------------------------- */

#define ANY (-1)

/* @type, @access: NULL for all. */
static struct device_rule rule(bool allow, const char *type, int64_t major, int64_t minor,
                               const char *access)
{
	return (struct device_rule){
		.allow = allow,
		.type = type ? arena_strdup(arena, type) : NULL,
		.major = { .set = true, .value = major },
		.minor = { .set = minor != ANY, .value = minor },
		.access = access ? arena_strdup(arena, access) : NULL,
	};
}

/* What every container may have. */
#define DEFAULT_DEVICES                                                                  \
	"[char-* m][block-* m][/dev/char/1:3 rwm][/dev/char/1:5 rwm][/dev/char/1:7 rwm]" \
	"[/dev/char/1:8 rwm][/dev/char/1:9 rwm][/dev/char/5:0 rwm][/dev/char/5:2 rwm]"   \
	"[char-136 rwm]"

static void expect_devices(const struct device_rule *rules, size_t count, const char *expected)
{
	_cleanup_error_ struct error *err = NULL;
	struct unit_properties properties = { 0 };
	_cleanup_free_ char *text = NULL;

	assert_int_equal(unit_properties_add_devices(rules, count, arena, &properties, &err), 0);
	text = print_properties(&properties);
	assert_string_equal(text, expected);
}

static void device_rules_become_patterns(void **state)
{
	const struct device_rule rules[] = {
		rule(true, "c", 9, 9, "rwm"),
		rule(false, NULL, ANY, ANY, "rwm"), /* all that was before it is gone */
		rule(true, "c", 10, 229, "rw"),
		rule(true, "b", 8, ANY, "r"),
		rule(true, "c", ANY, ANY, "m"),
		rule(true, NULL, ANY, ANY, "m"),
		rule(false, "c", 10, 229, NULL),
	};

	(void)state;
	expect_devices(rules, ARRAY_SIZE(rules),
	               "DevicePolicy=strict DeviceAllow=[/dev/char/10:229 rw][block-8 r][char-* m]"
	               "[block-* m][char-* m]" DEFAULT_DEVICES);
}

static void a_list_of_what_is_denied_cannot_be_said(void **state)
{
	const struct device_rule rules[] = {
		rule(false, "a", ANY, ANY, NULL),
		rule(true, "a", ANY, ANY, "rwm"),
		rule(false, "c", 1, 3, "rwm"),
	};

	(void)state;
	expect_devices(rules, ARRAY_SIZE(rules), "");
	expect_devices(rules, 1, "DevicePolicy=strict DeviceAllow=" DEFAULT_DEVICES);
	expect_devices(rules, 0, "");
}

/* --- annotations ----------------------------------------------------------------------------- */

static int add_annotation(const char *name, const char *value, struct unit_properties *properties,
                          struct error **err)
{
	struct key_value items[] = {
		{ .key = arena_printf(arena, "org.systemd.property.%s", name),
		  .value = arena_strdup(arena, value) },
		{ .key = arena_strdup(arena, "org.example.other"),
		  .value = arena_strdup(arena, "?") },
	};
	const struct string_map annotations = { .items = items, .count = ARRAY_SIZE(items) };

	return unit_properties_add_annotations(&annotations, arena, properties, err);
}

static void annotations_are_properties(void **state)
{
	static const struct {
		const char *name, *value, *property;
		int type;
	} cases[] = {
		{ "SendSIGHUP", "true", "SendSIGHUP=1", PROPERTY_BOOL },
		{ "SendSIGHUP", "false", "SendSIGHUP=0", PROPERTY_BOOL },
		{ "KillSignal", "15", "KillSignal=15", PROPERTY_INT32 },
		{ "KillSignal", "-1", "KillSignal=-1", PROPERTY_INT32 },
		{ "KillSignal", "int64 -5", "KillSignal=-5", PROPERTY_INT64 },
		{ "X", "uint32 7", "X=7", PROPERTY_UINT32 },
		{ "TimeoutStopUSec", "uint64 90000000", "TimeoutStopUSec=90000000",
		  PROPERTY_UINT64 },
		{ "TimeoutStopSec", "90", "TimeoutStopUSec=90000000", PROPERTY_UINT64 },
		{ "KillMode", "'mixed'", "KillMode=mixed", PROPERTY_STRING },
		{ "KillMode", "\"mixed\"", "KillMode=mixed", PROPERTY_STRING },
		{ "Description", "'it\\'s'", "Description=it's", PROPERTY_STRING },
		{ "After", "['a.service', \"b.service\"]", "After=[a.service][b.service]",
		  PROPERTY_STRINGS },
		{ "After", "@as []", "After=", PROPERTY_STRINGS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_error_ struct error *err = NULL;
		struct unit_properties properties = { 0 };
		_cleanup_free_ char *text = NULL;

		if (add_annotation(cases[i].name, cases[i].value, &properties, &err) < 0)
			fail_msg("%s", err->message);
		assert_int_equal(properties.count, 1);
		assert_int_equal(properties.items[0].type, cases[i].type);
		text = print_properties(&properties);
		assert_string_equal(text, cases[i].property);
	}
}

static void annotations_that_make_no_sense_are_refused(void **state)
{
	static const char *const cases[][3] = {
		{ "KillMode", "mixed", "is not understood" },
		{ "KillMode", "'mixed", "is not understood" },
		{ "KillMode", "'mixed' x", "is not understood" },
		{ "KillMode", "", "is not understood" },
		{ "X", "uint32 4294967296", "is not understood" },
		{ "X", "2147483648", "is not understood" },
		{ "X", "uint64 -1", "is not understood" },
		{ "X", "uint64 18446744073709551616", "is not understood" },
		{ "X", "['a' 'b']", "is not understood" },
		{ "X", "['a'", "is not understood" },
		{ "X", "[", "is not understood" },
		{ "X", "'a\\", "is not understood" },
		{ "TimeoutSec", "-1", "is not understood" },
		{ "TimeoutSec", "'a'", "is not understood" },
		{ "TimeoutSec", "uint64 18446744073709551615", "is not understood" },
		{ "Slice", "'a.slice'", "decided by the runtime" },
		{ "Delegate", "false", "decided by the runtime" },
		{ "PIDs", "[1]", "decided by the runtime" },
		{ "", "1", "not the name of a property" },
		{ "a b", "1", "not the name of a property" },
		{ "X.Y", "1", "not the name of a property" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_error_ struct error *err = NULL;
		struct unit_properties properties = { 0 };

		assert_int_equal(add_annotation(cases[i][0], cases[i][1], &properties, &err), -1);
		if (!strstr(err->message, cases[i][2]))
			fail_msg("%s: %s", cases[i][1], err->message);
	}
}

/* --- no systemd to talk to ------------------------------------------------------------------- */

static void need_library(void)
{
	void *library = dlopen(SD_BUS_LIBRARY, RTLD_NOW);

	if (!library)
		skip();
	dlclose(library);
}

static void without_a_user_manager_it_says_how_to_get_one(void **state)
{
	_cleanup_error_ struct error *err = NULL;
	struct scope scope = { .user = true };

	(void)state;
	need_library();
	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	assert_false(scope_available(true));
	assert_int_equal(scope_connect(&scope, -1, &err), -1);
	assert_non_null(strstr(err->message, "/nonexistent/bus"));
	assert_non_null(strstr(err->message, "loginctl enable-linger"));
	assert_null(scope.bus);
}

/* A runtime directory with a socket "bus"; the socket's fd. */
static int make_bus(char path[DIRECTORY_SIZE])
{
	_cleanup_fd_ int dir_fd = -1;
	int listener;

	assert_true(directory_make(path));
	dir_fd = open(path, O_DIRECTORY | O_CLOEXEC);
	assert_true(dir_fd >= 0);
	listener = socket_listen_at(dir_fd, "bus", SOCK_STREAM);
	assert_true(listener >= 0);
	setenv("XDG_RUNTIME_DIR", path, 1);
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	return listener;
}

/* It takes connections and never says a word. */
static void a_silent_bus_is_given_up_on_a_signal(void **state)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_fd_ int listener = -1, signal_fd = eventfd(1, EFD_CLOEXEC);
	struct scope scope = { .user = true };
	char path[DIRECTORY_SIZE];
	int result;

	(void)state;
	need_library();
	listener = make_bus(path);
	assert_true(scope_available(true));
	result = scope_connect(&scope, signal_fd, &err);
	assert_int_equal(directory_remove(path), 0);
	assert_int_equal(result, -1);
	assert_non_null(strstr(err->message, "given up on a signal"));
	assert_null(scope.bus);
}

static void a_bus_that_nobody_serves_is_named(void **state)
{
	_cleanup_error_ struct error *err = NULL;
	struct scope scope = { .user = true };
	char path[DIRECTORY_SIZE];
	int result;

	(void)state;
	need_library();
	close(make_bus(path));
	result = scope_connect(&scope, -1, &err);
	assert_int_equal(directory_remove(path), 0);
	assert_int_equal(result, -1);
	assert_non_null(strstr(err->message, "Connection refused"));
	assert_non_null(strstr(err->message, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_of_three_parts_names_slice_and_unit),
		cmocka_unit_test(what_a_units_name_cannot_hold_is_escaped),
		cmocka_unit_test(other_paths_are_refused),
		cmocka_unit_test(only_three_parts_mean_systemd),
		cmocka_unit_test(a_units_cgroup_is_below_that_of_its_manager),
		cmocka_unit_test(each_file_has_its_property),
		cmocka_unit_test(values_that_a_property_cannot_take_are_left_to_the_file),
		cmocka_unit_test(later_settings_win_and_devices_add_up),
		cmocka_unit_test(device_rules_become_patterns),
		cmocka_unit_test(a_list_of_what_is_denied_cannot_be_said),
		cmocka_unit_test(annotations_are_properties),
		cmocka_unit_test(annotations_that_make_no_sense_are_refused),
		cmocka_unit_test(without_a_user_manager_it_says_how_to_get_one),
		cmocka_unit_test(a_silent_bus_is_given_up_on_a_signal),
		cmocka_unit_test(a_bus_that_nobody_serves_is_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
