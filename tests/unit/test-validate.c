/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused in a config.json for its meaning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "document.h"

static void versions_of_the_first_major_are_accepted(void **state)
{
	static const char *const good[] = { "1.0.0",  "1.3.0",          "1.0.2-dev", "0.5.0-dev",
		                            "1.10.3", "1.0.0-rc.1+b.5", "1.2.0+dev" };
	static const char *const bad[] = { "2.0.0",   "2.0",    "1.0",    "1",      "",
		                           "v1.0.0",  "1.0.0 ", "01.0.0", "1.0.0-", "1.0.0.0",
		                           "garbage", "1..0",   "1.0.0+", "10.0.0", "-1.0.0" };
	char document[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(document, sizeof(document),
		         "{ 'ociVersion': '%s', 'root': { 'path': 'r' } }", good[i]);
		assert_accepted(document);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(document, sizeof(document),
		         "{ 'ociVersion': '%s', 'root': { 'path': 'r' } }", bad[i]);
		assert_refused(document, "config.json: ociVersion: ");
	}
}

static void a_process_needs_a_program_and_a_directory(void **state)
{
	static const struct bad list[] = {
		{ CONFIG(", 'process': { 'cwd': '/', 'args': [] }"), "process.args: empty" },
		{ CONFIG(", 'process': { 'cwd': '/', 'args': [''] }"), "process.args[0]: empty" },
		{ CONFIG(", 'process': { 'cwd': 'tmp', 'args': ['a'] }"),
		  "process.cwd: not an absolute path" },
		{ CONFIG(", 'process': { 'cwd': '', 'args': ['a'] }"), "process.cwd: not an abs" },
		{ "{ 'ociVersion': '1.0.0', 'root': { 'path': '' } }", "root.path: empty" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	assert_accepted(CONFIG(", 'process': { 'cwd': '/', 'args': ['a', ''] }"));
}

static void environment_entries_have_a_name(void **state)
{
	static const struct bad list[] = {
		{ PROCESS(", 'env': ['A=1', 'SECRET']"),
		  "process.env[1]: not of the form NAME=VALUE" },
		{ PROCESS(", 'env': ['=x']"), "process.env[0]: not of the form" },
		{ PROCESS(", 'env': ['']"), "process.env[0]: not of the form" },
		{ CONFIG(", 'hooks': { 'prestart': [{ 'path': '/h', 'env': ['x'] }] }"),
		  "hooks.prestart[0].env[0]: not of the form" },
	};
	_cleanup_error_ struct error *err = NULL;
	struct config *config;
	_cleanup_free_ char *text = requote(list[0].document);

	(void)state;
	ASSERT_ALL_REFUSED(list);
	/* What stands there may be a password. */
	assert_int_equal(config_parse(text, strlen(text), "c", &config, &err), -1);
	assert_null(strstr(err->message, "SECRET"));
}

static void user_ids_are_ids(void **state)
{
	static const struct bad list[] = {
		{ PROCESS(", 'user': { 'uid': 4294967295 }"), "process.user.uid: 4294967295" },
		{ PROCESS(", 'user': { 'gid': 4294967295 }"), "process.user.gid: 4294967295" },
		{ PROCESS(", 'user': { 'additionalGids': [0, 4294967295] }"),
		  "process.user.additionalGids[1]: 4294967295" },
		{ PROCESS(", 'user': { 'umask': 512 }"), "process.user.umask: 512" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	assert_accepted(PROCESS(", 'user': { 'uid': 4294967294, 'umask': 511 }"));
}

static void rlimits_are_consistent(void **state)
{
	static const struct bad list[] = {
		{ PROCESS(", 'rlimits': [{ 'type': 'RLIMIT_CPU', 'hard': 1, 'soft': 2 }]"),
		  "process.rlimits[0].soft: 2 is more than the hard limit, 1" },
		{ PROCESS(", 'rlimits': [{ 'type': 'RLIMIT_CPU', 'hard': 1, 'soft': 1 },"
		          "{ 'type': 'RLIMIT_CPU', 'hard': 1, 'soft': 1 }]"),
		  "process.rlimits[1].type: RLIMIT_CPU is listed twice" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
}

static void scheduling_is_in_range(void **state)
{
	static const struct bad list[] = {
		{ PROCESS(", 'scheduler': { 'policy': 'SCHED_OTHER', 'nice': 20 }"), "nice: 20" },
		{ PROCESS(", 'scheduler': { 'policy': 'SCHED_OTHER', 'nice': -21 }"), "nice: -21" },
		{ PROCESS(", 'scheduler': { 'policy': 'SCHED_FIFO' }"), "scheduler.priority: 0" },
		{ PROCESS(", 'scheduler': { 'policy': 'SCHED_RR', 'priority': 100 }"),
		  "priority: 100" },
		{ PROCESS(", 'scheduler': { 'policy': 'SCHED_BATCH', 'priority': 1 }"),
		  "scheduler.priority: only" },
		{ PROCESS(", 'scheduler': { 'policy': 'SCHED_OTHER', 'runtime': 1 }"),
		  "are for SCHED_DEADLINE" },
		{ PROCESS(", 'ioPriority': { 'class': 'IOPRIO_CLASS_BE', 'priority': 8 }"),
		  "process.ioPriority.priority: 8" },
		{ PROCESS(", 'ioPriority': { 'class': 'IOPRIO_CLASS_BE', 'priority': -1 }"),
		  "process.ioPriority.priority: -1" },
		{ PROCESS(", 'oomScoreAdj': 1001"), "process.oomScoreAdj: 1001" },
		{ PROCESS(", 'oomScoreAdj': -1001"), "process.oomScoreAdj: -1001" },
		{ PROCESS(", 'execCPUAffinity': { 'initial': '0;1' }"), "execCPUAffinity.initial" },
		{ PROCESS(", 'execCPUAffinity': { 'final': 'x' }"), "execCPUAffinity.final" },
	};
	static const char *const good[] = {
		PROCESS(", 'scheduler': { 'policy': 'SCHED_OTHER', 'nice': 19 }"),
		PROCESS(", 'scheduler': { 'policy': 'SCHED_FIFO', 'priority': 99 }"),
		PROCESS(", 'scheduler': { 'policy': 'SCHED_DEADLINE', 'runtime': 1, 'period': 2 }"),
		PROCESS(", 'ioPriority': { 'class': 'IOPRIO_CLASS_RT', 'priority': 7 }"),
		PROCESS(", 'oomScoreAdj': -1000"),
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	ASSERT_ALL_ACCEPTED(good);
}

static void namespaces_are_listed_once_with_absolute_paths(void **state)
{
	static const struct bad list[] = {
		{ LINUX("'namespaces': [{ 'type': 'pid' }, { 'type': 'pid', 'path': '/p' }]"),
		  "linux.namespaces[1]: \"pid\" is listed twice" },
		{ LINUX("'namespaces': [{ 'type': 'pid', 'path': 'proc/1/ns/pid' }]"),
		  "linux.namespaces[0].path: not an absolute path" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
}

static void host_names_need_a_uts_namespace(void **state)
{
	char name[66] = "", document[256];

	(void)state;
	assert_refused(CONFIG(", 'hostname': 'a'"), "hostname: needs a uts namespace; add");
	assert_refused(CONFIG(", 'domainname': 'a'"), "domainname: needs a uts namespace");
	assert_accepted(CONFIG(", 'hostname': 'a', 'linux': { 'namespaces':"
	                       "[{ 'type': 'uts', 'path': '/p' }] }"));
	memset(name, 'x', 65);
	snprintf(document, sizeof(document),
	         CONFIG(", 'hostname': '%s', 'linux': { 'namespaces': [{ 'type': 'uts' }] }"),
	         name);
	assert_refused(document, "hostname: longer than 64 bytes");
	name[64] = '\0';
	snprintf(document, sizeof(document),
	         CONFIG(", 'hostname': '%s', 'linux': { 'namespaces': [{ 'type': 'uts' }] }"),
	         name);
	assert_accepted(document);
}

#define USER_NS "'namespaces': [{ 'type': 'user' }], "
#define MAP(container, host, size) \
	"{ 'containerID': " #container ", 'hostID': " #host ", 'size': " #size "}"
#define MAPPED(uids) LINUX(USER_NS "'uidMappings': [" uids "], 'gidMappings': [" MAP(0, 0, 1) "]")

static void mappings_are_ranges_that_do_not_overlap(void **state)
{
	static const struct bad list[] = {
		{ MAPPED(MAP(0, 0, 0)), "linux.uidMappings[0].size: 0" },
		{ MAPPED(MAP(4294967295, 0, 1)), "linux.uidMappings[0]: containerID + size" },
		{ MAPPED(MAP(0, 4294967000, 296)), "linux.uidMappings[0]: hostID + size" },
		{ MAPPED(MAP(0, 0, 4294967296)), "linux.uidMappings[0].size: expected" },
		{ MAPPED(MAP(0, 100, 10) "," MAP(9, 200, 1)),
		  "linux.uidMappings[1]: its container ids overlap with those of linux.uidM" },
		{ MAPPED(MAP(0, 100, 10) "," MAP(10, 109, 1)), "its host ids overlap" },
		{ MAPPED(MAP(5, 100, 1) "," MAP(0, 200, 10)), "its container ids overlap" },
	};
	static const char *const good[] = {
		MAPPED(MAP(0, 0, 4294967295)),
		MAPPED(MAP(0, 4294967000, 295)),
		MAPPED(MAP(0, 1, 1001) "," MAP(1001, 0, 1) "," MAP(1002, 1002, 64535)),
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	ASSERT_ALL_ACCEPTED(good);
}

static void mappings_are_no_more_than_the_kernel_takes(void **state)
{
	for (int count = 340; count <= 341; count++) {
		_cleanup_free_ char *document = NULL;
		size_t size;
		FILE *out = open_memstream(&document, &size);

		(void)state;
		assert_non_null(out);
		fprintf(out,
		        "{ 'ociVersion': '1.0.0', 'root': { 'path': 'r' }, 'linux': {" USER_NS);
		fprintf(out, "'gidMappings': [" MAP(0, 0, 1) "], 'uidMappings': [" MAP(0, 0, 1));
		for (int i = 1; i < count; i++)
			fprintf(out, ", { 'containerID': %d, 'hostID': %d, 'size': 1 }", i, i);
		fprintf(out, "] } }");
		fclose(out);
		if (count <= 340)
			assert_accepted(document);
		else
			assert_refused(document, "linux.uidMappings: 341 mappings are more than");
	}
}

static void mappings_need_a_new_user_namespace(void **state)
{
	static const struct bad list[] = {
		{ LINUX("'uidMappings': [" MAP(0, 0, 1) "], 'gidMappings': [" MAP(0, 0, 1) "]"),
		  "linux.uidMappings: needs a user namespace; add { \"type\": \"user\" }" },
		{ LINUX("'gidMappings': [" MAP(0, 0, 1) "]"), "linux.gidMappings: needs a user" },
		{ LINUX(USER_NS "'uidMappings': [" MAP(0, 0, 1) "]"),
		  "linux.gidMappings: missing" },
		{ LINUX(USER_NS "'gidMappings': [" MAP(0, 0, 1) "]"),
		  "linux.uidMappings: missing" },
		{ LINUX("'namespaces': [{ 'type': 'user', 'path': '/p' }], 'uidMappings': [" MAP(
			  0, 0, 1) "], 'gidMappings': [" MAP(0, 0, 1) "]"),
		  "joined by path has its mappings already" },
		{ CONFIG(", 'mounts': [{ 'destination': '/a', 'uidMappings': [" MAP(0, 0, 1) "] }]"),
		  "mounts[0].gidMappings: missing" },
		{ CONFIG(", 'mounts': [{ 'destination': '/a', 'uidMappings': [" MAP(
			  0, 0, 0) "], 'gidMappings': [" MAP(0, 0, 1) "] }]"),
		  "mounts[0].uidMappings[0].size: 0" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	assert_accepted(LINUX("'namespaces': [{ 'type': 'user' }]"));
}

static void time_offsets_need_a_new_time_namespace(void **state)
{
	(void)state;
	assert_refused(LINUX("'timeOffsets': { 'boottime': { 'secs': 1 } }"),
	               "linux.timeOffsets: needs a time namespace");
	assert_refused(LINUX("'namespaces': [{ 'type': 'time', 'path': '/p' }], 'timeOffsets':"
	                     "{ 'boottime': { 'secs': 1 } }"),
	               "linux.timeOffsets: the time namespace that is joined");
	assert_accepted(LINUX("'timeOffsets': {}"));
}

#define SYSCTL(namespace, key) \
	LINUX("'namespaces': [{ 'type': '" namespace "' }], 'sysctl': { '" key "': '1' }")

static void sysctls_belong_to_a_namespace_of_the_container(void **state)
{
	static const struct bad list[] = {
		{ SYSCTL("ipc", "net.ipv4.ip_forward"),
		  "linux.sysctl[\"net.ipv4.ip_forward\"]: needs a namespace; add { \"type\": "
		  "\"network\" }" },
		{ SYSCTL("ipc", "net/ipv4/ip_forward"), "{ \"type\": \"network\" }" },
		{ SYSCTL("uts", "kernel.shmmax"), "{ \"type\": \"ipc\" }" },
		{ SYSCTL("uts", "fs.mqueue.msg_max"), "{ \"type\": \"ipc\" }" },
		{ SYSCTL("ipc", "kernel.domainname"), "{ \"type\": \"uts\" }" },
		{ SYSCTL("network", "kernel.panic"), "belongs to no namespace" },
		{ SYSCTL("ipc", "kernel.shmmax2"), "belongs to no namespace" },
		{ SYSCTL("ipc", "kernel.sem.x"), "belongs to no namespace" },
		{ SYSCTL("network", "net"), "belongs to no namespace" },
		{ SYSCTL("network", "network.x"), "belongs to no namespace" },
		{ SYSCTL("network", ""), "not the name of a kernel parameter" },
		{ SYSCTL("network", "/net/x"), "not the name of a kernel parameter" },
		{ SYSCTL("network", "net/../kernel/panic"), "not the name of a kernel parameter" },
		{ SYSCTL("network", "net.//.kernel.panic"), "not the name of a kernel parameter" },
		{ SYSCTL("network", "net..x"), "not the name of a kernel parameter" },
		{ SYSCTL("network", "net.x."), "not the name of a kernel parameter" },
		{ CONFIG(", 'hostname': 'a', 'linux': { 'namespaces': [{ 'type': 'uts' }],"
		         "'sysctl': { 'kernel.hostname': 'b' } }"),
		  "contradicts hostname" },
	};
	static const char *const good[] = {
		SYSCTL("network", "net.ipv4.ip_forward"),
		SYSCTL("network", "net/ipv4/conf/eth0.1/forwarding"),
		SYSCTL("network", "net.ipv4.conf.eth0/1.forwarding"),
		SYSCTL("ipc", "kernel.shm_rmid_forced"),
		SYSCTL("ipc", "kernel/msgmax"),
		SYSCTL("ipc", "fs.mqueue.msg_max"),
		SYSCTL("uts", "kernel.hostname"),
		SYSCTL("uts", "kernel.domainname"),
		SYSCTL("uts", "user.max_user_namespaces"),
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	ASSERT_ALL_ACCEPTED(good);
}

static void mounts_have_a_destination_and_no_empty_options(void **state)
{
	static const struct bad list[] = {
		{ CONFIG(", 'mounts': [{ 'destination': '' }]"), "mounts[0].destination: empty" },
		{ CONFIG(", 'mounts': [{ 'destination': '/a' }, { 'destination': '/b',"
		         "'options': ['ro', ''] }]"),
		  "mounts[1].options[1]: empty" },
		{ LINUX("'maskedPaths': ['/a', 'b']"),
		  "linux.maskedPaths[1]: not an absolute path" },
		{ LINUX("'readonlyPaths': ['']"), "linux.readonlyPaths[0]: not an absolute path" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
}

static void devices_have_a_type_a_path_and_numbers(void **state)
{
	static const struct bad list[] = {
		{ LINUX("'devices': [{ 'path': '/d', 'type': 'x' }]"),
		  "linux.devices[0].type: unkn" },
		{ LINUX("'devices': [{ 'path': 'd', 'type': 'p' }]"),
		  "linux.devices[0].path: not" },
		{ LINUX("'devices': [{ 'path': '/d', 'type': 'c', 'minor': 1 }]"),
		  "linux.devices[0].major: missing" },
		{ LINUX("'devices': [{ 'path': '/d', 'type': 'b', 'major': 1 }]"),
		  "linux.devices[0].minor: missing" },
		{ LINUX("'devices': [{ 'path': '/d', 'type': 'u', 'major': -1, 'minor': 1 }]"),
		  "linux.devices[0].major: not a device number" },
		{ LINUX("'devices': [{ 'path': '/d', 'type': 'p', 'uid': 4294967295 }]"),
		  "linux.devices[0].uid: 4294967295" },
		{ LINUX("'devices': [{ 'path': '/d', 'type': 'p', 'gid': 4294967295 }]"),
		  "linux.devices[0].gid: 4294967295" },
		{ RESOURCES("'devices': [{ 'allow': true, 'type': 'p' }]"),
		  "devices[0].type: unknown" },
		{ RESOURCES("'devices': [{ 'allow': true, 'access': 'rx' }]"),
		  "devices[0].access: not" },
	};
	static const char *const good[] = {
		LINUX("'devices': [{ 'path': '/d', 'type': 'p' }]"),
		LINUX("'devices': [{ 'path': '/d', 'type': 'u', 'major': 0, 'minor': 0 }]"),
		RESOURCES("'devices': [{ 'allow': false, 'type': 'a', 'access': 'rwm' }]"),
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	ASSERT_ALL_ACCEPTED(good);
}

static void network_devices_have_interface_names(void **state)
{
	static const struct bad list[] = {
		{ LINUX("'netDevices': { 'eth0': { 'name': '0123456789abcdef' } }"),
		  "linux.netDevices[\"eth0\"].name: not the name" },
		{ LINUX("'netDevices': { 'eth0': { 'name': 'a/b' } }"), ".name: not the name" },
		{ LINUX("'netDevices': { 'eth0': { 'name': 'a b' } }"), ".name: not the name" },
		{ LINUX("'netDevices': { 'eth0': { 'name': '..' } }"), ".name: not the name" },
		{ LINUX("'netDevices': { 'a/b': {} }"), "linux.netDevices[\"a/b\"]: not the name" },
		{ LINUX("'netDevices': { '': {} }"), "linux.netDevices[\"\"]: not the name" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	assert_accepted(LINUX("'netDevices': { 'eth0': { 'name': '0123456789abcde' } }"));
}

static void hooks_have_absolute_paths_and_time(void **state)
{
	static const struct bad list[] = {
		{ CONFIG(", 'hooks': { 'createRuntime': [{ 'path': '/a' }, { 'path': 'b' }] }"),
		  "hooks.createRuntime[1].path: not an absolute path" },
		{ CONFIG(", 'hooks': { 'createContainer': [{ 'path': '/a', 'timeout': 0 }] }"),
		  "hooks.createContainer[0].timeout: 0" },
		{ CONFIG(", 'hooks': { 'startContainer': [{ 'path': '' }] }"),
		  "hooks.startContainer[0].path: not" },
		{ CONFIG(", 'hooks': { 'poststart': [{ 'path': 'a' }] }"),
		  "hooks.poststart[0].path" },
		{ CONFIG(", 'hooks': { 'poststop': [{ 'path': 'a' }] }"),
		  "hooks.poststop[0].path" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	assert_accepted(CONFIG(", 'hooks': { 'prestart': [{ 'path': '/a', 'timeout': 1 }] }"));
}

static void other_settings_of_linux_are_checked(void **state)
{
	static const struct bad list[] = {
		{ RESOURCES("'hugepageLimits': [{ 'pageSize': '64kB', 'limit': 1 }]"),
		  "linux.resources.hugepageLimits[0].pageSize: not a size" },
		{ RESOURCES("'hugepageLimits': [{ 'pageSize': '02MB', 'limit': 1 }]"),
		  "pageSize: not" },
		{ RESOURCES("'hugepageLimits': [{ 'pageSize': '2M', 'limit': 1 }]"),
		  "pageSize: not" },
		{ RESOURCES("'hugepageLimits': [{ 'pageSize': 'MB', 'limit': 1 }]"),
		  "pageSize: not" },
		{ RESOURCES("'hugepageLimits': [{ 'pageSize': '2', 'limit': 1 }]"),
		  "pageSize: not" },
		{ RESOURCES("'unified': { '../memory.max': '1' }"),
		  "linux.resources.unified[\"../memory.max\"]: not the name of a cgroup file" },
		{ RESOURCES("'unified': { '': '1' }"), "not the name of a cgroup file" },
		{ LINUX("'intelRdt': { 'closID': '..' }"), "linux.intelRdt.closID: not a name" },
		{ LINUX("'intelRdt': { 'closID': '.' }"), "linux.intelRdt.closID: not a name" },
		{ LINUX("'intelRdt': { 'closID': 'a/b' }"), "linux.intelRdt.closID: not a name" },
		{ LINUX("'personality': { 'domain': 'LINUX', 'flags': ['X'] }"),
		  "linux.personality.flags: " },
	};
	static const char *const good[] = {
		RESOURCES("'hugepageLimits': [{ 'pageSize': '64KB', 'limit': 1 }]"),
		RESOURCES("'hugepageLimits': [{ 'pageSize': '1GB', 'limit': 1 }]"),
		LINUX("'intelRdt': { 'closID': 'a..b' }"),
		LINUX("'rootfsPropagation': 'runbindable'"),
		LINUX("'personality': { 'domain': 'LINUX', 'flags': [] }"),
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	ASSERT_ALL_ACCEPTED(good);
}

static void limits_are_sizes_or_none(void **state)
{
	static const struct bad list[] = {
		{ RESOURCES("'memory': { 'limit': -2 }"),
		  "config.json: linux.resources.memory.limit: -2 is no limit; -1 stands for none" },
		{ RESOURCES("'memory': { 'reservation': -2 }"), "memory.reservation: -2 is no" },
		{ RESOURCES("'memory': { 'swap': -9223372036854775808 }"), "memory.swap: -92233" },
		{ RESOURCES("'memory': { 'kernel': -2 }"), "memory.kernel: -2 is no" },
		{ RESOURCES("'memory': { 'kernelTCP': -2 }"), "memory.kernelTCP: -2 is no" },
		{ RESOURCES("'memory': { 'limit': 9223372036854775808 }"),
		  "linux.resources.memory.limit: expected a number from" },
		{ RESOURCES("'memory': { 'limit': 2, 'swap': 1 }"),
		  "memory.swap: 1 for memory and swap together is below memory.limit (2)" },
		{ RESOURCES("'memory': { 'swappiness': 101 }"), "101 is not in 0 to 100" },
		{ RESOURCES("'pids': { 'limit': -2 }"), "linux.resources.pids.limit: -2 is no" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	config_free(&(struct config *){ parse(
		RESOURCES("'memory': { 'limit': -1, 'reservation': -1, 'swap': -1, 'kernel': -1,"
	                  " 'kernelTCP': -1, 'swappiness': 100 }, 'pids': { 'limit': -1 }")) });
	config_free(&(struct config *){ parse(RESOURCES(
		"'memory': { 'limit': 9223372036854775807, 'swap': 9223372036854775807 }")) });
}

static void cpu_limits_are_what_the_kernel_takes(void **state)
{
	static const struct bad list[] = {
		{ RESOURCES("'cpu': { 'quota': -2 }"),
		  "linux.resources.cpu.quota: -2 is no limit" },
		{ RESOURCES("'cpu': { 'quota': 999 }"), "cpu.quota: 999 is below" },
		{ RESOURCES("'cpu': { 'period': 999 }"),
		  "cpu.period: 999 is not in 1000 to 1000000" },
		{ RESOURCES("'cpu': { 'period': 1000001 }"), "cpu.period: 1000001 is not in" },
		{ RESOURCES("'cpu': { 'quota': 1000, 'burst': 1001 }"),
		  "cpu.burst: 1001 is above cpu.quota (1000)" },
		{ RESOURCES("'cpu': { 'shares': -1 }"), "cpu.shares: expected a number from 0" },
		{ RESOURCES("'cpu': { 'realtimeRuntime': -2 }"), "cpu.realtimeRuntime: -2 is no" },
		{ RESOURCES("'cpu': { 'idle': 2 }"), "cpu.idle: 2 is neither 0 nor 1" },
		{ RESOURCES("'cpu': { 'idle': -1 }"), "cpu.idle: -1 is neither 0 nor 1" },
		{ RESOURCES("'cpu': { 'cpus': 'all' }"),
		  "cpu.cpus: \"all\" is not a list of CPUs such as" },
		{ RESOURCES("'cpu': { 'cpus': '0-' }"), "cpu.cpus: \"0-\" is not" },
		{ RESOURCES("'cpu': { 'cpus': '3-1' }"), "cpu.cpus: \"3-1\" is not" },
		{ RESOURCES("'cpu': { 'cpus': '1-2-3' }"), "cpu.cpus: \"1-2-3\" is not" },
		{ RESOURCES("'cpu': { 'cpus': '0-7:1' }"), "cpu.cpus: \"0-7:1\" is not" },
		{ RESOURCES("'cpu': { 'cpus': '0-7:1/0' }"), "cpu.cpus: \"0-7:1/0\" is not" },
		{ RESOURCES("'cpu': { 'cpus': '4294967296' }"), "cpu.cpus: " },
		{ RESOURCES("'cpu': { 'cpus': '0\\n1' }"), "cpu.cpus: " },
		{ RESOURCES("'cpu': { 'mems': '-1' }"),
		  "cpu.mems: \"-1\" is not a list of memory nodes" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	config_free(&(struct config *){ parse(RESOURCES(
		"'cpu': { 'shares': 18446744073709551615, 'quota': -1, 'period': 1000,"
		" 'burst': 5000, 'idle': 1, 'cpus': '0-3,7, 9-31:2/16', 'mems': '0' }")) });
	config_free(&(struct config *){ parse(RESOURCES(
		"'cpu': { 'quota': 0, 'period': 0, 'burst': 0, 'realtimeRuntime': -1 }")) });
}

static void block_devices_have_numbers_weights_and_rates(void **state)
{
	static const struct bad list[] = {
		{ RESOURCES("'blockIO': { 'weight': 9 }"),
		  "linux.resources.blockIO.weight: 9 is not in 10 to 1000" },
		{ RESOURCES("'blockIO': { 'weight': 1001 }"), "1001 is not in 10 to 1000" },
		{ RESOURCES("'blockIO': { 'leafWeight': 9 }"), "blockIO.leafWeight: 9 is not in" },
		{ RESOURCES("'blockIO': { 'weightDevice': [{ 'major': 8, 'minor': 0 }] }"),
		  "blockIO.weightDevice[0]: neither weight nor leafWeight" },
		{ RESOURCES("'blockIO': { 'weightDevice': [{ 'major': 8, 'minor': 0,"
		            " 'weight': 2000 }] }"),
		  "blockIO.weightDevice[0].weight: 2000 is not in" },
		{ RESOURCES("'blockIO': { 'weightDevice': [{ 'major': 8, 'minor': 0,"
		            " 'leafWeight': 1 }] }"),
		  "blockIO.weightDevice[0].leafWeight: 1 is not in" },
		{ RESOURCES("'blockIO': { 'throttleReadBpsDevice': [{ 'major': -1, 'minor': 0,"
		            " 'rate': 1 }] }"),
		  "blockIO.throttleReadBpsDevice[0].major: -1 is not in 0 to 4095" },
		{ RESOURCES("'blockIO': { 'throttleWriteBpsDevice': [{ 'major': 4096, 'minor': 0,"
		            " 'rate': 1 }] }"),
		  "blockIO.throttleWriteBpsDevice[0].major: 4096 is not in" },
		{ RESOURCES(
			  "'blockIO': { 'throttleReadIOPSDevice': [{ 'major': 8, 'minor': 1048576,"
			  " 'rate': 1 }] }"),
		  "blockIO.throttleReadIOPSDevice[0].minor: 1048576 is not in 0 to 1048575" },
		{ RESOURCES(
			  "'blockIO': { 'throttleWriteIOPSDevice': [{ 'major': 8, 'minor': 0 }] }"),
		  "blockIO.throttleWriteIOPSDevice[0].rate: missing" },
		{ RESOURCES("'blockIO': { 'throttleReadBpsDevice': [{ 'major': 8, 'minor': 0,"
		            " 'rate': -1 }] }"),
		  "blockIO.throttleReadBpsDevice[0].rate: expected a number from 0" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
}

static void other_resources_are_checked(void **state)
{
	static const struct bad list[] = {
		{ RESOURCES("'hugepageLimits': [{ 'pageSize': '2mb', 'limit': 1 }]"),
		  "linux.resources.hugepageLimits[0].pageSize: not a size such as" },
		{ RESOURCES("'rdma': { 'm': {} }"),
		  "linux.resources.rdma[\"m\"]: neither hcaHandles nor hcaObjects" },
		{ RESOURCES("'rdma': { 'a b': { 'hcaHandles': 1 } }"),
		  "linux.resources.rdma[\"a b\"]: not the name of a device" },
		{ RESOURCES("'rdma': { '': { 'hcaHandles': 1 } }"), "not the name of a device" },
		{ RESOURCES("'unified': { '../x': '1' }"),
		  "linux.resources.unified[\"../x\"]: not the name of a cgroup file" },
		{ RESOURCES("'unified': { 'a/b': '1' }"), "not the name of a cgroup file" },
		{ RESOURCES("'unified': { 'cgroup.procs': '0' }"),
		  "linux.resources.unified[\"cgroup.procs\"]: is no limit" },
		{ RESOURCES("'unified': { 'cgroup.threads': '0' }"), "is no limit" },
		{ RESOURCES("'unified': { 'cgroup.freeze': '1' }"), "is no limit" },
		{ RESOURCES("'unified': { 'cgroup.kill': '1' }"), "is no limit" },
		{ RESOURCES("'unified': { 'cgroup.type': 'threaded' }"), "is no limit" },
		{ RESOURCES("'unified': { 'cgroup.subtree_control': '+pids' }"), "is no limit" },
		{ RESOURCES("'unified': { '': '1' }"), "not the name of a cgroup file" },
		{ RESOURCES("'devices': [{ 'allow': true, 'type': 'x' }]"),
		  "linux.resources.devices[0].type: unknown; known are: a, c, b" },
		{ RESOURCES("'devices': [{ 'allow': true, 'type': 'cb' }]"), "[0].type: unknown" },
		{ RESOURCES("'devices': [{ 'allow': true, 'access': 'rwx' }]"),
		  "linux.resources.devices[0].access: not made of r, w and m" },
		{ RESOURCES("'devices': [{ 'allow': true, 'major': -2 }]"),
		  "linux.resources.devices[0].major: -2 is not in 0 to 4095" },
		{ RESOURCES("'devices': [{ 'allow': true, 'minor': 1048576 }]"),
		  "linux.resources.devices[0].minor: 1048576 is not in 0 to 1048575" },
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	config_free(&(struct config *){ parse(RESOURCES(
		"'devices': [{ 'allow': true, 'major': -1, 'minor': -1, 'access': '' }]")) });
}

static void resources_by_themselves_are_decoded_and_checked(void **state)
{
	_cleanup_free_ char *good = requote("{ 'pids': { 'limit': 3 } }");
	_cleanup_free_ char *bad = requote("{ 'pids': { 'limit': 'x' } }");
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_error_ struct error *err = NULL, *other = NULL;
	struct resources resources;

	(void)state;
	assert_int_equal(resources_parse(good, strlen(good), "f", arena, &resources, &err), 0);
	assert_int_equal(resources.pids.limit.value, 3);
	assert_int_equal(resources_validate(&resources, "", &err), 0);
	resources.pids.limit.value = -3;
	assert_int_equal(resources_validate(&resources, "", &err), -1);
	assert_string_equal(err->message, "pids.limit: -3 is no limit; -1 stands for none");
	assert_int_equal(resources_parse(bad, strlen(bad), "f", arena, &resources, &other), -1);
	assert_string_equal(other->message, "f: pids.limit: expected a number, got a string");
}

static void seccomp_filters_that_cannot_work_are_refused(void **state)
{
	static const struct bad list[] = {
		{ LINUX("'seccomp': { 'defaultAction': 'SCMP_ACT_NOTIFY', 'listenerPath': '/l' }"),
		  "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY would deadlock" },
		{ SECCOMP(", 'syscalls': [{ 'names': ['read'], 'action': 'SCMP_ACT_NOTIFY' }]"),
		  "linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY needs linux.seccomp.l" },
		{ RULE("'names': [], 'action': 'SCMP_ACT_ALLOW'"), "syscalls[0].names: empty" },
		{ RULE("'names': [''], 'action': 'SCMP_ACT_ALLOW'"),
		  "syscalls[0].names[0]: empty" },
		{ RULE("'names': ['a'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 4096"),
		  "linux.seccomp.syscalls[0].errnoRet: 4096" },
		{ RULE("'names': ['a'], 'action': 'SCMP_ACT_ALLOW', 'errnoRet': 1"),
		  "linux.seccomp.syscalls[0].errnoRet: only SCMP_ACT_ERRNO" },
		{ SECCOMP(", 'defaultErrnoRet': 1"), "linux.seccomp.defaultErrnoRet: only" },
		{ RULE("'names': ['a'], 'action': 'SCMP_ACT_ALLOW', 'args': [{ 'index': 6,"
		       "'value': 0, 'op': 'SCMP_CMP_EQ' }]"),
		  "linux.seccomp.syscalls[0].args[0].index: 6" },
		{ SECCOMP(", 'listenerMetadata': 'm'"), "linux.seccomp.listenerMetadata: needs" },
	};
	static const char *const good[] = {
		RULE("'names': ['read', 'write'], 'action': 'SCMP_ACT_NOTIFY'"),
		RULE("'names': ['write'], 'action': 'SCMP_ACT_ALLOW'"),
		RULE("'names': ['a'], 'action': 'SCMP_ACT_TRACE', 'errnoRet': 4095"),
		LINUX("'seccomp': { 'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38 }"),
	};

	(void)state;
	ASSERT_ALL_REFUSED(list);
	ASSERT_ALL_ACCEPTED(good);
}

static void ambient_capabilities_need_not_be_consistent(void **state)
{
	(void)state;
	assert_accepted(PROCESS(", 'capabilities': { 'ambient': ['CAP_KILL'] }"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_of_the_first_major_are_accepted),
		cmocka_unit_test(a_process_needs_a_program_and_a_directory),
		cmocka_unit_test(environment_entries_have_a_name),
		cmocka_unit_test(user_ids_are_ids),
		cmocka_unit_test(rlimits_are_consistent),
		cmocka_unit_test(scheduling_is_in_range),
		cmocka_unit_test(namespaces_are_listed_once_with_absolute_paths),
		cmocka_unit_test(host_names_need_a_uts_namespace),
		cmocka_unit_test(mappings_are_ranges_that_do_not_overlap),
		cmocka_unit_test(mappings_are_no_more_than_the_kernel_takes),
		cmocka_unit_test(mappings_need_a_new_user_namespace),
		cmocka_unit_test(time_offsets_need_a_new_time_namespace),
		cmocka_unit_test(sysctls_belong_to_a_namespace_of_the_container),
		cmocka_unit_test(mounts_have_a_destination_and_no_empty_options),
		cmocka_unit_test(devices_have_a_type_a_path_and_numbers),
		cmocka_unit_test(network_devices_have_interface_names),
		cmocka_unit_test(hooks_have_absolute_paths_and_time),
		cmocka_unit_test(other_settings_of_linux_are_checked),
		cmocka_unit_test(limits_are_sizes_or_none),
		cmocka_unit_test(cpu_limits_are_what_the_kernel_takes),
		cmocka_unit_test(block_devices_have_numbers_weights_and_rates),
		cmocka_unit_test(other_resources_are_checked),
		cmocka_unit_test(resources_by_themselves_are_decoded_and_checked),
		cmocka_unit_test(seccomp_filters_that_cannot_work_are_refused),
		cmocka_unit_test(ambient_capabilities_need_not_be_consistent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
