/* SPDX-License-Identifier: Apache-2.0 */
/* What `spec` and `features` print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "spec/config.h"
#include "spec/default.h"
#include "spec/features.h"

static const struct spec_options with_cgroup2 = { .cgroup2 = true };
static const struct spec_options rootless = {
	.rootless = true, .uid = 1000, .gid = 1001, .cgroup2 = true
};

static struct config *make(const struct spec_options *options)
{
	_cleanup_free_ char *text = spec_default(options, NULL);
	_cleanup_error_ struct error *err = NULL;
	struct config *config = NULL;

	assert_non_null(text);
	if (config_parse(text, strlen(text), "config.json", &config, &err) < 0)
		fail_msg("%s", err->message);
	return config;
}

static const struct mount *find_mount(const struct config *config, const char *destination)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		if (strcmp(config->mounts.items[i].destination, destination) == 0)
			return &config->mounts.items[i];
	}
	return NULL;
}

static const struct mount *need_mount(const struct config *config, const char *destination)
{
	const struct mount *mount = find_mount(config, destination);

	if (!mount) {
		fail_msg("no mount at %s", destination);
		abort();
	}
	return mount;
}

static bool has_string(const struct strings *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

static bool lists_namespace(const struct config *config, enum namespace_type type)
{
	return config_namespace(config, type) != NULL;
}

static void the_seds_of_tutorials_hit(void **state)
{
	_cleanup_free_ char *text = spec_default(&with_cgroup2, NULL);
	const char *shell = strstr(text, "\"sh\"");

	(void)state;
	assert_non_null(strstr(text, "\"terminal\": true"));
	assert_non_null(strstr(text, "\"readonly\": true"));
	assert_non_null(shell);
	assert_null(strstr(shell + 1, "\"sh\""));
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void the_default_process_is_a_shell_with_few_rights(void **state)
{
	_cleanup_config_ struct config *config = make(&with_cgroup2);
	const uint64_t few = UINT64_C(1) << CAP_AUDIT_WRITE | 1 << CAP_KILL |
	                     1 << CAP_NET_BIND_SERVICE;

	(void)state;
	assert_string_equal(config->oci_version, "1.3.0");
	assert_true(config->process.terminal && config->process.no_new_privileges);
	assert_string_equal(config->process.args.items[0], "sh");
	assert_int_equal(config->process.args.count, 1);
	assert_string_equal(config->process.cwd, "/");
	assert_int_equal(config->process.env.count, 2);
	assert_string_equal(config->process.env.items[1], "TERM=xterm");
	assert_true(config->process.capabilities.bounding == few);
	assert_true(config->process.capabilities.effective == few);
	assert_true(config->process.capabilities.permitted == few);
	assert_true(config->process.capabilities.inheritable == 0);
	assert_true(config->process.capabilities.ambient == 0);
	assert_int_equal(config->process.rlimits.count, 1);
	assert_int_equal(config->process.rlimits.items[0].resource, RLIMIT_NOFILE);
	assert_int_equal(config->process.rlimits.items[0].soft, 1024);
}

static void the_default_rootfs_is_readonly_with_hidden_paths(void **state)
{
	_cleanup_config_ struct config *config = make(&with_cgroup2);

	(void)state;
	assert_string_equal(config->root.path, "rootfs");
	assert_true(config->root.readonly);
	assert_string_equal(config->hostname, "rootlet");
	assert_int_equal(config->linux.masked_paths.count, 10);
	assert_true(has_string(&config->linux.masked_paths, "/proc/kcore"));
	assert_int_equal(config->linux.readonly_paths.count, 5);
	assert_true(has_string(&config->linux.readonly_paths, "/proc/sys"));
}

static void the_default_spec_is_portable(void **state)
{
	_cleanup_config_ struct config *config = make(&with_cgroup2);

	(void)state;
	assert_int_equal(config->linux.uid_mappings.count, 0);
	assert_false(lists_namespace(config, NAMESPACE_USER));
	assert_false(config->linux.resources.set);
	assert_true(lists_namespace(config, NAMESPACE_PID));
	assert_true(lists_namespace(config, NAMESPACE_MOUNT));
	assert_true(lists_namespace(config, NAMESPACE_IPC));
	assert_true(lists_namespace(config, NAMESPACE_UTS));
	assert_true(lists_namespace(config, NAMESPACE_NETWORK));
	assert_string_equal(need_mount(config, "/sys")->type, "sysfs");
	assert_true(has_string(&need_mount(config, "/dev/pts")->options, "gid=5"));
}

static void cgroup_is_there_only_with_a_v2_tree(void **state)
{
	const struct spec_options without = { .cgroup2 = false };
	_cleanup_config_ struct config *with = make(&with_cgroup2), *none = make(&without);

	(void)state;
	assert_non_null(find_mount(with, "/sys/fs/cgroup"));
	assert_true(lists_namespace(with, NAMESPACE_CGROUP));
	assert_null(find_mount(none, "/sys/fs/cgroup"));
	assert_false(lists_namespace(none, NAMESPACE_CGROUP));
	assert_int_equal(with->mounts.count, 7);
	assert_int_equal(none->mounts.count, 6);
}

static void rootless_maps_the_caller_alone(void **state)
{
	_cleanup_config_ struct config *config = make(&rootless);
	const struct linux_config *section = &config->linux;

	(void)state;
	assert_true(lists_namespace(config, NAMESPACE_USER));
	assert_false(lists_namespace(config, NAMESPACE_NETWORK));
	assert_int_equal(section->uid_mappings.count, 1);
	assert_int_equal(section->uid_mappings.items[0].container_id, 0);
	assert_int_equal(section->uid_mappings.items[0].host_id, 1000);
	assert_int_equal(section->uid_mappings.items[0].size, 1);
	assert_int_equal(section->gid_mappings.count, 1);
	assert_int_equal(section->gid_mappings.items[0].host_id, 1001);
	assert_int_equal(section->gid_mappings.items[0].size, 1);
	assert_false(section->resources.set);
}

static void rootless_mounts_what_a_single_id_can(void **state)
{
	_cleanup_config_ struct config *config = make(&rootless);
	const struct mount *sys = need_mount(config, "/sys"), *pts = need_mount(config, "/dev/pts");

	(void)state;
	assert_string_equal(sys->type, "none");
	assert_string_equal(sys->source, "/sys");
	assert_true(has_string(&sys->options, "rbind") && has_string(&sys->options, "ro"));
	assert_false(has_string(&pts->options, "gid=5"));
	assert_true(has_string(&pts->options, "newinstance"));
	assert_int_equal(config->mounts.count, 7);
}

static const char *const options[] = { "rw", "bind", "ro", NULL };

static json_t *features(void)
{
	_cleanup_free_ char *text = features_format(options, NULL);
	json_t *document;

	assert_non_null(text);
	assert_int_equal(text[strlen(text) - 1], '\n');
	document = json_loads(text, 0, NULL);
	assert_non_null(document);
	return document;
}

static void assert_strings(const json_t *array, const char *const *expected, size_t count)
{
	assert_int_equal(json_array_size(array), count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(json_string_value(json_array_get(array, i)), expected[i]);
}

static bool has_word(const json_t *array, const char *text)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (strcmp(json_string_value(json_array_get(array, i)), text) == 0)
			return true;
	}
	return false;
}

static void features_name_versions_hooks_and_sorted_options(void **state)
{
	static const char *const hooks[] = { "prestart",       "createRuntime", "createContainer",
		                             "startContainer", "poststart",     "poststop" };
	static const char *const sorted[] = { "bind", "ro", "rw" };
	json_auto_t *document = features();

	(void)state;
	assert_string_equal(json_string_value(json_object_get(document, "ociVersionMin")), "1.0.0");
	assert_string_equal(json_string_value(json_object_get(document, "ociVersionMax")), "1.3.0");
	assert_strings(json_object_get(document, "hooks"), hooks, ARRAY_SIZE(hooks));
	assert_strings(json_object_get(document, "mountOptions"), sorted, ARRAY_SIZE(sorted));
	assert_non_null(
		json_object_get(json_object_get(document, "annotations"), "org.rootlet.version"));
	assert_true(json_is_array(json_object_get(document, "potentiallyUnsafeConfigAnnotations")));
}

static void features_say_what_is_enabled(void **state)
{
	static const struct {
		const char *section, *key;
		bool enabled;
	} list[] = {
		{ "cgroup", "v1", false },        { "cgroup", "v2", true },
		{ "cgroup", "systemd", true },    { "cgroup", "systemdUser", true },
		{ "cgroup", "rdma", true },       { "seccomp", "enabled", true },
		{ "apparmor", "enabled", true },  { "selinux", "enabled", true },
		{ "intelRdt", "enabled", false }, { "netDevices", "enabled", true },
	};
	json_auto_t *document = features();
	const json_t *section = json_object_get(document, "linux"), *value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		value = json_object_get(json_object_get(section, list[i].section), list[i].key);
		assert_true(json_is_boolean(value));
		assert_int_equal(json_is_true(value), list[i].enabled);
	}
	value = json_object_get(json_object_get(section, "mountExtensions"), "idmap");
	assert_true(json_is_true(json_object_get(value, "enabled")));
}

static void features_list_what_the_parser_knows(void **state)
{
	static const char *const namespaces[] = { "cgroup", "ipc",  "mount", "network",
		                                  "pid",    "time", "user",  "uts" };
	json_auto_t *document = features();
	const json_t *section = json_object_get(document, "linux");
	const json_t *seccomp = json_object_get(section, "seccomp");

	(void)state;
	assert_strings(json_object_get(section, "namespaces"), namespaces, ARRAY_SIZE(namespaces));
	assert_true(has_word(json_object_get(section, "capabilities"), "CAP_CHOWN"));
	assert_true(has_word(json_object_get(seccomp, "actions"), "SCMP_ACT_KILL_PROCESS"));
	assert_true(has_word(json_object_get(seccomp, "operators"), "SCMP_CMP_MASKED_EQ"));
	assert_true(has_word(json_object_get(seccomp, "archs"), "SCMP_ARCH_AARCH64"));
	assert_int_equal(json_array_size(json_object_get(seccomp, "knownFlags")), 4);
}

static void supported_seccomp_flags_are_those_of_the_kernel(void **state)
{
	json_auto_t *document = features();
	const json_t *seccomp = json_object_get(json_object_get(document, "linux"), "seccomp");
	const json_t *supported = json_object_get(seccomp, "supportedFlags");

	(void)state;
	if (json_array_size(supported) == 0) {
		print_message("seccomp(2) is not to be had here\n");
		skip();
	}
	/* Every kernel that rootlet runs on has these. */
	assert_true(has_word(supported, "SECCOMP_FILTER_FLAG_LOG"));
	assert_true(has_word(supported, "SECCOMP_FILTER_FLAG_TSYNC"));
	for (size_t i = 0; i < json_array_size(supported); i++)
		assert_true(has_word(json_object_get(seccomp, "knownFlags"),
		                     json_string_value(json_array_get(supported, i))));
}

static void a_network_is_asked_for_where_it_can_be_had(void **state)
{
	const struct spec_options with = { .network = true };
	const struct spec_options as_runc = { .network = true, .rootless = true };
	_cleanup_config_ struct config *config = make(&with), *none = make(&with_cgroup2);
	_cleanup_config_ struct config *kept = make(&as_runc);

	(void)state;
	assert_string_equal(config_annotation(config, "org.rootlet.network"), "slirp");
	assert_null(config_annotation(none, "org.rootlet.network"));
	assert_null(config_annotation(kept, "org.rootlet.network"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_asked_for_where_it_can_be_had),
		cmocka_unit_test(the_seds_of_tutorials_hit),
		cmocka_unit_test(the_default_process_is_a_shell_with_few_rights),
		cmocka_unit_test(the_default_rootfs_is_readonly_with_hidden_paths),
		cmocka_unit_test(the_default_spec_is_portable),
		cmocka_unit_test(cgroup_is_there_only_with_a_v2_tree),
		cmocka_unit_test(rootless_maps_the_caller_alone),
		cmocka_unit_test(rootless_mounts_what_a_single_id_can),
		cmocka_unit_test(features_name_versions_hooks_and_sorted_options),
		cmocka_unit_test(features_say_what_is_enabled),
		cmocka_unit_test(features_list_what_the_parser_knows),
		cmocka_unit_test(supported_seccomp_flags_are_those_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
