/* SPDX-License-Identifier: Apache-2.0 */
/* config.json to structs and back: what documents and their values may look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "document.h"
#include "spec/json.h"

/* --- documents as such --- */

static void syntax_errors_name_line_and_column(void **state)
{
	(void)state;
	assert_refused("{\n  'ociVersion': '1.3.0',\n  ]\n}", "config.json:3:");
	assert_refused("{]", "config.json:1:2: ");
	assert_refused("{} {}", "more text after the end");
}

static void syntax_errors_keep_their_place_behind_wide_numbers(void **state)
{
	(void)state;
	assert_refused("{ 'a': 18446744073709551615, 'b': ] }", "config.json:1:35: ");
	assert_refused("{ 'a': [18446744073709551615,\n 184467440737095516150], }",
	               "config.json:2:26: ");
}

static void empty_and_truncated_documents_are_told_apart(void **state)
{
	(void)state;
	assert_text_refused("", 0, "config.json: the document is empty");
	assert_text_refused(" \n\t", 3, "config.json: the document is empty");
	assert_refused("{ 'ociVersion': '1.3", "too early");
	assert_refused("{ 'ociVersion': '1.3.0',", "too early");
}

static void text_that_is_not_utf8_is_refused(void **state)
{
	(void)state;
	assert_refused("{ 'ociVersion': '\xff\xfe' }", "not valid UTF-8");
}

static void nul_characters_are_refused(void **state)
{
	(void)state;
	assert_refused(CONFIG(", 'hostname': 'a\\u0000b'"), "NUL");
	assert_refused(CONFIG(", 'annotations': { 'a\\u0000b': 'c' }"), "NUL");
	/* The second parse, which uses NUL for its own purpose, refuses them as well. */
	assert_refused(PROCESS(", 'x': 18446744073709551615, 'apparmorProfile': '\\u00001'"),
	               "NUL");
	assert_accepted(CONFIG(", 'x': 18446744073709551615, 'annotations': { 'a': '\\\\u0000' }"));
}

static void deep_nesting_is_refused(void **state)
{
	enum { DEPTH = 100000 };
	_cleanup_free_ char *text = malloc(DEPTH);

	(void)state;
	memset(text, '[', DEPTH);
	assert_text_refused(text, DEPTH, "nested too deeply");
}

static void large_documents_are_refused(void **state)
{
	size_t size = CONFIG_MAX_SIZE + 1;
	_cleanup_free_ char *text = malloc(size);
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_error_ struct error *err = NULL;
	struct process *process = NULL;

	(void)state;
	memset(text, ' ', size);
	assert_text_refused(text, size, "larger than 16 MiB");
	assert_int_equal(process_parse(text, size, "config.json", arena, &process, &err), -1);
	assert_message("spaces", err, "larger than 16 MiB");
}

static void the_root_must_be_an_object(void **state)
{
	(void)state;
	assert_refused("[]", "config.json: expected an object, got an array");
	assert_refused("1", "config.json:1:");
}

static void unknown_properties_are_ignored(void **state)
{
	(void)state;
	assert_accepted(
		CONFIG(", 'x': { 'y': [1.5, null] }, 'Hostname': 5, 'linux': { 'new': 1 }"));
}

static void keys_have_exact_case(void **state)
{
	(void)state;
	assert_refused("{ 'ociversion': '1.3.0', 'root': { 'path': 'r' } }",
	               "config.json: ociVersion: missing");
}

static void null_is_the_same_as_absent(void **state)
{
	_cleanup_config_ struct config *config =
		parse(CONFIG(", 'hostname': null, 'process': null, 'linux': { 'seccomp': null }"));

	(void)state;
	assert_null(config->hostname);
	assert_false(config->has_process);
	assert_false(config->linux.seccomp.set);
	assert_refused("{ 'ociVersion': null, 'root': { 'path': 'r' } }", "ociVersion: missing");
	assert_refused(PROCESS(", 'env': [null]"), "process.env[0]: expected a string, got null");
}

static void of_duplicate_keys_the_last_wins(void **state)
{
	_cleanup_config_ struct config *config = parse(
		"{ 'ociVersion': '2.0', 'root': { 'path': 'a' }, 'ociVersion': '1.0.0',"
		" 'root': { 'path': 'b' } }");

	(void)state;
	assert_string_equal(config->oci_version, "1.0.0");
	assert_string_equal(config->root.path, "b");
}

static void the_text_is_kept(void **state)
{
	const char *document = "{ 'ociVersion': '1.0.0', 'root': { 'path': 'a' }, 'x': 1 }\n";
	_cleanup_config_ struct config *config = parse(document);
	_cleanup_free_ char *text = requote(document);

	(void)state;
	assert_int_equal(config->text_length, strlen(text));
	assert_memory_equal(config->text, text, strlen(text));
}

/* --- types --- */

static void wrong_types_are_named_with_their_place(void **state)
{
	static const struct bad list[] = {
		{ CONFIG(", 'hostname': 5"), "hostname: expected a string, got a number" },
		{ CONFIG(", 'hostname': 18446744073709551615"), "expected a string, got a number" },
		{ CONFIG(", 'hostname': ['a']"), "hostname: expected a string, got an array" },
		{ CONFIG(", 'process': []"), "process: expected an object, got an array" },
		{ CONFIG(", 'mounts': {}"), "mounts: expected an array, got an object" },
		{ CONFIG(", 'mounts': ['/proc']"), "mounts[0]: expected an object, got a string" },
		{ CONFIG(", 'annotations': { 'a.b': 1 }"),
		  "annotations[\"a.b\"]: expected a string, got a number" },
		{ CONFIG(", 'annotations': ['a']"),
		  "annotations: expected an object, got an array" },
		{ PROCESS(", 'terminal': 'yes'"),
		  "process.terminal: expected true or false, got a string" },
		{ PROCESS(", 'terminal': 1"),
		  "process.terminal: expected true or false, got a num" },
		{ PROCESS(", 'args': 'sh'"),
		  "process.args: expected an array of strings, got a str" },
		{ PROCESS(", 'args': ['sh', 1]"), "process.args[1]: expected a string, got a num" },
		{ PROCESS(", 'user': { 'uid': '0' }"),
		  "process.user.uid: expected a number, got a string" },
		{ PROCESS(", 'user': { 'additionalGids': 5 }"),
		  "process.user.additionalGids: expected an array of numbers, got a number" },
		{ PROCESS(", 'user': { 'additionalGids': [1, true] }"),
		  "process.user.additionalGids[1]: expected a number, got true" },
		{ PROCESS(", 'rlimits': [{ 'type': 'RLIMIT_CPU', 'hard': 1, 'soft': 'x' }]"),
		  "process.rlimits[0].soft: expected a number, got a string" },
		{ PROCESS(", 'capabilities': { 'bounding': 'CAP_KILL' }"),
		  "process.capabilities.bounding: expected an array, got a string" },
		{ PROCESS(", 'capabilities': { 'bounding': [1] }"),
		  "process.capabilities.bounding[0]: expected a string, got a number" },
		{ PROCESS(", 'scheduler': { 'policy': 'SCHED_FIFO', 'flags': 'x' }"),
		  "process.scheduler.flags: expected an array, got a string" },
		{ RESOURCES("'memory': { 'disableOOMKiller': 0 }"),
		  "linux.resources.memory.disableOOMKiller: expected true or false, got a number" },
		{ RESOURCES("'rdma': { 'mlx5_1': { 'hcaHandles': 'x' } }"),
		  "linux.resources.rdma[\"mlx5_1\"].hcaHandles: expected a number, got a string" },
		{ RESOURCES("'rdma': { 'mlx5_1': 1 }"),
		  "linux.resources.rdma[\"mlx5_1\"]: expected an object, got a number" },
		{ RESOURCES("'rdma': []"),
		  "linux.resources.rdma: expected an object, got an array" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
}

static void missing_required_properties_are_named(void **state)
{
	static const struct bad list[] = {
		{ "{ 'root': { 'path': 'r' } }", "ociVersion: missing" },
		{ "{ 'ociVersion': '1.3.0' }", "root: missing" },
		{ "{ 'ociVersion': '1.3.0', 'root': {} }", "root.path: missing" },
		{ CONFIG(", 'process': { 'args': ['sh'] }"), "process.cwd: missing" },
		{ CONFIG(", 'process': { 'cwd': '/' }"), "process.args: missing" },
		{ CONFIG(", 'mounts': [{ 'type': 'proc' }]"), "mounts[0].destination: missing" },
		{ CONFIG(", 'hooks': { 'poststop': [{}] }"), "hooks.poststop[0].path: missing" },
		{ PROCESS(", 'consoleSize': { 'height': 1 }"),
		  "process.consoleSize.width: missing" },
		{ PROCESS(", 'rlimits': [{ 'hard': 1, 'soft': 1 }]"), "rlimits[0].type: missing" },
		{ PROCESS(", 'rlimits': [{ 'type': 'RLIMIT_CPU', 'soft': 1 }]"),
		  "[0].hard: missing" },
		{ PROCESS(", 'scheduler': {}"), "process.scheduler.policy: missing" },
		{ PROCESS(", 'ioPriority': {}"), "process.ioPriority.class: missing" },
		{ LINUX("'namespaces': [{}]"), "linux.namespaces[0].type: missing" },
		{ LINUX("'devices': [{ 'path': '/dev/x' }]"), "linux.devices[0].type: missing" },
		{ LINUX("'uidMappings': [{ 'containerID': 0, 'hostID': 0 }]"),
		  "linux.uidMappings[0].size: missing" },
		{ LINUX("'seccomp': {}"), "linux.seccomp.defaultAction: missing" },
		{ RULE("'names': ['read']"), "linux.seccomp.syscalls[0].action: missing" },
		{ RULE("'action': 'SCMP_ACT_ALLOW'"), "linux.seccomp.syscalls[0].names: missing" },
		{ RULE("'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'args': [{ 'index': 0,"
		       " 'value': 1 }]"),
		  "linux.seccomp.syscalls[0].args[0].op: missing" },
		{ LINUX("'memoryPolicy': {}"), "linux.memoryPolicy.mode: missing" },
		{ LINUX("'personality': {}"), "linux.personality.domain: missing" },
		{ RESOURCES("'pids': {}"), "linux.resources.pids.limit: missing" },
		{ RESOURCES("'devices': [{}]"), "linux.resources.devices[0].allow: missing" },
		{ RESOURCES("'hugepageLimits': [{ 'pageSize': '2MB' }]"), "[0].limit: missing" },
		{ RESOURCES("'blockIO': { 'weightDevice': [{ 'major': 8 }] }"),
		  "linux.resources.blockIO.weightDevice[0].minor: missing" },
		{ RESOURCES("'network': { 'priorities': [{ 'name': 'eth0' }] }"),
		  "linux.resources.network.priorities[0].priority: missing" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
}

static void unknown_names_are_refused_with_the_known_ones(void **state)
{
	static const struct bad list[] = {
		{ LINUX("'namespaces': [{ 'type': 'net' }]"),
		  "linux.namespaces[0].type: unknown value \"net\"; known are: cgroup, ipc, mount, "
		  "network, pid, time, user, uts" },
		{ LINUX("'namespaces': [{ 'type': 'Pid' }]"), "unknown value \"Pid\"" },
		{ PROCESS(", 'rlimits': [{ 'type': 'RLIMIT_FOO', 'hard': 1, 'soft': 1 }]"),
		  "process.rlimits[0].type: unknown value \"RLIMIT_FOO\"" },
		{ PROCESS(", 'capabilities': { 'ambient': ['CAP_KILL', 'CAP_FO1'] }"),
		  "process.capabilities.ambient[1]: unknown capability \"CAP_FO1\"" },
		{ PROCESS(", 'capabilities': { 'ambient': ['cap_kill'] }"), "unknown capability" },
		{ PROCESS(", 'scheduler': { 'policy': 'FIFO' }"),
		  "process.scheduler.policy: unknown" },
		{ PROCESS(", 'scheduler': { 'policy': 'SCHED_FIFO', 'flags': ['X'] }"),
		  "process.scheduler.flags[0]: unknown value \"X\"" },
		{ PROCESS(", 'ioPriority': { 'class': 'RT' }"),
		  "IOPRIO_CLASS_RT, IOPRIO_CLASS_BE" },
		{ LINUX("'seccomp': { 'defaultAction': 'ALLOW' }"),
		  "linux.seccomp.defaultAction: unknown value \"ALLOW\"; known are: SCMP_ACT_K" },
		{ SECCOMP(", 'architectures': ['x86_64']"),
		  "linux.seccomp.architectures[0]: unknown value \"x86_64\"" },
		{ SECCOMP(", 'flags': ['LOG']"), "linux.seccomp.flags[0]: unknown value" },
		{ RULE("'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'args': [{ 'index': 0,"
		       " 'value': 1, 'op': 'EQ' }]"),
		  "linux.seccomp.syscalls[0].args[0].op: unknown value \"EQ\"" },
		{ LINUX("'memoryPolicy': { 'mode': 'BIND' }"), "linux.memoryPolicy.mode: unknown" },
		{ LINUX("'memoryPolicy': { 'mode': 'MPOL_BIND', 'flags': ['X'] }"),
		  "linux.memoryPolicy.flags[0]: unknown" },
		{ LINUX("'personality': { 'domain': 'BSD' }"), "known are: LINUX, LINUX32" },
		{ LINUX("'rootfsPropagation': 'public'"),
		  "linux.rootfsPropagation: unknown value" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
}

static void long_lists_of_names_are_not_shown(void **state)
{
	_cleanup_free_ char *text = requote(SECCOMP(", 'architectures': ['x']"));
	_cleanup_error_ struct error *err = NULL;
	struct config *config;

	(void)state;
	assert_int_equal(config_parse(text, strlen(text), "c", &config, &err), -1);
	assert_string_equal(err->message, "c: linux.seccomp.architectures[0]: unknown value \"x\"");
}

static void strange_text_in_messages_is_escaped_and_shortened(void **state)
{
	(void)state;
	assert_refused(LINUX("'namespaces': [{ 'type': 'a\\nb\\u001b[2J' }]"),
	               "unknown value \"a\\nb\\u001B[2J\"");
	assert_refused(CONFIG(", 'annotations': { 'a\\nb': 1 }"), "annotations[\"a\\nb\"]: ");
	assert_refused(LINUX("'namespaces': [{ 'type': '0123456789012345678901234567890123456789"
	                     "012345678901234567890123456789012345678901234567890123456789' }]"),
	               "2345678…; known");
}

/* --- numbers --- */

static void integers_have_the_range_of_their_type(void **state)
{
	static const struct bad list[] = {
		{ PROCESS(", 'user': { 'uid': 4294967296 }"),
		  "process.user.uid: expected a number from 0 to 4294967295, got 4294967296" },
		{ PROCESS(", 'user': { 'gid': -1 }"), "from 0 to 4294967295, got -1" },
		{ PROCESS(", 'user': { 'additionalGids': [4294967296] }"),
		  "additionalGids[0]: expected" },
		{ PROCESS(", 'user': { 'uid': 18446744073709551616 }"),
		  "got 18446744073709551616" },
		{ PROCESS(", 'rlimits': [{ 'type': 'RLIMIT_CPU', 'hard': 18446744073709551616,"
		          " 'soft': 1 }]"),
		  "rlimits[0].hard: expected a number from 0 to 18446744073709551615" },
		{ PROCESS(", 'rlimits': [{ 'type': 'RLIMIT_CPU', 'hard': -1, 'soft': 1 }]"),
		  "rlimits[0].hard: expected a number from 0" },
		{ PROCESS(", 'rlimits': [{ 'type': 'RLIMIT_CPU', 'hard': -9223372036854775809,"
		          " 'soft': 1 }]"),
		  "got -9223372036854775809" },
		{ PROCESS(", 'consoleSize': { 'height': 65536, 'width': 1 }"), "from 0 to 65535" },
		{ PROCESS(", 'scheduler': { 'policy': 'SCHED_OTHER', 'nice': 2147483648 }"),
		  "from -2147483648 to 2147483647" },
		{ PROCESS(", 'oomScoreAdj': 9223372036854775808"),
		  "from -9223372036854775808 to 9223372036854775807, got 9223372036854775808" },
		{ RESOURCES("'blockIO': { 'weight': 65536 }"), "from 0 to 65535, got 65536" },
		{ RESOURCES("'network': { 'classID': 4294967296 }"), "from 0 to 4294967295" },
		{ LINUX("'timeOffsets': { 'boottime': { 'nanosecs': 1000000000 } }"),
		  "linux.timeOffsets.boottime.nanosecs: expected a number from 0 to 999999999" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
}

static void numbers_that_are_no_integers_are_refused(void **state)
{
	static const struct bad list[] = {
		{ PROCESS(", 'user': { 'uid': 1.5 }"), "process.user.uid: expected an integer" },
		{ PROCESS(", 'user': { 'uid': 1e3 }"), "expected an integer" },
		{ PROCESS(", 'user': { 'uid': 1000.0 }"), "expected an integer" },
		{ PROCESS(", 'user': { 'uid': 1000.0 }, 'x': 18446744073709551615"),
		  "expected an integer" },
		{ PROCESS(", 'user': { 'uid': 1e999 }"), "too large" },
		{ PROCESS(", 'user': { 'uid': 00000000000000000000000001 }"), "config.json:1:" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
}

static void numbers_of_any_length_are_only_numbers(void **state)
{
	char digits[600], document[800];

	(void)state;
	memset(digits, '9', sizeof(digits));
	digits[sizeof(digits) - 1] = '\0';
	snprintf(document, sizeof(document), PROCESS(", 'user': { 'uid': %s }"), digits);
	assert_refused(document,
	               "process.user.uid: expected a number from 0 to 4294967295, got 9999");
	snprintf(document, sizeof(document), PROCESS(", 'user': { 'uid': -%s }"), digits);
	assert_refused(document, "got -9999");
}

static void integers_keep_all_64_bits(void **state)
{
	/* 2^53 + 1 and 2^64 - 2 are what a double cannot hold. */
	_cleanup_config_ struct config *config =
		parse(CONFIG(", 'process': { 'cwd': '/', 'args': ['sh'], 'rlimits': ["
	                     "{ 'type': 'RLIMIT_CPU', 'hard': 18446744073709551615,"
	                     "  'soft': 18446744073709551614 },"
	                     "{ 'type': 'RLIMIT_AS', 'hard': 9223372036854775808,"
	                     "  'soft': 9007199254740993 }] },"
	                     "'linux': { 'namespaces': [{ 'type': 'time' }],"
	                     " 'timeOffsets': { 'boottime': { 'secs': 9223372036854775807 },"
	                     " 'monotonic': { 'secs': -9223372036854775808 } } }"));

	(void)state;
	assert_true(config->process.rlimits.items[0].hard == UINT64_MAX);
	assert_true(config->process.rlimits.items[0].soft == UINT64_MAX - 1);
	assert_true(config->process.rlimits.items[1].hard == UINT64_C(1) << 63);
	assert_true(config->process.rlimits.items[1].soft == UINT64_C(9007199254740993));
	assert_true(config->linux.time_offsets.boottime.secs == INT64_MAX);
	assert_true(config->linux.time_offsets.monotonic.secs == INT64_MIN);
}

static void digits_in_strings_are_no_numbers(void **state)
{
	_cleanup_config_ struct config *config =
		parse(CONFIG(", 'x': [18446744073709551615, 'a\\'18446744073709551616'],"
	                     "'annotations': { '18446744073709551615': '18446744073709551617' }"));

	(void)state;
	assert_string_equal(config->annotations.items[0].key, "18446744073709551615");
	assert_string_equal(config->annotations.items[0].value, "18446744073709551617");
}

/* --- what is decoded --- */

static void a_process_is_decoded(void **state)
{
	_cleanup_config_ struct config *config = parse(
		PROCESS(", 'terminal': true, 'consoleSize': { 'height': 24, 'width': 80 },"
	                "'user': { 'uid': 1, 'gid': 2, 'umask': 63, 'additionalGids': [3, 4] },"
	                "'env': ['A=1', 'B='], 'noNewPrivileges': true, 'apparmorProfile': 'p',"
	                "'selinuxLabel': 'l', 'oomScoreAdj': -5,"
	                "'capabilities': { 'bounding': ['CAP_KILL', 'CAP_CHOWN'],"
	                " 'effective': ['CAP_CHECKPOINT_RESTORE'] },"
	                "'rlimits': [{ 'type': 'RLIMIT_NOFILE', 'hard': 20, 'soft': 10 }],"
	                "'scheduler': { 'policy': 'SCHED_RR', 'nice': -3, 'priority': 7,"
	                " 'flags': ['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_RECLAIM'] },"
	                "'ioPriority': { 'class': 'IOPRIO_CLASS_IDLE', 'priority': 4 },"
	                "'execCPUAffinity': { 'initial': '0-1', 'final': '2' }"));
	const struct process *process = &config->process;

	(void)state;
	assert_true(config->has_process && process->terminal && process->no_new_privileges);
	assert_true(process->console_size.set);
	assert_int_equal(process->console_size.height, 24);
	assert_int_equal(process->console_size.width, 80);
	assert_int_equal(process->user.uid, 1);
	assert_int_equal(process->user.gid, 2);
	assert_true(process->user.umask.set);
	assert_int_equal(process->user.umask.value, 077);
	assert_int_equal(process->user.additional_gids.count, 2);
	assert_int_equal(process->user.additional_gids.items[1], 4);
	assert_int_equal(process->env.count, 2);
	assert_string_equal(process->env.items[1], "B=");
	assert_null(process->env.items[2]);
	assert_string_equal(process->args.items[0], "sh");
	assert_string_equal(process->apparmor_profile, "p");
	assert_string_equal(process->selinux_label, "l");
	assert_true(process->oom_score_adj.set);
	assert_int_equal(process->oom_score_adj.value, -5);
	assert_true(process->capabilities.set);
	assert_true(process->capabilities.bounding == (1 << CAP_KILL | 1 << CAP_CHOWN));
	assert_true(process->capabilities.effective == UINT64_C(1) << CAP_CHECKPOINT_RESTORE);
	assert_true(process->capabilities.ambient == 0);
	assert_int_equal(process->rlimits.items[0].resource, RLIMIT_NOFILE);
	assert_int_equal(process->rlimits.items[0].soft, 10);
	assert_int_equal(process->rlimits.items[0].hard, 20);
	assert_true(process->scheduler.set);
	assert_int_equal(process->scheduler.policy, SCHED_RR);
	assert_int_equal(process->scheduler.nice, -3);
	assert_int_equal(process->scheduler.priority, 7);
	assert_int_equal(process->scheduler.flags, SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM);
	assert_true(process->io_priority.set);
	assert_int_equal(process->io_priority.class, 3);
	assert_int_equal(process->io_priority.priority, 4);
	assert_string_equal(process->exec_cpu_affinity.initial, "0-1");
	assert_string_equal(process->exec_cpu_affinity.final, "2");
}

static void what_a_process_does_not_say_is_absent(void **state)
{
	_cleanup_config_ struct config *config = parse(PROCESS(""));
	const struct process *process = &config->process;

	(void)state;
	assert_false(process->terminal || process->console_size.set || process->capabilities.set);
	assert_false(process->user.umask.set || process->oom_score_adj.set);
	assert_false(process->scheduler.set || process->io_priority.set);
	assert_null(process->env.items);
	assert_null(process->apparmor_profile);
}

static void mounts_and_hooks_are_decoded(void **state)
{
	_cleanup_config_ struct config *config = parse(CONFIG(
		", 'mounts': [{ 'destination': '/a', 'type': 'bind', 'source': '/b',"
		" 'options': ['ro', 'rbind'] }, { 'destination': '/c' }],"
		"'hooks': { 'poststart': [{ 'path': '/h', 'args': ['h', 'x'], 'env': ['A=b'],"
		" 'timeout': 3 }, { 'path': '/i' }] }"));
	const struct hook *hook = config->hooks.poststart.items;

	(void)state;
	assert_int_equal(config->mounts.count, 2);
	assert_string_equal(config->mounts.items[0].type, "bind");
	assert_string_equal(config->mounts.items[0].source, "/b");
	assert_string_equal(config->mounts.items[0].options.items[1], "rbind");
	assert_null(config->mounts.items[1].type);
	assert_null(config->mounts.items[1].options.items);
	assert_int_equal(config->hooks.poststart.count, 2);
	assert_string_equal(hook[0].args.items[1], "x");
	assert_int_equal(hook[0].timeout.value, 3);
	assert_false(hook[1].timeout.set);
	assert_null(hook[1].args.items);
	assert_int_equal(config->hooks.prestart.count, 0);
}

static void the_linux_section_is_decoded(void **state)
{
	_cleanup_config_ struct config *config = parse(
		LINUX("'namespaces': [{ 'type': 'pid', 'path': '' }, { 'type': 'user' },"
	              " { 'type': 'network', 'path': '/run/n' }, { 'type': 'time' }],"
	              "'uidMappings': [{ 'containerID': 0, 'hostID': 1000, 'size': 1 }],"
	              "'gidMappings': [{ 'containerID': 5, 'hostID': 6, 'size': 7 }],"
	              "'devices': [{ 'path': '/dev/f', 'type': 'c', 'major': 10, 'minor': 229,"
	              " 'fileMode': 438, 'uid': 1, 'gid': 2 }],"
	              "'netDevices': { 'eth0': { 'name': 'e1' }, 'eth1': {} },"
	              "'cgroupsPath': '/x', 'sysctl': { 'net.ipv4.ip_forward': '1' },"
	              "'rootfsPropagation': 'rslave', 'maskedPaths': ['/a'], 'readonlyPaths': [],"
	              "'mountLabel': 'm', 'intelRdt': { 'closID': 'c', 'enableMonitoring': true },"
	              "'memoryPolicy': { 'mode': 'MPOL_BIND', 'nodes': '0', 'flags':"
	              " ['MPOL_F_STATIC_NODES'] }, 'personality': { 'domain': 'LINUX32' },"
	              "'timeOffsets': { 'monotonic': { 'secs': -4, 'nanosecs': 5 } }"));
	const struct linux_config *section = &config->linux;

	(void)state;
	assert_null(config_namespace(config, NAMESPACE_PID)->path);
	assert_string_equal(config_namespace(config, NAMESPACE_NETWORK)->path, "/run/n");
	assert_null(config_namespace(config, NAMESPACE_MOUNT));
	assert_int_equal(section->uid_mappings.items[0].host_id, 1000);
	assert_int_equal(section->gid_mappings.items[0].container_id, 5);
	assert_int_equal(section->gid_mappings.items[0].size, 7);
	assert_int_equal(section->devices.items[0].minor.value, 229);
	assert_int_equal(section->devices.items[0].file_mode.value, 0666);
	assert_int_equal(section->net_devices.count, 2);
	assert_string_equal(section->net_devices.items[0].host_name, "eth0");
	assert_string_equal(section->net_devices.items[0].name, "e1");
	assert_null(section->net_devices.items[1].name);
	assert_string_equal(section->sysctl.items[0].value, "1");
	assert_string_equal(section->cgroups_path, "/x");
	assert_string_equal(section->rootfs_propagation, "rslave");
	assert_string_equal(section->masked_paths.items[0], "/a");
	assert_int_equal(section->readonly_paths.count, 0);
	assert_string_equal(section->mount_label, "m");
	assert_true(section->intel_rdt.set && section->intel_rdt.enable_monitoring);
	assert_int_equal(section->memory_policy.mode, 2);
	assert_int_equal(section->memory_policy.flags, 1 << 15);
	assert_true(section->personality.set);
	assert_int_equal(section->personality.domain, PER_LINUX32);
	assert_true(section->time_offsets.monotonic.set);
	assert_int_equal(section->time_offsets.monotonic.secs, -4);
	assert_false(section->time_offsets.boottime.set);
	assert_false(section->resources.set || section->seccomp.set);
}

static void resources_are_decoded(void **state)
{
	_cleanup_config_ struct config *config = parse(RESOURCES(
		"'unified': { 'memory.high': '1' }, 'pids': { 'limit': -1 },"
		"'devices': [{ 'allow': true, 'type': 'c', 'major': 1, 'access': 'rw' }],"
		"'blockIO': { 'weight': 10, 'throttleReadBpsDevice': [{ 'major': 8, 'minor': 1,"
		" 'rate': 600 }] }, 'cpu': { 'shares': 2, 'quota': -1, 'cpus': '0-1' },"
		"'hugepageLimits': [{ 'pageSize': '2MB', 'limit': 5 }],"
		"'memory': { 'limit': 3, 'disableOOMKiller': false },"
		"'network': { 'classID': 9, 'priorities': [{ 'name': 'e', 'priority': 8 }] },"
		"'rdma': { 'm': { 'hcaObjects': 4 } }"));
	const struct resources *resources = &config->linux.resources;

	(void)state;
	assert_true(resources->set);
	assert_string_equal(resources->unified.items[0].key, "memory.high");
	assert_int_equal(resources->pids.limit.value, -1);
	assert_true(resources->devices.items[0].allow && resources->devices.items[0].major.set);
	assert_false(resources->devices.items[0].minor.set);
	assert_int_equal(resources->block_io.weight.value, 10);
	assert_false(resources->block_io.leaf_weight.set);
	assert_int_equal(resources->block_io.throttle_read_bps.items[0].rate.value, 600);
	assert_int_equal(resources->block_io.throttle_read_bps.items[0].minor, 1);
	assert_int_equal(resources->cpu.shares.value, 2);
	assert_int_equal(resources->cpu.quota.value, -1);
	assert_string_equal(resources->cpu.cpus, "0-1");
	assert_int_equal(resources->hugepage_limits.items[0].limit, 5);
	assert_int_equal(resources->memory.limit.value, 3);
	assert_true(resources->memory.disable_oom_killer.set);
	assert_false(resources->memory.disable_oom_killer.value);
	assert_false(resources->memory.use_hierarchy.set);
	assert_int_equal(resources->network.class_id.value, 9);
	assert_int_equal(resources->network.priorities.items[0].priority, 8);
	assert_string_equal(resources->rdma.items[0].device, "m");
	assert_false(resources->rdma.items[0].hca_handles.set);
}

static void a_seccomp_filter_is_decoded(void **state)
{
	_cleanup_config_ struct config *config = parse(
		LINUX("'seccomp': { 'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38,"
	              "'architectures': ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'], 'flags': [],"
	              "'listenerPath': '/l', 'listenerMetadata': 'm', 'syscalls': ["
	              " { 'names': ['a', 'b'], 'action': 'SCMP_ACT_KILL_THREAD', 'args': null },"
	              " { 'names': ['c'], 'action': 'SCMP_ACT_KILL', 'args': [{ 'index': 5,"
	              "   'value': 18446744073709551615, 'valueTwo': 2,"
	              "   'op': 'SCMP_CMP_MASKED_EQ' }] }] }"));
	const struct seccomp *seccomp = &config->linux.seccomp;
	const struct seccomp_arg *arg = &seccomp->syscalls.items[1].args.items[0];

	(void)state;
	assert_true(seccomp->set && seccomp->flags_set);
	assert_int_equal(seccomp->flags, 0);
	assert_int_equal(seccomp->default_action, SECCOMP_ACTION_ERRNO);
	assert_int_equal(seccomp->default_errno_ret.value, 38);
	assert_int_equal(seccomp->architectures.count, 2);
	assert_string_equal(seccomp->architectures.items[1], "SCMP_ARCH_AARCH64");
	assert_string_equal(seccomp->listener_metadata, "m");
	assert_int_equal(seccomp->syscalls.items[0].action, SECCOMP_ACTION_KILL_THREAD);
	assert_int_equal(seccomp->syscalls.items[0].args.count, 0);
	assert_int_equal(seccomp->syscalls.items[1].action, SECCOMP_ACTION_KILL_THREAD);
	assert_int_equal(arg->index, 5);
	assert_true(arg->value == UINT64_MAX);
	assert_int_equal(arg->value_two, 2);
	assert_int_equal(arg->op, SECCOMP_OP_MASKED_EQ);
}

static void annotations_are_found_by_key(void **state)
{
	_cleanup_config_ struct config *config =
		parse(CONFIG(", 'annotations': { 'a': '1', 'b': '' }"));

	(void)state;
	assert_string_equal(config_annotation(config, "a"), "1");
	assert_string_equal(config_annotation(config, "b"), "");
	assert_null(config_annotation(config, "c"));
	assert_refused(CONFIG(", 'annotations': { '': 'x' }"), "annotations: a key is empty");
}

static void sections_of_other_platforms_are_noted(void **state)
{
	_cleanup_config_ struct config *config =
		parse(CONFIG(", 'windows': {}, 'zos': { 'a': 1 }"));

	(void)state;
	assert_true(config->has_windows && config->has_zos);
	assert_false(config->has_solaris || config->has_vm || config->has_freebsd);
}

static void a_relative_mount_destination_starts_at_the_root(void **state)
{
	_cleanup_config_ struct config *config = NULL;

	(void)state;
	log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	config = parse(CONFIG(", 'mounts': [{ 'destination': 'proc' }]"));
	log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	assert_string_equal(config->mounts.items[0].destination, "/proc");
}

/* --- a process by itself --- */

static void a_process_document_is_decoded_and_checked(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *good = requote("{ 'cwd': '/', 'args': ['a'], 'user': { 'uid': 3 } }");
	_cleanup_free_ char *bad = requote("{ 'cwd': '/', 'args': ['a'], 'env': ['x'] }");
	_cleanup_error_ struct error *err = NULL;
	struct process *process = NULL;

	(void)state;
	assert_int_equal(process_parse(good, strlen(good), "p.json", arena, &process, &err), 0);
	assert_int_equal(process->user.uid, 3);
	assert_int_equal(process_parse(bad, strlen(bad), "p.json", arena, &process, &err), -1);
	assert_string_equal(err->message, "p.json: env[0]: not of the form NAME=VALUE");
}

static void a_process_from_options_is_checked(void **state)
{
	_cleanup_error_ struct error *err = NULL;
	char *args[] = { (char *)"a", NULL };
	struct process process = { .cwd = (char *)"x", .args = { args, 1 } };

	(void)state;
	assert_int_equal(process_validate(&process, "process", &err), -1);
	assert_string_equal(err->message, "process.cwd: not an absolute path");
	error_clear(&err);
	process.cwd = NULL;
	assert_int_equal(process_validate(&process, "", &err), -1);
	assert_string_equal(err->message, "cwd: not an absolute path");
	process.cwd = (char *)"/";
	assert_int_equal(process_validate(&process, "process", NULL), 0);
}

/* --- files --- */

/* A directory of samples below tests/unit/data; NULL path segments never happen here. */
static char *data_path(const char *name)
{
	const char *data = getenv("TEST_DATA"), *srcdir = getenv("srcdir");
	char *path;

	if (data)
		assert_true(asprintf(&path, "%s/%s", data, name) > 0);
	else
		assert_true(asprintf(&path, "%s/tests/unit/data/%s", srcdir ? srcdir : ".", name) >
		            0);
	return path;
}

/* Read each file of the directory. Return: how many there are; @accepted: how many were good. */
static int read_samples(const char *name, int *accepted)
{
	_cleanup_free_ char *path = data_path(name);
	_cleanup_dir_ DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		fail_msg("%s: %s; set TEST_DATA", path, strerror(errno));
	*accepted = 0;
	while ((entry = readdir(dir))) {
		_cleanup_config_ struct config *config = NULL;
		_cleanup_error_ struct error *err = NULL;

		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (config_read(dirfd(dir), entry->d_name, entry->d_name, &config, &err) == 0)
			++*accepted;
		else
			print_message("%s\n", err->message);
	}
	return count;
}

static void good_samples_are_accepted(void **state)
{
	int accepted, count = read_samples("config-good", &accepted);

	(void)state;
	assert_true(count > 0);
	assert_int_equal(accepted, count);
}

static void bad_samples_are_refused(void **state)
{
	int accepted, count = read_samples("config-bad", &accepted);

	(void)state;
	assert_true(count > 0);
	assert_int_equal(accepted, 0);
}

static void assert_unreadable(int dirfd, const char *path, const char *message)
{
	_cleanup_error_ struct error *err = NULL;
	struct config *config = NULL;

	assert_int_equal(config_read(dirfd, path, "config.json", &config, &err), -1);
	assert_non_null(strstr(err->message, message));
}

static void files_that_cannot_be_read_are_told(void **state)
{
	char directory[] = "/tmp/rootlet-test-XXXXXX";
	_cleanup_fd_ int dirfd = -1, large = -1;

	(void)state;
	assert_non_null(mkdtemp(directory));
	dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkfifoat(dirfd, "fifo", 0600), 0);
	large = openat(dirfd, "large", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(large, 100 << 20), 0);
	assert_unreadable(dirfd, "none", "No such file or directory; `rootlet spec` writes one");
	assert_unreadable(dirfd, "fifo", "config.json: not a regular file");
	assert_unreadable(dirfd, "large", "config.json: the document is larger than 16 MiB");
	assert_unreadable(dirfd, ".", "Is a directory");
	unlinkat(dirfd, "fifo", 0);
	unlinkat(dirfd, "large", 0);
	rmdir(directory);
}

/* --- the way back --- */

static void a_formatted_config_reads_the_same(void **state)
{
	_cleanup_free_ char *path = data_path("config-good/spec-example.json");
	_cleanup_config_ struct config *config = NULL, *again = NULL;
	_cleanup_free_ char *once = NULL, *twice = NULL;

	(void)state;
	assert_int_equal(config_read(AT_FDCWD, path, "a", &config, NULL), 0);
	once = config_format(config, NULL);
	assert_non_null(once);
	assert_int_equal(config_parse(once, strlen(once), "b", &again, NULL), 0);
	twice = config_format(again, NULL);
	assert_string_equal(once, twice);
	assert_int_equal(again->linux.resources.memory.kernel.value, -1);
	assert_int_equal(again->linux.devices.count, 2);
	assert_int_equal(again->linux.devices.items[0].minor.value, 229);
	assert_true(again->process.capabilities.ambient == config->process.capabilities.ambient);
	assert_string_equal(again->linux.namespaces.items[7].path ? "" : "new", "new");
	assert_int_equal(again->linux.seccomp.syscalls.items[0].action, SECCOMP_ACTION_ERRNO);
	assert_int_equal(again->linux.time_offsets.boottime.secs, 604800);
}

/* Every kind of member, the largest numbers, and what is easily lost: 0, false, empty. */
static void a_formatted_config_keeps_every_kind_of_member(void **state)
{
	_cleanup_free_ char *expected = requote(
		"{\n    'ociVersion': '1.3.0',\n    'process': {\n"
		"        'consoleSize': {\n            'height': 0,\n"
		"            'width': 1\n        },\n"
		"        'user': {\n            'uid': 0,\n            'gid': 0,\n"
		"            'umask': 0,\n            'additionalGids': [\n                5\n"
		"            ]\n        },\n"
		"        'args': [\n            '\\'\\u0001é'\n        ],\n        'cwd': '/',\n"
		"        'capabilities': {},\n"
		"        'rlimits': [\n            {\n                'type': 'RLIMIT_AS',\n"
		"                'hard': 18446744073709551615,\n                'soft': 0\n"
		"            }\n        ],\n        'oomScoreAdj': 0,\n"
		"        'scheduler': {\n            'policy': 'SCHED_OTHER',\n"
		"            'nice': -20\n        }\n    },\n"
		"    'root': {\n        'path': 'r'\n    },\n"
		"    'annotations': {\n        'a': '\\\\u0000'\n    },\n"
		"    'linux': {\n        'resources': {\n"
		"            'cpu': {\n                'shares': 18446744073709551614\n"
		"            },\n"
		"            'memory': {\n                'limit': -1,\n"
		"                'disableOOMKiller': false\n            },\n"
		"            'rdma': {\n                'm': {\n"
		"                    'hcaHandles': 0\n"
		"                }\n            }\n        },\n"
		"        'seccomp': {\n            'defaultAction': 'SCMP_ACT_KILL',\n"
		"            'flags': []\n        },\n"
		"        'memoryPolicy': {\n            'mode': 'MPOL_DEFAULT',\n"
		"            'flags': [\n"
		"                'MPOL_F_STATIC_NODES'\n            ]\n        }\n    }\n}\n");
	_cleanup_config_ struct config *config = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	if (config_parse(expected, strlen(expected), "c", &config, &err) < 0)
		fail_msg("%s", err->message);
	text = config_format(config, NULL);
	assert_string_equal(text, expected);
}

static void strings_that_are_not_utf8_cannot_be_formatted(void **state)
{
	_cleanup_error_ struct error *err = NULL;
	struct config config = { .oci_version = (char *)"1.0.0", .root.path = (char *)"\xff" };

	(void)state;
	assert_null(config_format(&config, &err));
	assert_non_null(strstr(err->message, "path: cannot be written as JSON"));
}

/* --- namespaces --- */

static void namespaces_have_flags_and_names(void **state)
{
	static const struct {
		enum namespace_type type;
		int flag;
		const char *name, *proc_name;
	} list[] = {
		{ NAMESPACE_PID, CLONE_NEWPID, "pid", "pid" },
		{ NAMESPACE_NETWORK, CLONE_NEWNET, "network", "net" },
		{ NAMESPACE_MOUNT, CLONE_NEWNS, "mount", "mnt" },
		{ NAMESPACE_IPC, CLONE_NEWIPC, "ipc", "ipc" },
		{ NAMESPACE_UTS, CLONE_NEWUTS, "uts", "uts" },
		{ NAMESPACE_USER, CLONE_NEWUSER, "user", "user" },
		{ NAMESPACE_CGROUP, CLONE_NEWCGROUP, "cgroup", "cgroup" },
		{ NAMESPACE_TIME, 0x80, "time", "time" },
	};

	(void)state;
	assert_int_equal(ARRAY_SIZE(list), NAMESPACE_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		assert_int_equal(namespace_clone_flag(list[i].type), list[i].flag);
		assert_string_equal(namespace_name(list[i].type), list[i].name);
		assert_string_equal(namespace_proc_name(list[i].type), list[i].proc_name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syntax_errors_name_line_and_column),
		cmocka_unit_test(syntax_errors_keep_their_place_behind_wide_numbers),
		cmocka_unit_test(empty_and_truncated_documents_are_told_apart),
		cmocka_unit_test(text_that_is_not_utf8_is_refused),
		cmocka_unit_test(nul_characters_are_refused),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(large_documents_are_refused),
		cmocka_unit_test(the_root_must_be_an_object),
		cmocka_unit_test(unknown_properties_are_ignored),
		cmocka_unit_test(keys_have_exact_case),
		cmocka_unit_test(null_is_the_same_as_absent),
		cmocka_unit_test(of_duplicate_keys_the_last_wins),
		cmocka_unit_test(the_text_is_kept),
		cmocka_unit_test(wrong_types_are_named_with_their_place),
		cmocka_unit_test(missing_required_properties_are_named),
		cmocka_unit_test(unknown_names_are_refused_with_the_known_ones),
		cmocka_unit_test(long_lists_of_names_are_not_shown),
		cmocka_unit_test(strange_text_in_messages_is_escaped_and_shortened),
		cmocka_unit_test(integers_have_the_range_of_their_type),
		cmocka_unit_test(numbers_that_are_no_integers_are_refused),
		cmocka_unit_test(numbers_of_any_length_are_only_numbers),
		cmocka_unit_test(integers_keep_all_64_bits),
		cmocka_unit_test(digits_in_strings_are_no_numbers),
		cmocka_unit_test(a_process_is_decoded),
		cmocka_unit_test(what_a_process_does_not_say_is_absent),
		cmocka_unit_test(mounts_and_hooks_are_decoded),
		cmocka_unit_test(the_linux_section_is_decoded),
		cmocka_unit_test(resources_are_decoded),
		cmocka_unit_test(a_seccomp_filter_is_decoded),
		cmocka_unit_test(annotations_are_found_by_key),
		cmocka_unit_test(sections_of_other_platforms_are_noted),
		cmocka_unit_test(a_relative_mount_destination_starts_at_the_root),
		cmocka_unit_test(a_process_document_is_decoded_and_checked),
		cmocka_unit_test(a_process_from_options_is_checked),
		cmocka_unit_test(good_samples_are_accepted),
		cmocka_unit_test(bad_samples_are_refused),
		cmocka_unit_test(files_that_cannot_be_read_are_told),
		cmocka_unit_test(a_formatted_config_reads_the_same),
		cmocka_unit_test(a_formatted_config_keeps_every_kind_of_member),
		cmocka_unit_test(strings_that_are_not_utf8_cannot_be_formatted),
		cmocka_unit_test(namespaces_have_flags_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
