/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mapping plan, for callers, hosts and configs that the input describes, a setting on each
 * line (see `settings`). Whatever is planned must be what the kernel and the helpers take, within
 * what the caller may have, and what config.json asks for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "check.h"
#include "idmap/decide.h"
#include "idmap/extents.h"

#define NEWUIDMAP "/usr/bin/newuidmap"
#define NEWGIDMAP "/usr/bin/newgidmap"

enum { UID, GID, SIDES };

/* Text that grows; the pointer is good once the stream is closed. */
struct text {
	FILE *out;
	char *text;
	size_t size;
};

static struct scenario {
	struct arena *arena;
	struct id_caller caller;
	bool nameless;
	enum helper_problem problem[SIDES];
	struct text subids[SIDES];   /* as in the files */
	struct text mappings[SIDES]; /* items of a JSON array */
	struct text additional_gids; /* likewise */
	uint32_t user[SIDES];        /* process.user */
} * current;

/* --- the host: functions that have no other way to know than by `current` --- */

static int load_ranges(uid_t uid, struct arena *arena, struct id_ranges *uids,
                       struct id_ranges *gids, struct error **err)
{
	if (subid_parse(current->subids[UID].text, "alice", uid, arena, uids, err) < 0)
		return -1;
	return subid_parse(current->subids[GID].text, "alice", uid, arena, gids, err);
}

static enum helper_problem find_helper(enum helper helper, const char **path)
{
	int side = helper == HELPER_NEWGIDMAP;

	*path = side == GID ? NEWGIDMAP : NEWUIDMAP;
	if (current->problem[side] == HELPER_MISSING)
		*path = NULL;
	return current->problem[side];
}

static const char *user_name(uid_t uid, struct arena *arena)
{
	(void)uid;
	return current->nameless ? NULL : arena_strdup(arena, "alice");
}

static const struct id_host host = { load_ranges, find_helper, user_name };

/* --- settings --- */

static bool overlap(uint32_t one, uint32_t one_size, uint32_t two, uint32_t two_size)
{
	return one < (uint64_t)two + two_size && two < (uint64_t)one + one_size;
}

/* Whether @extent is one that the kernel could have beside @mappings. */
static bool is_possible(const struct id_mappings *mappings, const struct id_mapping *extent)
{
	if (extent->size == 0 || (uint64_t)extent->container_id + extent->size > UINT32_MAX ||
	    (uint64_t)extent->host_id + extent->size > UINT32_MAX)
		return false;
	for (size_t i = 0; i < mappings->count; i++) {
		const struct id_mapping *other = &mappings->items[i];

		if (overlap(extent->container_id, extent->size, other->container_id, other->size) ||
		    overlap(extent->host_id, extent->size, other->host_id, other->size))
			return false;
	}
	return true;
}

static bool parse_extent(const char *value, struct id_mapping *extent)
{
	return sscanf(value, "%u %u %u", &extent->container_id, &extent->host_id, &extent->size) ==
	       3;
}

/* An extent of /proc/self/uid_map, which the kernel would not make wrong. */
static void set_own(struct scenario *scenario, int side, const char *value)
{
	struct id_mappings *own = side == UID ? &scenario->caller.own_uids
	                                      : &scenario->caller.own_gids;
	struct id_mapping extent;

	if (parse_extent(value, &extent) && is_possible(own, &extent))
		extents_append(own, &extent);
}

static void set_map(struct scenario *scenario, int side, const char *value)
{
	FILE *out = scenario->mappings[side].out;
	struct id_mapping extent;

	if (!parse_extent(value, &extent))
		return;
	fprintf(out, "%s{\"containerID\":%u,\"hostID\":%u,\"size\":%u}", ftell(out) ? "," : "",
	        extent.container_id, extent.host_id, extent.size);
}

static void set_subid(struct scenario *scenario, int side, const char *value)
{
	fprintf(scenario->subids[side].out, "%s\n", value);
}

static void set_caller(struct scenario *scenario, int side, const char *value)
{
	uint32_t id;

	if (!number_parse_u32(value, &id) || id == UINT32_MAX)
		return;
	if (side == UID)
		scenario->caller.uid = id;
	else
		scenario->caller.gid = id;
}

static void set_user(struct scenario *scenario, int side, const char *value)
{
	number_parse_u32(value, &scenario->user[side]);
}

static void add_gid(struct scenario *scenario, int side, const char *value)
{
	FILE *out = scenario->additional_gids.out;
	uint32_t id;

	(void)side;
	if (number_parse_u32(value, &id))
		fprintf(out, "%s%u", ftell(out) ? "," : "", id);
}

static void set_problem(struct scenario *scenario, int side, const char *value)
{
	uint32_t problem;

	if (number_parse_u32(value, &problem) && problem <= HELPER_NO_NEW_PRIVS)
		scenario->problem[side] = (enum helper_problem)problem;
}

static void set_flag(struct scenario *scenario, int side, const char *value)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "privileged", &scenario->caller.privileged },
		{ "no-new-privs", &scenario->caller.no_new_privs },
		{ "setgroups-denied", &scenario->caller.setgroups_denied },
		{ "nameless", &scenario->nameless },
	};

	(void)side;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		*flags[i].flag |= strcmp(flags[i].name, value) == 0;
}

static const struct {
	const char *name;
	int side;
	void (*set)(struct scenario *scenario, int side, const char *value);
} settings[] = {
	{ "caller-uid ", UID, set_caller }, /* 1000 */
	{ "caller-gid ", GID, set_caller },
	{ "caller ", 0, set_flag },    /* privileged */
	{ "own-uids ", UID, set_own }, /* 0 100000 65536 */
	{ "own-gids ", GID, set_own },
	{ "subuid ", UID, set_subid }, /* alice:100000:65536 */
	{ "subgid ", GID, set_subid },
	{ "newuidmap ", UID, set_problem }, /* enum helper_problem */
	{ "newgidmap ", GID, set_problem },
	{ "map-uids ", UID, set_map }, /* 0 1000 1 */
	{ "map-gids ", GID, set_map },
	{ "user-uid ", UID, set_user }, /* 0 */
	{ "user-gid ", GID, set_user },
	{ "user-add ", 0, add_gid },
};

static void text_open(struct text *text)
{
	text->out = open_memstream(&text->text, &text->size);
	FUZZ_ASSERT(text->out);
}

static void text_close(struct text *text)
{
	FUZZ_ASSERT(fclose(text->out) == 0);
}

static void for_each_text(struct scenario *scenario, void (*call)(struct text *text))
{
	for (int side = 0; side < SIDES; side++) {
		call(&scenario->subids[side]);
		call(&scenario->mappings[side]);
	}
	call(&scenario->additional_gids);
}

static void text_free(struct text *text)
{
	free(text->text);
}

static void scenario_free(struct scenario *scenario)
{
	for_each_text(scenario, text_free);
	arena_free(&scenario->arena);
}

static void scenario_read(struct scenario *scenario, char *text)
{
	scenario->arena = arena_new();
	FUZZ_ASSERT(scenario->arena);
	FUZZ_ASSERT(extents_alloc(scenario->arena, &scenario->caller.own_uids, NULL) == 0);
	FUZZ_ASSERT(extents_alloc(scenario->arena, &scenario->caller.own_gids, NULL) == 0);
	for_each_text(scenario, text_open);
	for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n")) {
		for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
			size_t length = strlen(settings[i].name);

			if (strncmp(line, settings[i].name, length) == 0)
				settings[i].set(scenario, settings[i].side, line + length);
		}
	}
	for_each_text(scenario, text_close);
}

/* The config of the scenario, NULL when it would not be valid. */
static struct config *scenario_config(const struct scenario *scenario)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_free_ char *text = NULL;
	struct config *config = NULL;

	FUZZ_ASSERT(asprintf(&text,
	                     "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},"
	                     "\"process\":{\"args\":[\"a\"],\"cwd\":\"/\",\"user\":{"
	                     "\"uid\":%u,\"gid\":%u,\"additionalGids\":[%s]}},"
	                     "\"linux\":{\"namespaces\":[{\"type\":\"user\"}],"
	                     "\"uidMappings\":[%s],\"gidMappings\":[%s]}}",
	                     scenario->user[UID], scenario->user[GID],
	                     scenario->additional_gids.text, scenario->mappings[UID].text,
	                     scenario->mappings[GID].text) > 0);
	if (config_parse(text, strlen(text), "config.json", &config, &err) < 0)
		fuzz_check_refused(&err);
	return config;
}

/* --- what a plan promises --- */

static const struct id_mappings *plan_side(const struct id_plan *plan, int side)
{
	return side == UID ? &plan->uids : &plan->gids;
}

static uint32_t own_id(const struct scenario *scenario, int side)
{
	return side == UID ? scenario->caller.uid : scenario->caller.gid;
}

/* What the caller may map: the ids that exist for it, or its own and its subordinate ones. */
static void load_allowed(const struct scenario *scenario, struct id_ranges allowed[SIDES])
{
	const struct id_mappings *own[] = { &scenario->caller.own_uids,
		                            &scenario->caller.own_gids };
	struct id_ranges subids[SIDES];

	FUZZ_ASSERT(load_ranges(scenario->caller.uid, scenario->arena, &subids[UID], &subids[GID],
	                        NULL) == 0);
	for (int side = 0; side < SIDES; side++) {
		const bool privileged = scenario->caller.privileged;
		size_t count = privileged ? own[side]->count : 1 + subids[side].count;
		struct id_range *items = arena_alloc(scenario->arena, count * sizeof(*items));

		FUZZ_ASSERT(items);
		allowed[side] = (struct id_ranges){ items, count };
		for (size_t i = 0; i < count; i++) {
			if (privileged)
				items[i] = (struct id_range){ own[side]->items[i].container_id,
					                      own[side]->items[i].size };
			else if (i == 0)
				items[i] = (struct id_range){ own_id(scenario, side), 1 };
			else
				items[i] = subids[side].items[i - 1];
		}
	}
}

static void check_extents(const struct id_mappings *mappings, const struct id_ranges *allowed)
{
	struct id_mappings before = { mappings->items, 0 };

	FUZZ_ASSERT(mappings->count <= EXTENTS_MAX);
	for (; before.count < mappings->count; before.count++) {
		const struct id_mapping *extent = &mappings->items[before.count];
		uint32_t last = extent->size - 1;

		FUZZ_ASSERT(is_possible(&before, extent));
		FUZZ_ASSERT(ranges_reach(allowed, extent->host_id) >= extent->size);
		FUZZ_ASSERT(id_mappings_to_host(mappings, extent->container_id + last) ==
		            extent->host_id + last);
		FUZZ_ASSERT(id_mappings_to_container(mappings, extent->host_id + last) ==
		            extent->container_id + last);
	}
}

static void check_text(const struct id_mappings *mappings, struct arena *arena)
{
	const char *text = extents_format(mappings, arena);
	struct id_mappings again;

	FUZZ_ASSERT(text && strlen(text) <= EXTENTS_TEXT_MAX);
	FUZZ_ASSERT(extents_parse(text, arena, &again, NULL) == 0);
	FUZZ_ASSERT(again.count == mappings->count);
	FUZZ_ASSERT(memcmp(again.items, mappings->items, again.count * sizeof(*again.items)) == 0);
}

/* All that config.json asks for, as it asks for it, and nothing else. */
static void check_wanted(const struct id_mappings *wanted, const struct id_mappings *mappings)
{
	uint64_t asked = 0, given = 0;

	if (wanted->count == 0)
		return;
	for (size_t i = 0; i < wanted->count; i++) {
		const struct id_mapping *extent = &wanted->items[i];
		uint32_t last = extent->size - 1;

		FUZZ_ASSERT(id_mappings_to_host(mappings, extent->container_id) == extent->host_id);
		FUZZ_ASSERT(id_mappings_to_host(mappings, extent->container_id + last) ==
		            extent->host_id + last);
		asked += extent->size;
	}
	for (size_t i = 0; i < mappings->count; i++)
		given += mappings->items[i].size;
	FUZZ_ASSERT(asked == given);
}

static void check_helper(const struct scenario *scenario, int side, const char *path,
                         const struct id_mappings *mappings)
{
	if (path) {
		FUZZ_ASSERT(!scenario->caller.privileged && !scenario->caller.no_new_privs);
		FUZZ_ASSERT(scenario->problem[side] == HELPER_OK);
	} else if (!scenario->caller.privileged) {
		/* user_namespaces(7): what an ordinary process may write itself. */
		FUZZ_ASSERT(mappings->count == 1 && mappings->items[0].size == 1);
		FUZZ_ASSERT(mappings->items[0].host_id == own_id(scenario, side));
	}
}

static void check_user(const struct id_plan *plan, const struct user *user)
{
	FUZZ_ASSERT(id_mappings_to_host(&plan->uids, user->uid) >= 0);
	FUZZ_ASSERT(id_mappings_to_host(&plan->gids, user->gid) >= 0);
	FUZZ_ASSERT(user->additional_gids.count == 0 || !plan->setgroups_denied);
	for (size_t i = 0; i < user->additional_gids.count; i++)
		FUZZ_ASSERT(id_mappings_to_host(&plan->gids, user->additional_gids.items[i]) >= 0);
}

static void check_plan(const struct scenario *scenario, const struct config *config,
                       const struct id_plan *plan)
{
	const struct id_mappings *wanted[] = { &config->linux.uid_mappings,
		                               &config->linux.gid_mappings };
	const char *helpers[] = { plan->newuidmap, plan->newgidmap };
	struct id_ranges allowed[SIDES];

	load_allowed(scenario, allowed);
	for (int side = 0; side < SIDES; side++) {
		check_extents(plan_side(plan, side), &allowed[side]);
		check_text(plan_side(plan, side), scenario->arena);
		check_wanted(wanted[side], plan_side(plan, side));
		check_helper(scenario, side, helpers[side], plan_side(plan, side));
	}
	FUZZ_ASSERT(plan->method ==
	            (plan->newuidmap || plan->newgidmap ? ID_METHOD_HELPERS : ID_METHOD_DIRECT));
	FUZZ_ASSERT(plan->setgroups_denied || plan->newgidmap || scenario->caller.privileged);
	check_user(plan, &config->process.user);
}

/* No message speaks of ids that do not exist, be it as advice. */
static void check_advice(const char *message)
{
	const char *digits = "0123456789";

	for (message += strcspn(message, digits); *message; message += strcspn(message, digits)) {
		_cleanup_free_ char *number = strndup(message, strspn(message, digits));
		uint32_t id;

		FUZZ_ASSERT(number && number_parse_u32(number, &id));
		message += strlen(number);
	}
}

static void try_plan(struct scenario *scenario, const struct config *config)
{
	_cleanup_error_ struct error *err = NULL;
	struct id_plan plan;

	if (id_plan_decide(config, &scenario->caller, &host, scenario->arena, &plan, &err) < 0) {
		if (err)
			check_advice(err->message);
		fuzz_check_refused(&err);
		return;
	}
	fuzz_check_accepted(&err);
	check_plan(scenario, config, &plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(scenario_free) struct scenario scenario = { .caller = { 1000, 1000 } };
	_cleanup_config_ struct config *config = NULL;
	_cleanup_free_ char *text = fuzz_text(data, size);

	fuzz_mute_log();
	current = &scenario;
	scenario_read(&scenario, text);
	config = scenario_config(&scenario);
	if (config)
		try_plan(&scenario, config);
	current = NULL;
	return 0;
}
