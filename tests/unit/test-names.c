/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "spec/config.h"
#include "spec/names.h"

static void names_are_found_in_exact_case(void **state)
{
	(void)state;
	assert_int_equal(name_find(rlimit_names, "RLIMIT_NOFILE")->value, RLIMIT_NOFILE);
	assert_null(name_find(rlimit_names, "rlimit_nofile"));
	assert_null(name_find(rlimit_names, "RLIMIT_NOFILES"));
	assert_null(name_find(rlimit_names, ""));
}

static void values_have_names(void **state)
{
	(void)state;
	assert_string_equal(name_of(namespace_names, NAMESPACE_NETWORK), "network");
	assert_null(name_of(namespace_names, NAMESPACE_COUNT));
	/* Of several names the usual one. */
	assert_string_equal(name_of(seccomp_action_names, SECCOMP_ACTION_KILL_THREAD),
	                    "SCMP_ACT_KILL");
}

static void no_name_stands_twice_in_a_table(void **state)
{
	static const struct name_value *const tables[] = {
		rlimit_names,         namespace_names,        scheduler_names,
		scheduler_flag_names, io_class_names,         seccomp_action_names,
		seccomp_flag_names,   seccomp_operator_names, seccomp_arch_names,
		memory_policy_names,  personality_names,      memory_policy_flag_names,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (const struct name_value *entry = tables[i]; entry->name; entry++)
			assert_ptr_equal(name_find(tables[i], entry->name), entry);
	}
}

static void every_resource_limit_of_the_kernel_has_a_name(void **state)
{
	(void)state;
	for (int resource = 0; resource < (int)RLIM_NLIMITS; resource++)
		assert_non_null(name_of(rlimit_names, resource));
}

static void architectures_have_the_numbers_of_libseccomp(void **state)
{
	static const struct {
		const char *name;
		uint32_t number;
	} list[] = {
		{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
		{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
		{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
		{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
		{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
		{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
		{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
		{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
		{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
		{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
		{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
		{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
		{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
		{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
		{ "SCMP_ARCH_S390", SCMP_ARCH_S390 },
		{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
		{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
		{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
		{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal(name_find(seccomp_arch_names, list[i].name)->value,
		                 list[i].number);
}

static void signals_are_read_as_people_write_them(void **state)
{
	const struct {
		const char *text;
		int number;
	} list[] = {
		{ "TERM", SIGTERM },    { "SIGTERM", SIGTERM },
		{ "sigterm", SIGTERM }, { "Kill", SIGKILL },
		{ "15", 15 },           { "0", 0 },
		{ "64", 64 },           { "IOT", SIGABRT },
		{ "POLL", SIGIO },      { "SYS", SIGSYS },
		{ "RTMIN", SIGRTMIN },  { "SIGRTMIN+3", SIGRTMIN + 3 },
		{ "rtmax", SIGRTMAX },  { "RTMAX-2", SIGRTMAX - 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal(signal_parse(list[i].text), list[i].number);
	assert_int_equal(signal_parse("RTMIN+30"), SIGRTMAX);
}

static void what_is_no_signal_is_refused(void **state)
{
	static const char *const list[] = {
		"",         "SIG",    "FOO",    "SIGSIGTERM", "65",       "-1",
		"+9",       " 9",     "9 ",     "0x9",        "TERM ",    "RTMIN-1",
		"RTMIN+31", "RTMIN+", "RTMIN3", "RTMAX+1",    "RTMAX-31", "99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal(signal_parse(list[i]), -1);
}

/* signal(7): the same on x86_64 and aarch64. */
static void every_signal_has_a_name(void **state)
{
	static const char *const names[] = {
		"HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",  "FPE",
		"KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM", "STKFLT",
		"CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",  "XCPU",
		"XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(signal_parse(names[i]), i + 1);
}

static void capabilities_have_the_names_of_libcap(void **state)
{
	(void)state;
	for (int number = 0; number <= CAP_LAST_CAP; number++) {
		char *name = cap_to_name(number);

		assert_non_null(capability_name(number));
		assert_int_equal(strcasecmp(capability_name(number), name), 0);
		assert_int_equal(capability_parse(capability_name(number)), number);
		cap_free(name);
	}
}

static void what_is_no_capability_is_refused(void **state)
{
	static const char *const list[] = { "",    "CAP_", "CAP_FOO", "cap_chown", "CHOWN",
		                            "ALL", "0",    "CAP_63",  "CAP_CHOWN " };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal(capability_parse(list[i]), -1);
	assert_null(capability_name(-1));
	assert_null(capability_name(64));
}

static void sysctl_keys_are_paths(void **state)
{
	static const struct {
		const char *key, *path;
	} list[] = {
		{ "net.ipv4.ip_forward", "net/ipv4/ip_forward" },
		{ "net/ipv4/ip_forward", "net/ipv4/ip_forward" },
		{ "net/ipv4/conf/eth0.1/mtu", "net/ipv4/conf/eth0.1/mtu" },
		{ "net.ipv4.conf.eth0/1.mtu", "net/ipv4/conf/eth0.1/mtu" },
		{ "kernel", "kernel" },
	};
	char path[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		assert_true(sysctl_path(list[i].key, path, sizeof(path)));
		assert_string_equal(path, list[i].path);
	}
}

static void sysctl_keys_do_not_lead_elsewhere(void **state)
{
	static const char *const list[] = {
		"",        ".",      "/",      "..",     "/net/x",          ".net.x",
		"net..x",  "net//x", "net.x.", "net/x/", "net/../kernel/x", "net.//.kernel.x",
		"net/./x", "net/..",
	};
	char path[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_false(sysctl_path(list[i], path, sizeof(path)));
	assert_true(sysctl_path("a.b", path, 4));
	assert_false(sysctl_path("a.b", path, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_in_exact_case),
		cmocka_unit_test(values_have_names),
		cmocka_unit_test(no_name_stands_twice_in_a_table),
		cmocka_unit_test(every_resource_limit_of_the_kernel_has_a_name),
		cmocka_unit_test(architectures_have_the_numbers_of_libseccomp),
		cmocka_unit_test(signals_are_read_as_people_write_them),
		cmocka_unit_test(what_is_no_signal_is_refused),
		cmocka_unit_test(every_signal_has_a_name),
		cmocka_unit_test(capabilities_have_the_names_of_libcap),
		cmocka_unit_test(what_is_no_capability_is_refused),
		cmocka_unit_test(sysctl_keys_are_paths),
		cmocka_unit_test(sysctl_keys_do_not_lead_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
