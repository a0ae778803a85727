/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: uids and gids are planned alike, each as one side of the work; what differs
 * between them is in the table of sides.
 *
 * What may be mapped is a set of ranges: the ids that exist in a privileged caller's namespace, or
 * an ordinary caller's own id and its subordinate ones. The kernel and the helpers want each
 * extent inside one of these ranges, so extents are split at their borders.
 *
 * An ordinary caller whose map is just its own id needs no helper (user_namespaces(7)). Whatever
 * else it maps, newuidmap and newgidmap write. newgidmap leaves setgroups allowed exactly when
 * subordinate gids are in the map, which is always so here when it is used.
 */
#include "idmap/plan.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "idmap/decide.h"
#include "idmap/extents.h"

enum { UID, GID, SIDES };

static const struct side {
	const char *id;
	const char *property;
	const char *subid_file;
	const char *usermod_option;
	enum helper helper;
} sides[SIDES] = {
	[UID] = { "uid", "linux.uidMappings", "/etc/subuid", "--add-subuids", HELPER_NEWUIDMAP },
	[GID] = { "gid", "linux.gidMappings", "/etc/subgid", "--add-subgids", HELPER_NEWGIDMAP },
};

/* Where the mappings come from, which decides what is advised against a missing one. */
enum source { FROM_CONFIG, FROM_OWN_IDS, FROM_SUBIDS };

struct work {
	const struct config *config;
	const struct id_caller *caller;
	const struct id_host *host;
	struct arena *arena;
	enum source source;
	const struct id_mappings *wanted[SIDES]; /* of config.json */
	uint32_t own[SIDES];
	struct id_ranges subids[SIDES];
	struct id_ranges allowed[SIDES];
	struct id_mappings *mappings[SIDES]; /* the result, in the plan */
	const char **helper_path[SIDES];
};

static const char *user_name(const struct work *work)
{
	const char *name = work->host->user_name(work->caller->uid, work->arena);

	return name ? name : arena_printf(work->arena, "%u", work->caller->uid);
}

static int refuse_extent(const struct work *work, int side, size_t index, struct error **err)
{
	const struct id_mapping *item = &work->wanted[side]->items[index];
	struct id_mapping ids = { item->host_id, item->host_id, item->size };
	const struct id_mappings one = { &ids, 1 };
	const char *text = extents_describe(&one, work->arena), *id = sides[side].id;

	if (work->caller->privileged) {
		error_set(err, 0, "%s[%zu]: host %ss %s do not exist in this user namespace",
		          sides[side].property, index, id, text);
		return error_hint(err, "/proc/self/%s_map lists those that do", id);
	}
	error_set(err, 0, "%s[%zu]: host %ss %s are not yours to map", sides[side].property, index,
	          id, text);
	return error_hint(err, "as root: add \"%s:%u:%u\" to %s", user_name(work), item->host_id,
	                  item->size, sides[side].subid_file);
}

static int map_wanted(const struct work *work, int side, size_t index, struct error **err)
{
	struct id_mapping rest = work->wanted[side]->items[index];

	while (rest.size > 0) {
		struct id_mapping piece = rest;
		uint32_t size = ranges_reach(&work->allowed[side], rest.host_id);

		if (size == 0)
			return refuse_extent(work, side, index, err);
		if (size < piece.size)
			piece.size = size;
		if (!extents_append(work->mappings[side], &piece))
			return error_set(err, 0, "%s[%zu]: too many ranges for the kernel",
			                 sides[side].property, index);
		rest.container_id += piece.size;
		rest.host_id += piece.size;
		rest.size -= piece.size;
	}
	return 0;
}

static bool is_own_id(const struct work *work, int side, const struct id_mappings *mappings)
{
	return mappings->count == 1 && mappings->items[0].size == 1 &&
	       mappings->items[0].host_id == work->own[side];
}

static int ranges_alloc(const struct work *work, struct id_ranges *ranges, size_t count,
                        struct error **err)
{
	ranges->count = count;
	ranges->items = arena_alloc(work->arena, count * sizeof(*ranges->items));
	return ranges->items ? 0 : error_set(err, ENOMEM, "cannot plan the id mappings");
}

/* A privileged caller may map all that there is in its user namespace. */
static int allow_existing(struct work *work, struct error **err)
{
	const struct id_mappings *existing[] = { &work->caller->own_uids, &work->caller->own_gids };

	for (int side = 0; side < SIDES; side++) {
		struct id_ranges *allowed = &work->allowed[side];

		if (ranges_alloc(work, allowed, existing[side]->count, err) < 0)
			return -1;
		for (size_t i = 0; i < allowed->count; i++)
			allowed->items[i] = (struct id_range){
				.start = existing[side]->items[i].container_id,
				.count = existing[side]->items[i].size,
			};
	}
	return 0;
}

static int load_subids(struct work *work, struct error **err)
{
	return work->host->load_ranges(work->caller->uid, work->arena, &work->subids[UID],
	                               &work->subids[GID], err);
}

/* An ordinary caller may map its own id and its subordinate ones. */
static int allow_own(struct work *work, struct error **err)
{
	if ((!is_own_id(work, UID, work->wanted[UID]) ||
	     !is_own_id(work, GID, work->wanted[GID])) &&
	    load_subids(work, err) < 0)
		return -1;
	for (int side = 0; side < SIDES; side++) {
		const struct id_ranges *subids = &work->subids[side];
		struct id_ranges *allowed = &work->allowed[side];

		if (ranges_alloc(work, allowed, subids->count + 1, err) < 0)
			return -1;
		allowed->items[0] = (struct id_range){ work->own[side], 1 };
		if (subids->count > 0)
			memcpy(allowed->items + 1, subids->items,
			       subids->count * sizeof(*subids->items));
	}
	return 0;
}

static int allow(struct work *work, struct error **err)
{
	return work->caller->privileged ? allow_existing(work, err) : allow_own(work, err);
}

struct obstacle {
	enum helper helper;
	const char *path;
	enum helper_problem problem;
};

/* Find the helpers that the mappings need; false with *@obstacle when one would not work. */
static bool find_helpers(const struct work *work, struct obstacle *obstacle)
{
	for (int side = 0; side < SIDES; side++) {
		const char *path;

		if (is_own_id(work, side, work->mappings[side]))
			continue;
		obstacle->helper = sides[side].helper;
		obstacle->problem = work->host->find_helper(sides[side].helper, &path);
		obstacle->path = path;
		if (obstacle->problem == HELPER_OK && work->caller->no_new_privs)
			obstacle->problem = HELPER_NO_NEW_PRIVS;
		if (obstacle->problem != HELPER_OK)
			return false;
		*work->helper_path[side] = path;
	}
	return true;
}

static const char *complaint(const struct work *work, const struct obstacle *obstacle)
{
	return helper_complaint(obstacle->helper, obstacle->path, obstacle->problem, work->arena);
}

static void settle_method(const struct work *work, struct id_plan *plan)
{
	bool direct = !plan->newuidmap && !plan->newgidmap;

	plan->method = direct ? ID_METHOD_DIRECT : ID_METHOD_HELPERS;
	plan->setgroups_denied = work->caller->setgroups_denied ||
	                         (!work->caller->privileged && !plan->newgidmap);
}

static int plan_wanted(struct work *work, struct error **err)
{
	struct obstacle obstacle;

	work->source = FROM_CONFIG;
	if (allow(work, err) < 0)
		return -1;
	for (int side = 0; side < SIDES; side++) {
		for (size_t i = 0; i < work->wanted[side]->count; i++) {
			if (map_wanted(work, side, i, err) < 0)
				return -1;
		}
	}
	if (work->caller->privileged || find_helpers(work, &obstacle))
		return 0;
	error_set(err, 0, "%s: %s", sides[obstacle.helper == HELPER_NEWGIDMAP].property,
	          complaint(work, &obstacle));
	return error_hint(err, "%s", helper_remedy(obstacle.problem));
}

/* As in a namespace without a map of its own: each id is itself. */
static int plan_identity(struct work *work, struct error **err)
{
	work->source = FROM_OWN_IDS;
	if (allow_existing(work, err) < 0)
		return -1;
	for (int side = 0; side < SIDES; side++) {
		for (size_t i = 0; i < work->allowed[side].count; i++) {
			const struct id_range *range = &work->allowed[side].items[i];
			struct id_mapping same = { range->start, range->start, range->count };

			if (!extents_append(work->mappings[side], &same))
				return error_set(err, 0, "%s: too many ranges for the kernel",
				                 sides[side].property);
		}
	}
	return 0;
}

static void map_own_id(const struct work *work, int side)
{
	struct id_mapping own = { 0, work->own[side], 1 };

	work->mappings[side]->count = 0;
	extents_append(work->mappings[side], &own);
	*work->helper_path[side] = NULL;
}

static void map_subids(const struct work *work, int side)
{
	const struct id_ranges *subids = &work->subids[side];
	uint32_t next = 1;

	for (size_t i = 0; i < subids->count; i++) {
		if (extents_append_range(work->mappings[side], &subids->items[i], &next))
			continue;
		log_warning("the kernel takes no more than %zu of your %zu ranges of subordinate "
		            "%ss: container %ss end at %u",
		            i, subids->count, sides[side].id, sides[side].id, next - 1);
		return;
	}
}

/* True when the container's process can do with id 0 alone. */
static bool fits_single_id(const struct config *config)
{
	const struct user *user = &config->process.user;

	return !config->has_process ||
	       (user->uid == 0 && user->gid == 0 && user->additional_gids.count == 0);
}

static int plan_subids(struct work *work, struct error **err)
{
	struct obstacle obstacle;

	work->source = FROM_SUBIDS;
	if (load_subids(work, err) < 0)
		return -1;
	for (int side = 0; side < SIDES; side++) {
		map_own_id(work, side);
		map_subids(work, side);
	}
	if (find_helpers(work, &obstacle))
		return 0;
	if (!fits_single_id(work->config)) {
		error_set(err, 0, "process.user: needs more ids than your own, but %s",
		          complaint(work, &obstacle));
		return error_hint(err, "%s", helper_remedy(obstacle.problem));
	}
	log_warning("%s: only your own id is mapped in the container; %s",
	            complaint(work, &obstacle), helper_remedy(obstacle.problem));
	map_own_id(work, UID);
	map_own_id(work, GID);
	return 0;
}

/* Add how to get @id mapped, and what to do without. */
static int advise(const struct work *work, int side, uint32_t id, const char *alternative,
                  struct error **err)
{
	const struct id_ranges *subids = &work->subids[side];
	uint64_t first = 100000, count = 65536;

	if (work->source != FROM_SUBIDS)
		return error_hint(err, "map %s %u in %s, or %s", sides[side].id, id,
		                  sides[side].property, alternative);
	for (size_t i = 0; i < subids->count; i++) {
		uint64_t end = (uint64_t)subids->items[i].start + subids->items[i].count;

		first = end > first ? end : first;
	}
	count = id > count ? id : count;
	/* So many ids are not left. */
	if (first + count > UINT32_MAX)
		return error_hint(err, "%s", alternative);
	return error_hint(err, "as root: usermod %s %llu-%llu %s (or another free range), or %s",
	                  sides[side].usermod_option, (unsigned long long)first,
	                  (unsigned long long)(first + count - 1), user_name(work), alternative);
}

static int check_id(const struct work *work, int side, const char *property, uint32_t id,
                    const char *alternative, struct error **err)
{
	if (id_mappings_to_host(work->mappings[side], id) >= 0)
		return 0;
	error_set(err, 0, "%s: %s %u is not mapped in the container, which has %s", property,
	          sides[side].id, id, extents_describe(work->mappings[side], work->arena));
	return advise(work, side, id, alternative, err);
}

static int check_additional_gids(const struct work *work, const struct id_plan *plan,
                                 struct error **err)
{
	static const char property[] = "process.user.additionalGids", without[] = "leave it out";
	const struct user *user = &work->config->process.user;

	if (user->additional_gids.count == 0)
		return 0;
	if (work->caller->setgroups_denied) {
		error_set(err, 0, "%s: the user namespace around us denies setgroups", property);
		return error_hint(err, "%s", without);
	}
	if (plan->setgroups_denied) {
		error_set(err, 0,
		          "%s: the kernel denies setgroups where only your own gid is mapped",
		          property);
		return advise(work, GID, user->additional_gids.items[0], without, err);
	}
	for (size_t i = 0; i < user->additional_gids.count; i++) {
		const char *place = arena_printf(work->arena, "%s[%zu]", property, i);

		if (check_id(work, GID, place, user->additional_gids.items[i], without, err) < 0)
			return -1;
	}
	return 0;
}

static int check_process(const struct work *work, const struct id_plan *plan, struct error **err)
{
	const struct user *user = &work->config->process.user;

	if (!work->config->has_process)
		return 0;
	if (check_id(work, UID, "process.user.uid", user->uid, "use a uid that is", err) < 0 ||
	    check_id(work, GID, "process.user.gid", user->gid, "use a gid that is", err) < 0)
		return -1;
	return check_additional_gids(work, plan, err);
}

static int plan_any(struct work *work, struct error **err)
{
	if (work->wanted[UID]->count > 0 || work->wanted[GID]->count > 0)
		return plan_wanted(work, err);
	return work->caller->privileged ? plan_identity(work, err) : plan_subids(work, err);
}

int id_plan_decide(const struct config *config, const struct id_caller *caller,
                   const struct id_host *host, struct arena *arena, struct id_plan *plan,
                   struct error **err)
{
	struct work work = {
		.config = config,
		.caller = caller,
		.host = host,
		.arena = arena,
		.wanted = { &config->linux.uid_mappings, &config->linux.gid_mappings },
		.own = { caller->uid, caller->gid },
		.mappings = { &plan->uids, &plan->gids },
		.helper_path = { &plan->newuidmap, &plan->newgidmap },
	};

	*plan = (struct id_plan){ 0 };
	if (extents_alloc(arena, &plan->uids, err) < 0 ||
	    extents_alloc(arena, &plan->gids, err) < 0 || plan_any(&work, err) < 0)
		return -1;
	settle_method(&work, plan);
	return check_process(&work, plan, err);
}

int id_plan_make(const struct config *config, const struct id_caller *caller, struct arena *arena,
                 struct id_plan *plan, struct error **err)
{
	static const struct id_host host = {
		.load_ranges = subid_load,
		.find_helper = helper_find,
		.user_name = subid_user_name,
	};

	return id_plan_decide(config, caller, &host, arena, plan, err);
}
