/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credentials_apply(): read back from the kernel what the process has become. The children are
 * root of a user namespace with a single id, which every user can have; what takes several ids
 * needs real root and is skipped without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/socket.h"
#include "child.h"
#include "process/credentials.h"

#define BIT(capability) (UINT64_C(1) << (capability))
#define ALL_FIVE(mask)                                                                     \
	{                                                                                  \
		.set = true, .bounding = (mask), .effective = (mask), .permitted = (mask), \
		.inheritable = (mask), .ambient = (mask)                                   \
	}

static struct capabilities own_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	struct capabilities own = { .set = true };

	child_check(syscall(SYS_capget, &header, data) == 0);
	own.effective = data[0].effective | (uint64_t)data[1].effective << 32;
	own.permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	own.inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			own.bounding |= BIT(cap);
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			own.ambient |= BIT(cap);
	}
	return own;
}

static void check_capabilities(const struct capabilities *expected)
{
	struct capabilities own = own_capabilities();

	child_check(own.bounding == expected->bounding);
	child_check(own.permitted == expected->permitted);
	child_check(own.effective == expected->effective);
	child_check(own.inheritable == expected->inheritable);
	child_check(own.ambient == expected->ambient);
}

/* As setresuid(2) to another user leaves it: permitted, but not effective. */
static void drop_from_effective(uint64_t mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	child_check(syscall(SYS_capget, &header, data) == 0);
	for (int i = 0; i < 2; i++)
		data[i].effective &= ~(uint32_t)(mask >> 32 * i);
	child_check(syscall(SYS_capset, &header, data) == 0);
}

static void drop_from_permitted(uint64_t mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	child_check(syscall(SYS_capget, &header, data) == 0);
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= ~(uint32_t)(mask >> 32 * i);
		data[i].effective &= data[i].permitted;
	}
	child_check(syscall(SYS_capset, &header, data) == 0);
}

static void apply(const struct process *process)
{
	struct error *err = NULL;

	if (credentials_apply(process, true, NULL, NULL, &err) < 0) {
		fprintf(stderr, "refused: %s\n", err->message);
		_exit(CHILD_FAILED);
	}
}

static void check_refused(const struct process *process, const char *message)
{
	struct error *err = NULL;

	child_check(credentials_apply(process, true, NULL, NULL, &err) == -1);
	if (!strstr(err->message, message)) {
		fprintf(stderr, "unexpected message: %s\n", err->message);
		_exit(CHILD_FAILED);
	}
}

static void absent_capabilities_body(void)
{
	const struct process process = { 0 };
	const struct capabilities none = { 0 };

	child_need_user_namespace(0);
	apply(&process);
	check_capabilities(&none);
}

static void absent_capabilities_are_none_at_all(void **state)
{
	(void)state;
	assert_child(absent_capabilities_body);
}

static void five_sets_body(void)
{
	const struct process process = {
		.capabilities = {
			.set = true,
			.bounding = BIT(CAP_CHOWN) | BIT(CAP_KILL) | BIT(CAP_NET_RAW) | BIT(CAP_AUDIT_READ),
			.permitted = BIT(CAP_CHOWN) | BIT(CAP_KILL) | BIT(CAP_AUDIT_READ),
			.effective = BIT(CAP_KILL) | BIT(CAP_CHOWN),
			.inheritable = BIT(CAP_CHOWN) | BIT(CAP_AUDIT_READ),
			.ambient = BIT(CAP_AUDIT_READ),
		},
	};
	int log;

	child_need_user_namespace(0);
	log = child_capture_log();
	apply(&process);
	check_capabilities(&process.capabilities);
	child_check(child_logged(log)[0] == '\0');
}

static void each_of_the_five_sets_is_what_was_asked_for(void **state)
{
	(void)state;
	assert_child(five_sets_body);
}

static void identity_mapping_body(void)
{
	const struct process process = {
		.user = { .uid = 1000, .gid = 1000 },
		.capabilities = ALL_FIVE(BIT(CAP_NET_BIND_SERVICE)),
	};

	child_need_user_namespace(1000);
	apply(&process);
	check_capabilities(&process.capabilities);
	child_check(getuid() == 1000 && getgid() == 1000);
}

static void ambient_works_where_no_root_is_mapped(void **state)
{
	(void)state;
	assert_child(identity_mapping_body);
}

/* CVE-2022-29162 */
static void ambient_alone_body(void)
{
	const struct process process = {
		.capabilities = {
			.set = true,
			.bounding = BIT(CAP_CHOWN),
			.permitted = BIT(CAP_CHOWN),
			.effective = BIT(CAP_CHOWN),
			.ambient = BIT(CAP_CHOWN),
		},
	};
	struct capabilities expected = process.capabilities;
	int log;

	child_need_user_namespace(0);
	log = child_capture_log();
	apply(&process);
	expected.ambient = 0;
	check_capabilities(&expected);
	child_check(strstr(child_logged(log), "CAP_CHOWN left out: ambient needs"));
}

static void ambient_never_adds_to_inheritable(void **state)
{
	(void)state;
	assert_child(ambient_alone_body);
}

static void effective_alone_body(void)
{
	const struct process process = {
		.capabilities = {
			.set = true,
			.bounding = BIT(CAP_KILL),
			.permitted = BIT(CAP_KILL),
			.effective = BIT(CAP_KILL) | BIT(CAP_CHOWN),
			.inheritable = BIT(CAP_KILL) | BIT(CAP_FOWNER),
		},
	};
	struct capabilities expected = process.capabilities;
	char *logged;
	int log;

	child_need_user_namespace(0);
	log = child_capture_log();
	apply(&process);
	expected.effective = BIT(CAP_KILL);
	expected.inheritable = BIT(CAP_KILL);
	check_capabilities(&expected);
	logged = child_logged(log);
	child_check(strstr(logged, "CAP_CHOWN left out: effective needs permitted"));
	child_check(strstr(logged, "CAP_FOWNER left out: inheritable needs bounding"));
}

static void sets_that_contradict_each_other_are_cut_with_a_warning(void **state)
{
	(void)state;
	assert_child(effective_alone_body);
}

static void lacking_body(void)
{
	const struct process process = {
		.capabilities = ALL_FIVE(BIT(CAP_CHOWN) | BIT(CAP_NET_RAW) | BIT(CAP_SYS_TIME)),
	};
	struct capabilities expected = process.capabilities;
	char *logged, *first;
	int log;

	child_need_user_namespace(0);
	drop_from_permitted(BIT(CAP_NET_RAW) | BIT(CAP_SYS_TIME));
	log = child_capture_log();
	apply(&process);
	expected.permitted = expected.effective = BIT(CAP_CHOWN);
	expected.inheritable = expected.ambient = BIT(CAP_CHOWN);
	check_capabilities(&expected);
	logged = child_logged(log);
	first = strstr(logged, "CAP_NET_RAW, CAP_SYS_TIME left out");
	child_check(first && strchr(logged, '\n') == logged + strlen(logged) - 1);
}

static void capabilities_that_we_lack_are_left_out_with_one_warning(void **state)
{
	(void)state;
	assert_child(lacking_body);
}

static void unmapped_uid_body(void)
{
	const struct process process = { .user = { .uid = 4321 } };

	child_need_user_namespace(0);
	check_refused(&process, "process.user.uid: 4321 is not mapped");
}

static void unmapped_uid_is_named(void **state)
{
	(void)state;
	assert_child(unmapped_uid_body);
}

static void unmapped_gid_body(void)
{
	const struct process process = { .user = { .gid = 4322 } };

	child_need_user_namespace(0);
	check_refused(&process, "process.user.gid: 4322 is not mapped");
}

static void unmapped_gid_is_named(void **state)
{
	(void)state;
	assert_child(unmapped_gid_body);
}

static void denied_groups_body(void)
{
	uint32_t gid = 5;
	const struct process process = { .user.additional_gids = { .items = &gid, .count = 1 } };

	child_need_user_namespace(0);
	check_refused(&process, "process.user.additionalGids: the kernel denies setgroups(2)");
}

static void additional_gids_are_refused_where_setgroups_is_denied(void **state)
{
	(void)state;
	assert_child(denied_groups_body);
}

static void umask_body(void)
{
	struct process process = { .user.umask = { .set = true, .value = 0077 } };

	child_need_user_namespace(0);
	apply(&process);
	child_check(umask(0) == 0077);
	process.user.umask.set = false;
	apply(&process);
	child_check(umask(0) == 0022);
}

static void umask_is_what_was_asked_for_else_0022(void **state)
{
	(void)state;
	assert_child(umask_body);
}

static void no_new_privs_body(void)
{
	struct process process = { 0 };

	child_need_user_namespace(0);
	apply(&process);
	child_check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	process.no_new_privileges = true;
	apply(&process);
	child_check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void no_new_privs_only_when_asked_for(void **state)
{
	(void)state;
	assert_child(no_new_privs_body);
}

static struct sock_filter allow_all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };

static void filter_body(void)
{
	const struct seccomp_program program = { .filter = allow_all, .length = 1 };
	const struct process process = { 0 };
	const struct capabilities none = { 0 };
	struct error *err = NULL;

	child_need_user_namespace(0);
	drop_from_effective(BIT(CAP_SYS_ADMIN));
	child_check(credentials_apply(&process, true, &program, NULL, &err) == 0);
	child_check(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER);
	check_capabilities(&none);
}

static void without_no_new_privs_the_filter_comes_before_the_loss_of_capabilities(void **state)
{
	(void)state;
	assert_child(filter_body);
}

static void listener_body(void)
{
	const struct seccomp_program program = {
		.filter = allow_all,
		.length = 1,
		.flags = SECCOMP_FILTER_FLAG_NEW_LISTENER,
		.notify = true,
	};
	const struct process process = { 0 };
	struct error *err = NULL;

	struct seccomp_listener listener = { .message = "state" };
	int sockets[2], fd = -1;
	size_t count = 1;
	char text[16];

	child_need_user_namespace(0);
	child_check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
	listener.socket = sockets[0];
	child_check(credentials_apply(&process, true, &program, &listener, &err) == 0);
	child_check(listener.socket == -1);
	child_check(socket_receive(sockets[1], text, sizeof(text), &fd, &count) == 5);
	child_check(memcmp(text, "state", 5) == 0 && count == 1 && fd >= 0);
	child_check(socket_receive(sockets[1], text, sizeof(text), &fd, &count) == 0);
}

static void the_listener_of_the_filter_is_handed_over(void **state)
{
	(void)state;
	assert_child(listener_body);
}

static void filter_left_body(void)
{
	const struct seccomp_program program = { .filter = allow_all, .length = 1 };
	const struct process process = { .no_new_privileges = true };
	struct error *err = NULL;

	child_need_user_namespace(0);
	child_check(credentials_apply(&process, true, &program, NULL, &err) == 0);
	child_check(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_DISABLED);
}

static void with_no_new_privs_the_filter_is_left_to_the_caller(void **state)
{
	(void)state;
	assert_child(filter_left_body);
}

static void other_user_body(void)
{
	uint32_t gids[] = { 7, 9 };
	const struct seccomp_program program = { .filter = allow_all, .length = 1 };
	const struct process process = {
		.user = {
			.uid = 1234,
			.gid = 1235,
			.additional_gids = { .items = gids, .count = 2 },
		},
		.capabilities = ALL_FIVE(BIT(CAP_NET_BIND_SERVICE)),
	};
	struct error *err = NULL;
	uid_t real, effective, saved;
	gid_t groups[8];

	if (geteuid() != 0 || !(own_capabilities().effective & BIT(CAP_SETUID)))
		_exit(CHILD_SKIPPED);
	child_check(credentials_apply(&process, false, &program, NULL, &err) == 0);
	check_capabilities(&process.capabilities);
	child_check(getresuid(&real, &effective, &saved) == 0);
	child_check(real == 1234 && effective == 1234 && saved == 1234);
	child_check(getresgid(&real, &effective, &saved) == 0);
	child_check(real == 1235 && effective == 1235 && saved == 1235);
	child_check(getgroups(8, groups) == 2 && groups[0] == 7 && groups[1] == 9);
	child_check(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER);
	child_check(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0);
}

static void no_groups_body(void)
{
	const struct process process = { .user = { .uid = 1234, .gid = 1235 } };
	const gid_t ours[] = { 3, 4 };
	struct error *err = NULL;

	if (geteuid() != 0 || !(own_capabilities().effective & BIT(CAP_SETUID)))
		_exit(CHILD_SKIPPED);
	child_check(setgroups(2, ours) == 0);
	child_check(credentials_apply(&process, false, NULL, NULL, &err) == 0);
	child_check(getgroups(0, NULL) == 0);
}

static void groups_of_the_caller_are_not_kept(void **state)
{
	(void)state;
	assert_child(no_groups_body);
}

static void another_user_keeps_ambient_capabilities_and_gets_groups_and_filter(void **state)
{
	(void)state;
	assert_child(other_user_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_capabilities_are_none_at_all),
		cmocka_unit_test(each_of_the_five_sets_is_what_was_asked_for),
		cmocka_unit_test(ambient_works_where_no_root_is_mapped),
		cmocka_unit_test(ambient_never_adds_to_inheritable),
		cmocka_unit_test(sets_that_contradict_each_other_are_cut_with_a_warning),
		cmocka_unit_test(capabilities_that_we_lack_are_left_out_with_one_warning),
		cmocka_unit_test(unmapped_uid_is_named),
		cmocka_unit_test(unmapped_gid_is_named),
		cmocka_unit_test(additional_gids_are_refused_where_setgroups_is_denied),
		cmocka_unit_test(umask_is_what_was_asked_for_else_0022),
		cmocka_unit_test(no_new_privs_only_when_asked_for),
		cmocka_unit_test(
			without_no_new_privs_the_filter_comes_before_the_loss_of_capabilities),
		cmocka_unit_test(the_listener_of_the_filter_is_handed_over),
		cmocka_unit_test(with_no_new_privs_the_filter_is_left_to_the_caller),
		cmocka_unit_test(groups_of_the_caller_are_not_kept),
		cmocka_unit_test(
			another_user_keeps_ambient_capabilities_and_gets_groups_and_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
