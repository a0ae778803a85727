/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "spec/state.h"

static struct key_value annotations[] = { { (char *)"a.b", (char *)"c\n\"" } };

static struct state example(void)
{
	return (struct state){
		.id = (char *)"box",
		.oci_version = (char *)"1.0.2-dev",
		.pid = 4422,
		.start_time = UINT64_MAX,
		.bundle = (char *)"/b ü",
		.rootfs = (char *)"/b/rootfs",
		.created = (char *)"2026-11-24T10:00:00.123456789Z",
		.owner = (char *)"me",
		.owner_uid = 4294967294,
		.annotations = { annotations, 1 },
		.namespaces = CLONE_NEWPID | CLONE_NEWUSER | 0x80,
		.mount_namespace = 4026531840,
		.pid_namespace = 4026531841,
		.terminal = true,
		.cgroup = (char *)"/a/b/c1",
		.cgroup_id = UINT64_MAX,
		.cgroup_made = (char *)"/a/b",
		.cgroup_manager = CGROUP_MANAGER_SYSTEMD,
		.cgroup_unit = (char *)"c1.scope",
		.cgroup_of_user = true,
	};
}

static void a_state_reads_back_as_it_was(void **test_state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct state state = example(), again;
	_cleanup_free_ char *text = state_format(&state, NULL);

	(void)test_state;
	assert_non_null(text);
	assert_int_equal(state_parse(text, strlen(text), arena, &again, NULL), 0);
	assert_string_equal(again.id, state.id);
	assert_string_equal(again.oci_version, state.oci_version);
	assert_int_equal(again.pid, state.pid);
	assert_true(again.start_time == state.start_time);
	assert_string_equal(again.bundle, state.bundle);
	assert_string_equal(again.rootfs, state.rootfs);
	assert_string_equal(again.created, state.created);
	assert_string_equal(again.owner, state.owner);
	assert_int_equal(again.owner_uid, state.owner_uid);
	assert_int_equal(again.annotations.count, 1);
	assert_string_equal(again.annotations.items[0].key, "a.b");
	assert_string_equal(again.annotations.items[0].value, "c\n\"");
	assert_int_equal(again.namespaces, state.namespaces);
	assert_int_equal(again.mount_namespace, state.mount_namespace);
	assert_int_equal(again.pid_namespace, state.pid_namespace);
	assert_true(again.terminal);
	assert_string_equal(again.cgroup, state.cgroup);
	assert_true(again.cgroup_id == state.cgroup_id);
	assert_string_equal(again.cgroup_made, state.cgroup_made);
	assert_int_equal(again.cgroup_manager, state.cgroup_manager);
	assert_string_equal(again.cgroup_unit, state.cgroup_unit);
	assert_true(again.cgroup_of_user);
}

static void a_small_state_reads_back_as_it_was(void **test_state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct state state = example(), again = { .terminal = true };
	_cleanup_free_ char *text = NULL;

	(void)test_state;
	state.pid = 0;
	state.start_time = 0;
	state.namespaces = 0;
	state.mount_namespace = state.pid_namespace = 0;
	state.annotations = (struct string_map){ NULL, 0 };
	state.terminal = false;
	state.cgroup = state.cgroup_made = state.cgroup_unit = NULL;
	state.cgroup_id = 0;
	state.cgroup_manager = CGROUP_MANAGER_NONE;
	state.cgroup_of_user = false;
	text = state_format(&state, NULL);
	assert_int_equal(state_parse(text, strlen(text), arena, &again, NULL), 0);
	assert_int_equal(again.pid, 0);
	assert_int_equal(again.namespaces, 0);
	assert_int_equal(again.annotations.count, 0);
	assert_false(again.terminal);
	assert_null(again.cgroup);
	assert_int_equal(again.cgroup_manager, CGROUP_MANAGER_NONE);
}

/* Whatever a crash or an editor leaves: each beginning of a state is refused in one line. */
static void every_truncated_state_is_refused(void **test_state)
{
	struct state state = example(), again;
	_cleanup_free_ char *text = state_format(&state, NULL);
	size_t whole = strlen(text) - strlen("\n");

	(void)test_state;
	for (size_t length = 0; length < whole; length++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_error_ struct error *err = NULL;

		assert_int_equal(state_parse(text, length, arena, &again, &err), -1);
		assert_int_equal(strncmp(err->message, "state.json:", 11), 0);
		assert_null(strchr(err->message, '\n'));
	}
}

static void damaged_states_are_refused(void **test_state)
{
	static const struct {
		const char *document, *message;
	} list[] = {
		{ "[]", "state.json: expected an object, got an array" },
		{ "{}", "state.json: id: missing" },
		{ "{\"id\":5}", "state.json: id: expected a string" },
		{ "{\"id\":\"\",\"ociVersion\":\"1.0.0\",\"pid\":1,\"startTime\":1,"
		  "\"bundle\":\"/\","
		  "\"rootfs\":\"/\",\"created\":\"\",\"owner\":\"\",\"ownerUid\":0,"
		  "\"namespaces\":[]}",
		  "state.json: id: empty" },
		{ "{\"id\":\"a\",\"ociVersion\":\"1.0.0\",\"pid\":-1,\"startTime\":1,\"bundle\":"
		  "\"/\",\"rootfs\":\"/\",\"created\":\"\",\"owner\":\"\",\"ownerUid\":0,"
		  "\"namespaces\":[]}",
		  "state.json: pid: -1 is no process" },
		{ "{\"id\":\"a\",\"ociVersion\":\"1.0.0\",\"pid\":1,\"startTime\":1,\"bundle\":"
		  "\"/\",\"rootfs\":\"/\",\"created\":\"\",\"owner\":\"\",\"ownerUid\":0,"
		  "\"namespaces\":[\"net\"]}",
		  "state.json: namespaces[0]: unknown value \"net\"" },
	};

	(void)test_state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_error_ struct error *err = NULL;
		struct state state;

		assert_int_equal(state_parse(list[i].document, strlen(list[i].document), arena,
		                             &state, &err),
		                 -1);
		if (strncmp(err->message, list[i].message, strlen(list[i].message)) != 0)
			fail_msg("%s, expected: %s", err->message, list[i].message);
	}
}

static void the_state_of_the_spec_is_indented(void **test_state)
{
	struct state state = example();
	_cleanup_free_ char *text = state_format_oci(&state, STATUS_RUNNING, NULL);

	(void)test_state;
	assert_string_equal(text, "{\n"
	                          "    \"ociVersion\": \"1.3.0\",\n"
	                          "    \"id\": \"box\",\n"
	                          "    \"pid\": 4422,\n"
	                          "    \"status\": \"running\",\n"
	                          "    \"bundle\": \"/b ü\",\n"
	                          "    \"rootfs\": \"/b/rootfs\",\n"
	                          "    \"created\": \"2026-11-24T10:00:00.123456789Z\",\n"
	                          "    \"annotations\": {\n"
	                          "        \"a.b\": \"c\\n\\\"\"\n"
	                          "    },\n"
	                          "    \"owner\": \"me\"\n"
	                          "}\n");
}

static void a_stopped_container_has_pid_0(void **test_state)
{
	struct state state = example();
	_cleanup_free_ char *text = state_format_oci(&state, STATUS_STOPPED, NULL);

	(void)test_state;
	assert_non_null(strstr(text, "\"pid\": 0,"));
	assert_non_null(strstr(text, "\"status\": \"stopped\""));
}

static void hooks_get_the_same_document_on_one_line(void **test_state)
{
	struct state state = example();
	_cleanup_free_ char *text = NULL;

	(void)test_state;
	state.annotations.count = 0;
	text = state_format_hook(&state, STATUS_CREATING, NULL);
	assert_string_equal(text, "{\"ociVersion\":\"1.3.0\",\"id\":\"box\",\"pid\":4422,"
	                          "\"status\":\"creating\",\"bundle\":\"/b ü\","
	                          "\"rootfs\":\"/b/rootfs\","
	                          "\"created\":\"2026-11-24T10:00:00.123456789Z\","
	                          "\"owner\":\"me\"}\n");
}

static void a_list_is_an_array_on_one_line(void **test_state)
{
	const enum container_status statuses[] = { STATUS_CREATED, STATUS_STOPPED };
	struct state states[] = { example(), example() };
	_cleanup_free_ char *text = NULL, *empty = NULL;

	(void)test_state;
	states[0].id = (char *)"one";
	states[1].id = (char *)"two";
	text = state_format_list(states, statuses, 2, NULL);
	empty = state_format_list(NULL, NULL, 0, NULL);
	assert_string_equal(empty, "[]\n");
	assert_ptr_equal(strstr(text, "[{\"ociVersion\":\"1.3.0\",\"id\":\"one\",\"pid\":4422,"),
	                 text);
	assert_non_null(strstr(text, "},{\"ociVersion\":\"1.3.0\",\"id\":\"two\",\"pid\":0,"
	                             "\"status\":\"stopped\","));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void a_path_that_is_not_utf8_is_an_error(void **test_state)
{
	_cleanup_error_ struct error *err = NULL;
	struct state state = example();

	(void)test_state;
	state.bundle = (char *)"/\xff";
	assert_null(state_format(&state, &err));
	assert_non_null(strstr(err->message, "bundle"));
}

static void every_status_has_a_name(void **test_state)
{
	(void)test_state;
	assert_string_equal(container_status_name(STATUS_CREATING), "creating");
	assert_string_equal(container_status_name(STATUS_CREATED), "created");
	assert_string_equal(container_status_name(STATUS_RUNNING), "running");
	assert_string_equal(container_status_name(STATUS_PAUSED), "paused");
	assert_string_equal(container_status_name(STATUS_STOPPED), "stopped");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_reads_back_as_it_was),
		cmocka_unit_test(a_small_state_reads_back_as_it_was),
		cmocka_unit_test(every_truncated_state_is_refused),
		cmocka_unit_test(damaged_states_are_refused),
		cmocka_unit_test(the_state_of_the_spec_is_indented),
		cmocka_unit_test(a_stopped_container_has_pid_0),
		cmocka_unit_test(hooks_get_the_same_document_on_one_line),
		cmocka_unit_test(a_list_is_an_array_on_one_line),
		cmocka_unit_test(a_path_that_is_not_utf8_is_an_error),
		cmocka_unit_test(every_status_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
