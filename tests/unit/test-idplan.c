/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mapping plans, decided for made-up callers on made-up hosts: what is mapped, who writes it, and
 * what is refused with which advice. At the end, real processes are mapped as far as this host
 * allows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "idmap/decide.h"
#include "idmap/explain.h"
#include "idmap/extents.h"

#define NEWUIDMAP "/usr/bin/newuidmap"
#define NEWGIDMAP "/usr/bin/newgidmap"

/* The host of the next plan; the functions that stand for it have no other way to know. */
static struct {
	const char *subuid, *subgid; /* as in the files; NULL: reading them is not expected */
	enum helper_problem newuidmap, newgidmap;
} fake;

static int fake_load_ranges(uid_t uid, struct arena *arena, struct id_ranges *uids,
                            struct id_ranges *gids, struct error **err)
{
	assert_non_null(fake.subuid);
	assert_int_equal(subid_parse(fake.subuid, "alice", uid, arena, uids, err), 0);
	return subid_parse(fake.subgid, "alice", uid, arena, gids, err);
}

static enum helper_problem fake_find_helper(enum helper helper, const char **path)
{
	enum helper_problem problem = helper == HELPER_NEWUIDMAP ? fake.newuidmap : fake.newgidmap;

	*path = helper == HELPER_NEWUIDMAP ? NEWUIDMAP : NEWGIDMAP;
	if (problem == HELPER_MISSING)
		*path = NULL;
	return problem;
}

static const char *fake_user_name(uid_t uid, struct arena *arena)
{
	return uid == 1000 ? arena_strdup(arena, "alice") : NULL;
}

static const struct id_host fake_host = { fake_load_ranges, fake_find_helper, fake_user_name };

static const struct id_caller alice = { .uid = 1000, .gid = 1001 };

/* All that one test needs. */
struct fixture {
	struct arena *arena;
	struct config config;
	struct id_caller caller;
	struct id_plan plan;
	struct error *err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new();
	f->config.has_process = true;
	f->caller = alice;
	memset(&fake, 0, sizeof(fake));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	error_clear(&f->err);
	arena_free(&f->arena);
	free(f);
	return 0;
}

static void parse_map(struct fixture *f, const char *text, struct id_mappings *mappings)
{
	assert_int_equal(extents_parse(text, f->arena, mappings, NULL), 0);
}

static void want(struct fixture *f, const char *uids, const char *gids)
{
	parse_map(f, uids, &f->config.linux.uid_mappings);
	parse_map(f, gids, &f->config.linux.gid_mappings);
}

static void become_root(struct fixture *f, const char *uid_map, const char *gid_map)
{
	f->caller = (struct id_caller){ .privileged = true };
	parse_map(f, uid_map, &f->caller.own_uids);
	parse_map(f, gid_map, &f->caller.own_gids);
}

static int decide(struct fixture *f)
{
	error_clear(&f->err);
	return id_plan_decide(&f->config, &f->caller, &fake_host, f->arena, &f->plan, &f->err);
}

static void expect_plan(struct fixture *f, enum id_method method, const char *uids,
                        const char *gids, bool setgroups_denied)
{
	int decided = decide(f);

	if (f->err)
		print_message("%s\n", f->err->message);
	assert_int_equal(decided, 0);
	assert_int_equal(f->plan.method, method);
	assert_string_equal(extents_format(&f->plan.uids, f->arena), uids);
	assert_string_equal(extents_format(&f->plan.gids, f->arena), gids);
	assert_int_equal(f->plan.setgroups_denied, setgroups_denied);
	if (method == ID_METHOD_DIRECT) {
		assert_null(f->plan.newuidmap);
		assert_null(f->plan.newgidmap);
	}
}

static void expect_refusal(struct fixture *f, const char *message)
{
	assert_int_equal(decide(f), -1);
	assert_non_null(f->err);
	assert_string_equal(f->err->message, message);
}

/* What is logged while a plan is expected. */
static void expect_plan_with_warning(struct fixture *f, const char *warning, enum id_method method,
                                     const char *uids, const char *gids, bool setgroups_denied)
{
	_cleanup_free_ char *logged = NULL;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	log_setup(fds[1], LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	expect_plan(f, method, uids, gids, setgroups_denied);
	log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	close(fds[1]);
	assert_true(file_read_fd(fds[0], 65536, &logged) >= 0);
	close(fds[0]);
	assert_string_equal(logged, warning);
}

/* A caller without wishes. */

static void all_subordinate_ids_are_mapped_from_1_on(void **state)
{
	struct fixture *f = *state;

	fake.subuid = "alice:100000:65536\n";
	fake.subgid = "alice:200000:1000\n";
	expect_plan(f, ID_METHOD_HELPERS, "0 1000 1\n1 100000 65536\n", "0 1001 1\n1 200000 1000\n",
	            false);
	assert_string_equal(f->plan.newuidmap, NEWUIDMAP);
	assert_string_equal(f->plan.newgidmap, NEWGIDMAP);
}

static void several_ranges_are_one_after_the_other(void **state)
{
	fake.subuid = "alice:300000:10\n1000:100000:20\nbob:1:1\n";
	fake.subgid = "alice:300000:10\n";
	expect_plan(*state, ID_METHOD_HELPERS, "0 1000 1\n1 300000 10\n11 100000 20\n",
	            "0 1001 1\n1 300000 10\n", false);
}

static void no_id_is_mapped_twice(void **state)
{
	fake.subuid = "alice:990:20\nalice:2000:10\nalice:2005:10\nalice:2000:15\nalice:1995:100\n";
	fake.subgid = "alice:1001:1\nalice:5:1\n";
	expect_plan(*state, ID_METHOD_HELPERS,
	            "0 1000 1\n1 990 10\n11 1001 9\n20 2000 10\n30 2010 5\n35 1995 5\n40 2015 80\n",
	            "0 1001 1\n1 5 1\n", false);
}

static void without_ranges_just_the_own_id_is_mapped(void **state)
{
	fake.subuid = fake.subgid = "bob:100000:65536\n";
	/* And nobody asks for helpers. */
	fake.newuidmap = fake.newgidmap = HELPER_MISSING;
	expect_plan_with_warning(*state, "", ID_METHOD_DIRECT, "0 1000 1\n", "0 1001 1\n", true);
}

static void ranges_of_one_kind_are_used(void **state)
{
	struct fixture *f = *state;

	fake.subuid = "alice:100000:65536\n";
	fake.subgid = "";
	fake.newgidmap = HELPER_MISSING;
	expect_plan(f, ID_METHOD_HELPERS, "0 1000 1\n1 100000 65536\n", "0 1001 1\n", true);
	assert_string_equal(f->plan.newuidmap, NEWUIDMAP);
	assert_null(f->plan.newgidmap);
	fake.subuid = "";
	fake.subgid = "alice:100000:65536\n";
	fake.newuidmap = HELPER_MISSING;
	fake.newgidmap = HELPER_OK;
	expect_plan(f, ID_METHOD_HELPERS, "0 1000 1\n", "0 1001 1\n1 100000 65536\n", false);
	assert_null(f->plan.newuidmap);
	assert_string_equal(f->plan.newgidmap, NEWGIDMAP);
}

static void more_ranges_than_the_kernel_takes_are_cut(void **state)
{
	/* Short lines reach the limit of lines, long ones that of the text. */
	static const struct {
		unsigned int start, step;
		size_t extents;
	} cases[] = { { 1, 2, 340 }, { 4000000000, 200, 200 } };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = calloc(500, 32);
		size_t used = 0;

		for (unsigned int j = 0; j < 500; j++)
			used += (size_t)snprintf(text + used, 32, "alice:%u:%u\n",
			                         cases[i].start + j * cases[i].step,
			                         cases[i].step / 2);
		fake.subuid = text;
		fake.subgid = "";
		log_redirect(-1);
		assert_int_equal(decide(f), 0);
		log_redirect(STDERR_FILENO);
		assert_int_equal(f->plan.uids.count, cases[i].extents);
		assert_true(strlen(extents_format(&f->plan.uids, f->arena)) < 4096);
	}
}

static void the_cut_is_told(void **state)
{
	_cleanup_free_ char *text = calloc(400, 32);
	_cleanup_free_ char *logged = NULL;
	size_t used = 0;
	int fds[2];

	for (unsigned int i = 0; i < 400; i++)
		used += (size_t)snprintf(text + used, 32, "alice:%u:1\n", 1 + 2 * i);
	fake.subuid = text;
	fake.subgid = "";
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	log_redirect(fds[1]);
	assert_int_equal(decide(*state), 0);
	log_redirect(STDERR_FILENO);
	close(fds[1]);
	assert_true(file_read_fd(fds[0], 65536, &logged) >= 0);
	close(fds[0]);
	assert_string_equal(logged, "rootlet: warning: the kernel takes no more than 339 of your "
	                            "400 ranges of subordinate uids: container uids end at 339\n");
}

static void without_a_working_helper_root_alone_is_mapped(void **state)
{
	static const struct {
		enum helper_problem newuidmap, newgidmap;
		bool no_new_privs;
		const char *warning;
	} cases[] = {
		{ HELPER_MISSING, HELPER_MISSING, false,
		  "rootlet: warning: newuidmap is not installed: only your own id is mapped in the "
		  "container; install the package uidmap (Debian, Ubuntu) or shadow-utils "
		  "(Fedora)\n" },
		{ HELPER_OK, HELPER_MISSING, false,
		  "rootlet: warning: newgidmap is not installed: only your own id is mapped in the "
		  "container; install the package uidmap (Debian, Ubuntu) or shadow-utils "
		  "(Fedora)\n" },
		{ HELPER_UNPRIVILEGED, HELPER_OK, false,
		  "rootlet: warning: /usr/bin/newuidmap is neither setuid root nor has file "
		  "capabilities: only your own id is mapped in the container; reinstall its package, "
		  "or chmod u+s it as root; its file system must not be mounted nosuid\n" },
		{ HELPER_FORBIDDEN, HELPER_OK, false,
		  "rootlet: warning: /usr/bin/newuidmap may not be executed by you: only your own id "
		  "is mapped in the container; ask the administrator for permission\n" },
		{ HELPER_OK, HELPER_OK, true,
		  "rootlet: warning: /usr/bin/newuidmap gains no privileges because no_new_privs is "
		  "set: only your own id is mapped in the container; start rootlet without that "
		  "(systemd: NoNewPrivileges=no)\n" },
	};
	struct fixture *f = *state;

	fake.subuid = fake.subgid = "alice:100000:65536\n";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake.newuidmap = cases[i].newuidmap;
		fake.newgidmap = cases[i].newgidmap;
		f->caller.no_new_privs = cases[i].no_new_privs;
		expect_plan_with_warning(f, cases[i].warning, ID_METHOD_DIRECT, "0 1000 1\n",
		                         "0 1001 1\n", true);
	}
}

static void without_a_working_helper_other_users_are_refused(void **state)
{
	struct fixture *f = *state;
	static uint32_t gids[] = { 10 };

	fake.subuid = fake.subgid = "alice:100000:65536\n";
	fake.newuidmap = HELPER_MISSING;
	for (int i = 0; i < 3; i++) {
		struct user *user = &f->config.process.user;

		memset(user, 0, sizeof(*user));
		user->uid = i == 0 ? 33 : 0;
		user->gid = i == 1 ? 33 : 0;
		user->additional_gids.items = gids;
		user->additional_gids.count = i == 2;
		expect_refusal(f,
		               "process.user: needs more ids than your own, but newuidmap is not "
		               "installed; install the package uidmap (Debian, Ubuntu) or "
		               "shadow-utils (Fedora)");
	}
}

/* Wishes of config.json. */

static void the_single_own_id_needs_nothing(void **state)
{
	struct fixture *f = *state;

	/* No file is read: fake.subuid is NULL. */
	fake.newuidmap = fake.newgidmap = HELPER_MISSING;
	want(f, "0 1000 1\n", "0 1001 1\n");
	expect_plan(f, ID_METHOD_DIRECT, "0 1000 1\n", "0 1001 1\n", true);
}

static void an_identity_mapping_without_root_works(void **state)
{
	struct fixture *f = *state;

	f->config.process.user.uid = 1000;
	f->config.process.user.gid = 1001;
	want(f, "1000 1000 1\n", "1001 1001 1\n");
	expect_plan(f, ID_METHOD_DIRECT, "1000 1000 1\n", "1001 1001 1\n", true);
}

static void an_identity_mapping_with_ranges_works(void **state)
{
	struct fixture *f = *state;
	static const char uids[] = "0 100000 1000\n1000 1000 1\n1001 101000 64536\n";
	static const char gids[] = "0 100000 1001\n1001 1001 1\n1002 101001 64535\n";

	fake.subuid = fake.subgid = "alice:100000:65536\n";
	want(f, uids, gids);
	expect_plan(f, ID_METHOD_HELPERS, uids, gids, false);
}

static void mappings_are_split_where_the_helpers_want_it(void **state)
{
	struct fixture *f = *state;

	/* newuidmap knows the own id only as an extent of its own. */
	fake.subuid = "alice:1001:10\nalice:1011:10\n";
	fake.subgid = "alice:1002:10\n";
	want(f, "5 1000 21\n", "0 1002 10\n");
	f->config.has_process = false;
	expect_plan(f, ID_METHOD_HELPERS, "5 1000 1\n6 1001 10\n16 1011 10\n", "0 1002 10\n",
	            false);
}

static void a_single_subordinate_gid_leaves_setgroups_allowed(void **state)
{
	struct fixture *f = *state;

	fake.subuid = fake.subgid = "alice:100000:65536\n";
	want(f, "0 1000 1\n", "0 100000 1\n");
	expect_plan(f, ID_METHOD_HELPERS, "0 1000 1\n", "0 100000 1\n", false);
	assert_null(f->plan.newuidmap);
}

static void foreign_ids_are_refused_with_the_line_that_allows_them(void **state)
{
	static const struct {
		const char *uids, *gids, *message;
	} cases[] = {
		{ "0 1000 1\n1 200000 65536\n", "0 1001 1\n",
		  "linux.uidMappings[1]: host uids 200000-265535 are not yours to map; as root: add "
		  "\"alice:200000:65536\" to /etc/subuid" },
		{ "0 1000 1\n", "0 1001 1\n1 200000 65536\n",
		  "linux.gidMappings[1]: host gids 200000-265535 are not yours to map; as root: add "
		  "\"alice:200000:65536\" to /etc/subgid" },
		{ "0 0 1\n", "0 1001 1\n",
		  "linux.uidMappings[0]: host uids 0 are not yours to map; as root: add "
		  "\"alice:0:1\" to /etc/subuid" },
		/* One id too many at either end. */
		{ "0 100000 65537\n", "0 1001 1\n",
		  "linux.uidMappings[0]: host uids 100000-165536 are not yours to map; as root: add "
		  "\"alice:100000:65537\" to /etc/subuid" },
		{ "0 99999 2\n", "0 1001 1\n",
		  "linux.uidMappings[0]: host uids 99999-100000 are not yours to map; as root: add "
		  "\"alice:99999:2\" to /etc/subuid" },
		/* The own uid is not a gid, and the other way round. */
		{ "0 1001 1\n", "0 1001 1\n",
		  "linux.uidMappings[0]: host uids 1001 are not yours to map; as root: add "
		  "\"alice:1001:1\" to /etc/subuid" },
		{ "0 1000 1\n", "0 1000 1\n",
		  "linux.gidMappings[0]: host gids 1000 are not yours to map; as root: add "
		  "\"alice:1000:1\" to /etc/subgid" },
	};
	struct fixture *f = *state;

	fake.subuid = fake.subgid = "alice:100000:65536\n";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		want(f, cases[i].uids, cases[i].gids);
		expect_refusal(f, cases[i].message);
	}
}

static void a_user_without_a_name_is_advised_by_number(void **state)
{
	struct fixture *f = *state;

	f->caller.uid = 1234;
	fake.subuid = fake.subgid = "";
	want(f, "0 5 1\n", "0 1001 1\n");
	expect_refusal(f, "linux.uidMappings[0]: host uids 5 are not yours to map; as root: add "
	                  "\"1234:5:1\" to /etc/subuid");
}

static void wishes_need_a_working_helper(void **state)
{
	struct fixture *f = *state;

	fake.subuid = fake.subgid = "alice:100000:65536\n";
	fake.newgidmap = HELPER_MISSING;
	want(f, "0 1000 1\n1 100000 65536\n", "0 1001 1\n1 100000 65536\n");
	expect_refusal(f,
	               "linux.gidMappings: newgidmap is not installed; install the package uidmap "
	               "(Debian, Ubuntu) or shadow-utils (Fedora)");
	fake.newgidmap = HELPER_OK;
	f->caller.no_new_privs = true;
	expect_refusal(f, "linux.uidMappings: /usr/bin/newuidmap gains no privileges because "
	                  "no_new_privs is set; start rootlet without that (systemd: "
	                  "NoNewPrivileges=no)");
}

/* Privileged callers. */

#define WHOLE "0 0 4294967295\n"

static void root_may_map_everything(void **state)
{
	struct fixture *f = *state;

	become_root(f, WHOLE, WHOLE);
	want(f, "0 100000 65536\n", "0 300000 65536\n");
	expect_plan(f, ID_METHOD_DIRECT, "0 100000 65536\n", "0 300000 65536\n", false);
}

static void root_without_wishes_keeps_all_ids(void **state)
{
	struct fixture *f = *state;

	become_root(f, WHOLE, WHOLE);
	expect_plan(f, ID_METHOD_DIRECT, WHOLE, WHOLE, false);
	/* As podman runs us: the outer ids do not matter. */
	become_root(f, "0 1000 1\n1 100000 65536\n", "0 1000 1\n1 200000 10\n");
	expect_plan(f, ID_METHOD_DIRECT, "0 0 1\n1 1 65536\n", "0 0 1\n1 1 10\n", false);
}

static void root_in_a_namespace_has_the_ids_of_the_namespace(void **state)
{
	struct fixture *f = *state;

	become_root(f, "0 1000 1\n1 100000 65536\n", WHOLE);
	/* The kernel takes no extent across two extents of the parent's. */
	want(f, "0 0 65537\n", "0 0 1\n");
	expect_plan(f, ID_METHOD_DIRECT, "0 0 1\n1 1 65536\n", "0 0 1\n", false);
	want(f, "0 1000 65536\n", "0 0 1\n");
	expect_refusal(f, "linux.uidMappings[0]: host uids 1000-66535 do not exist in this user "
	                  "namespace; /proc/self/uid_map lists those that do");
}

static void denied_setgroups_is_inherited(void **state)
{
	static uint32_t gids[] = { 0 };
	struct fixture *f = *state;

	become_root(f, "0 1000 1\n", "0 1000 1\n");
	f->caller.setgroups_denied = true;
	expect_plan(f, ID_METHOD_DIRECT, "0 0 1\n", "0 0 1\n", true);
	f->config.process.user.additional_gids.items = gids;
	f->config.process.user.additional_gids.count = 1;
	expect_refusal(f, "process.user.additionalGids: the user namespace around us denies "
	                  "setgroups; leave it out");
}

/* The container's process. */

static void an_unmapped_user_is_refused_with_advice(void **state)
{
	static uint32_t gids[] = { 5, 70000 };
	static const struct {
		const char *subids;
		struct user user;
		const char *message;
	} cases[] = {
		{ "",
		  { .uid = 33 },
		  "process.user.uid: uid 33 is not mapped in the container, which has 0; as root: "
		  "usermod --add-subuids 100000-165535 alice (or another free range), or use a uid "
		  "that is" },
		{ "",
		  { .gid = 33 },
		  "process.user.gid: gid 33 is not mapped in the container, which has 0; as root: "
		  "usermod --add-subgids 100000-165535 alice (or another free range), or use a gid "
		  "that is" },
		{ "alice:100000:65536\n",
		  { .uid = 65537 },
		  "process.user.uid: uid 65537 is not mapped in the container, which has 0-65536; as "
		  "root: usermod --add-subuids 165536-231072 alice (or another free range), or use a "
		  "uid that is" },
		{ "",
		  { .additional_gids = { gids, 2 } },
		  "process.user.additionalGids: the kernel denies setgroups where only your own gid "
		  "is mapped; as root: usermod --add-subgids 100000-165535 alice (or another free "
		  "range), or leave it out" },
		{ "alice:100000:65536\n",
		  { .additional_gids = { gids, 2 } },
		  "process.user.additionalGids[1]: gid 70000 is not mapped in the container, which "
		  "has 0-65536; as root: usermod --add-subgids 165536-235535 alice (or another free "
		  "range), or leave it out" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake.subuid = fake.subgid = cases[i].subids;
		f->config.process.user = cases[i].user;
		expect_refusal(f, cases[i].message);
	}
}

static void the_last_mapped_user_is_accepted(void **state)
{
	static uint32_t gids[] = { 65536, 0 };
	struct fixture *f = *state;

	fake.subuid = fake.subgid = "alice:100000:65536\n";
	f->config.process.user =
		(struct user){ .uid = 65536, .gid = 65536, .additional_gids = { gids, 2 } };
	assert_int_equal(decide(f), 0);
}

static void a_user_outside_the_wishes_is_advised_to_wish(void **state)
{
	struct fixture *f = *state;

	want(f, "1000 1000 1\n", "1001 1001 1\n");
	expect_refusal(f, "process.user.uid: uid 0 is not mapped in the container, which has 1000; "
	                  "map uid 0 in linux.uidMappings, or use a uid that is");
}

static void without_a_process_nothing_needs_to_be_mapped(void **state)
{
	struct fixture *f = *state;

	f->config.has_process = false;
	f->config.process.user.uid = 33;
	fake.subuid = fake.subgid = "";
	expect_plan(f, ID_METHOD_DIRECT, "0 1000 1\n", "0 1001 1\n", true);
}

/* Arithmetic. */

static void ids_translate_both_ways(void **state)
{
	struct fixture *f = *state;
	static const struct {
		uint32_t id;
		int64_t host, container;
	} cases[] = {
		{ 0, 1000, -1 },        { 1, 100000, -1 },  { 10, 100009, -1 },
		{ 11, -1, -1 },         { 1000, -1, 0 },    { 100000, -1, 1 },
		{ 100009, -1, 10 },     { 100010, -1, -1 }, { 4294967294, 4294967294, 4294967294 },
		{ 4294967295, -1, -1 },
	};
	struct id_mappings mappings;

	parse_map(f, "0 1000 1\n1 100000 10\n4294967294 4294967294 1\n", &mappings);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(id_mappings_to_host(&mappings, cases[i].id), cases[i].host);
		assert_int_equal(id_mappings_to_container(&mappings, cases[i].id),
		                 cases[i].container);
	}
}

static void maps_are_described_in_few_words(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *map, *words;
	} cases[] = {
		{ "", "" },
		{ "0 5 1\n", "0" },
		{ "0 5 1\n1 100 10\n", "0-10" },
		{ "0 5 1\n2 100 10\n20 8 1\n", "0, 2-11, 20" },
		{ WHOLE, "0-4294967294" },
		{ "0 0 1\n2 2 1\n4 4 1\n6 6 1\n8 8 1\n10 10 1\n", "0, 2, 4, 6, 8 and others" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct id_mappings mappings;

		parse_map(f, cases[i].map, &mappings);
		assert_string_equal(extents_describe(&mappings, f->arena), cases[i].words);
	}
}

static void maps_of_the_kernel_are_parsed(void **state)
{
	static const char *const bad[] = { "0\n", "0 0\n", "0 0 1", "0 0 x\n", "x\n", "0 0 1 2\n" };
	struct fixture *f = *state;
	struct id_mappings mappings;

	parse_map(f, "         0       1000          1\n         1     100000      65536\n",
	          &mappings);
	assert_int_equal(mappings.count, 2);
	assert_int_equal(mappings.items[1].host_id, 100000);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(extents_parse(bad[i], f->arena, &mappings, NULL), -1);
}

/* Why there is no user namespace. */

static void each_switch_has_its_remedy(void **state)
{
	static const struct {
		int errnum;
		struct userns_sysctls sysctls;
		const char *words; /* in the remedy; NULL: none is known */
	} cases[] = {
		{ ENOSPC, { 0, 1, 0 }, "sysctl -w user.max_user_namespaces=15000" },
		{ ENOSPC, { 0, 0, 1 }, "sysctl -w user.max_user_namespaces=15000" },
		{ ENOSPC, { 5, 1, 0 }, "limit user.max_user_namespaces is reached" },
		{ EPERM, { 5, 0, -1 }, "sysctl -w kernel.unprivileged_userns_clone=1" },
		{ EPERM, { 5, 0, 1 }, "sysctl -w kernel.unprivileged_userns_clone=1" },
		{ EPERM, { 5, -1, 1 }, "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" },
		{ EPERM, { 5, 1, 1 }, "contrib/apparmor" },
		{ EACCES, { 5, 1, 1 }, "contrib/apparmor" },
		{ EPERM, { 5, 1, 0 }, "seccomp" },
		{ EPERM, { 5, -1, -1 }, "seccomp" },
		{ EINVAL, { -1, -1, -1 }, "CONFIG_USER_NS" },
		{ EUSERS, { 5, 1, 0 }, "nested" },
		{ EACCES, { 5, 1, 0 }, NULL },
		{ ENOMEM, { 0, 0, 1 }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *remedy = userns_remedy(cases[i].errnum, &cases[i].sysctls);

		if (!cases[i].words) {
			assert_null(remedy);
			continue;
		}
		assert_non_null(remedy);
		assert_non_null(strstr(remedy, cases[i].words));
	}
}

static void the_remedy_is_added_to_the_error(void **state)
{
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	assert_int_equal(id_explain_no_userns(&err), -1);
	assert_null(err);
	error_set(&err, EINVAL, "cannot make a user namespace");
	assert_int_equal(id_explain_no_userns(&err), -1);
	assert_non_null(strstr(err->message, "cannot make a user namespace: Invalid argument; "));
	assert_non_null(strstr(err->message, "CONFIG_USER_NS"));
}

/* Real processes. */

/* A process in a new user namespace, -1 when this host refuses that. It lives until killed. */
static pid_t namespace_process(void)
{
	char byte = 'n';
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		byte = unshare(CLONE_NEWUSER) == 0 ? 'y' : 'n';
		if (write(fds[1], &byte, 1) == 1 && byte == 'y')
			pause();
		_exit(0);
	}
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	close(fds[1]);
	if (byte == 'y')
		return pid;
	waitpid(pid, NULL, 0);
	return -1;
}

static char *read_proc(pid_t pid, const char *name)
{
	char path[64], *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	assert_true(file_read_at(AT_FDCWD, path, 65536, &text) > 0);
	return text;
}

static void expect_map(struct fixture *f, pid_t pid, const char *name,
                       const struct id_mappings *expected)
{
	_cleanup_free_ char *text = read_proc(pid, name);
	struct id_mappings mappings;

	parse_map(f, text, &mappings);
	assert_string_equal(extents_format(&mappings, f->arena),
	                    extents_format(expected, f->arena));
}

/* Map a process by @f's plan and compare with what the kernel says then. */
static void expect_mapped(struct fixture *f)
{
	struct id_job job = ID_JOB_INIT;
	pid_t pid = namespace_process();
	_cleanup_free_ char *setgroups = NULL;
	int begun, ended = -1;

	if (pid < 0) {
		print_message("no user namespaces for this user here\n");
		skip();
	}
	begun = id_map_begin(&f->plan, pid, &job, &f->err);
	if (begun == 0)
		ended = id_map_end(&f->plan, &job, &f->err);
	if (f->err)
		print_message("%s\n", f->err->message);
	if (ended == 0) {
		expect_map(f, pid, "uid_map", &f->plan.uids);
		expect_map(f, pid, "gid_map", &f->plan.gids);
		setgroups = read_proc(pid, "setgroups");
		assert_string_equal(setgroups, f->plan.setgroups_denied ? "deny\n" : "allow\n");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(ended, 0);
}

static void the_default_plan_maps_a_process(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(id_caller_load(f->arena, &f->caller, NULL), 0);
	assert_int_equal(id_plan_make(&f->config, &f->caller, f->arena, &f->plan, NULL), 0);
	expect_mapped(f);
}

static void an_identity_plan_maps_a_process(void **state)
{
	struct fixture *f = *state;
	char uids[64], gids[64];

	assert_int_equal(id_caller_load(f->arena, &f->caller, NULL), 0);
	f->config.process.user.uid = f->caller.uid;
	f->config.process.user.gid = f->caller.gid;
	snprintf(uids, sizeof(uids), "%u %u 1\n", f->caller.uid, f->caller.uid);
	snprintf(gids, sizeof(gids), "%u %u 1\n", f->caller.gid, f->caller.gid);
	want(f, uids, gids);
	assert_int_equal(id_plan_make(&f->config, &f->caller, f->arena, &f->plan, NULL), 0);
	expect_mapped(f);
}

static void a_plan_without_a_namespace_does_nothing(void **state)
{
	struct fixture *f = *state;
	struct id_job job = ID_JOB_INIT;

	f->plan.method = ID_METHOD_NONE;
	assert_int_equal(id_map_begin(&f->plan, getpid(), &job, &f->err), 0);
	assert_int_equal(id_map_end(&f->plan, &job, &f->err), 0);
}

static void a_process_that_is_gone_cannot_be_mapped(void **state)
{
	struct fixture *f = *state;
	struct id_job job = ID_JOB_INIT;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	f->plan.method = ID_METHOD_DIRECT;
	assert_int_equal(id_map_begin(&f->plan, pid, &job, &f->err), -1);
	assert_int_equal(f->err->errnum, ENOENT);
}

/* A program in the helper's place, whose last line is told and which leaves no zombie. */
static void what_a_helper_complains_about_is_told(void **state)
{
	char path[] = "/tmp/rootlet-test-helper-XXXXXX";
	static const char script[] = "#!/bin/sh\n"
				     "echo cannot open a library of no use >&2\n"
				     "echo \"helper: $1 $2 $3 $4: range not allowed\" >&2\n"
				     "exit 1\n";
	_cleanup_free_ char *expected = NULL;
	struct fixture *f = *state;
	struct id_job job = ID_JOB_INIT;
	int fd = mkostemp(path, O_CLOEXEC), begun;

	assert_int_equal(fchmod(fd, 0755), 0);
	assert_int_equal(write_all(fd, script, strlen(script)), 0);
	close(fd);
	f->plan = (struct id_plan){ .method = ID_METHOD_HELPERS };
	f->plan.newuidmap = f->plan.newgidmap = path;
	parse_map(f, "5 6 7\n", &f->plan.uids);
	parse_map(f, "5 6 7\n", &f->plan.gids);
	begun = id_map_begin(&f->plan, getpid(), &job, &f->err);
	if (begun == 0)
		assert_int_equal(id_map_end(&f->plan, &job, &f->err), -1);
	unlink(path);
	assert_int_equal(begun, 0);
	assert_true(asprintf(&expected,
	                     "cannot map ids: helper: %d 5 6 7: range not allowed; see /etc/subuid "
	                     "and /etc/subgid for what you may map",
	                     getpid()) > 0);
	assert_string_equal(f->err->message, expected);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_helper_that_cannot_be_started_leaves_nothing_running(void **state)
{
	struct fixture *f = *state;
	struct id_job job = ID_JOB_INIT;

	f->plan = (struct id_plan){ .method = ID_METHOD_HELPERS };
	f->plan.newuidmap = "/bin/true";
	f->plan.newgidmap = "/does/not/exist";
	assert_int_equal(id_map_begin(&f->plan, getpid(), &job, &f->err), -1);
	assert_string_equal(f->err->message,
	                    "cannot run /does/not/exist: No such file or directory");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#define planned(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		planned(all_subordinate_ids_are_mapped_from_1_on),
		planned(several_ranges_are_one_after_the_other),
		planned(no_id_is_mapped_twice),
		planned(without_ranges_just_the_own_id_is_mapped),
		planned(ranges_of_one_kind_are_used),
		planned(more_ranges_than_the_kernel_takes_are_cut),
		planned(the_cut_is_told),
		planned(without_a_working_helper_root_alone_is_mapped),
		planned(without_a_working_helper_other_users_are_refused),
		planned(the_single_own_id_needs_nothing),
		planned(an_identity_mapping_without_root_works),
		planned(an_identity_mapping_with_ranges_works),
		planned(mappings_are_split_where_the_helpers_want_it),
		planned(a_single_subordinate_gid_leaves_setgroups_allowed),
		planned(foreign_ids_are_refused_with_the_line_that_allows_them),
		planned(a_user_without_a_name_is_advised_by_number),
		planned(wishes_need_a_working_helper),
		planned(root_may_map_everything),
		planned(root_without_wishes_keeps_all_ids),
		planned(root_in_a_namespace_has_the_ids_of_the_namespace),
		planned(denied_setgroups_is_inherited),
		planned(an_unmapped_user_is_refused_with_advice),
		planned(the_last_mapped_user_is_accepted),
		planned(a_user_outside_the_wishes_is_advised_to_wish),
		planned(without_a_process_nothing_needs_to_be_mapped),
		planned(ids_translate_both_ways),
		planned(maps_are_described_in_few_words),
		planned(maps_of_the_kernel_are_parsed),
		planned(each_switch_has_its_remedy),
		planned(the_remedy_is_added_to_the_error),
		planned(the_default_plan_maps_a_process),
		planned(an_identity_plan_maps_a_process),
		planned(a_plan_without_a_namespace_does_nothing),
		planned(a_process_that_is_gone_cannot_be_mapped),
		planned(what_a_helper_complains_about_is_told),
		planned(a_helper_that_cannot_be_started_leaves_nothing_running),
	};

	return cmocka_run_group_tests_name("idplan", tests, NULL, NULL);
}
