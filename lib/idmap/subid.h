/* SPDX-License-Identifier: Apache-2.0 */
/* Subordinate ids of a user: /etc/subuid and /etc/subgid (subuid(5)), or `getsubids`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

/* Ids @start to @start + @count - 1; @count is not 0, and 4294967295 is never among them. */
struct id_range {
	uint32_t start;
	uint32_t count;
};

struct id_ranges {
	struct id_range *items;
	size_t count;
};

/*
 * subid_parse - the ranges that the text of a subuid file gives to a user
 * @user:	name, NULL when the user has none
 * @uid:	number; lines may name the user by either
 * @ranges:	the result, in the order of the lines, which may overlap
 *
 * Malformed lines are skipped, as shadow does. Return: 0, or -1 with *err (memory).
 */
int subid_parse(const char *text, const char *user, uid_t uid, struct arena *arena,
                struct id_ranges *ranges, struct error **err);

/* Ranges that `getsubids [-g] USER` printed: lines "0: user 100000 65536". */
int subid_parse_getsubids(const char *text, struct arena *arena, struct id_ranges *ranges,
                          struct error **err);

/*
 * True when the text of nsswitch.conf gives the `subid` database a source other than "files".
 * The first one counts: shadow asks no second.
 */
bool subid_nsswitch_foreign(const char *text);

/*
 * subid_load - the ranges of user @uid on this host
 *
 * Empty results are no error. Return: 0, or -1 with *err.
 */
int subid_load(uid_t uid, struct arena *arena, struct id_ranges *uids, struct id_ranges *gids,
               struct error **err);

/* The name that the text of a passwd file has for @uid, in @arena; NULL when it has none. */
const char *subid_passwd_name(const char *text, uid_t uid, struct arena *arena);

/*
 * subid_user_name - the name of user @uid, in @arena; NULL when there is none
 *
 * /etc/passwd is asked before getpwuid_r(3), which loads the modules that nsswitch.conf lists
 * and may wait for a directory service.
 */
const char *subid_user_name(uid_t uid, struct arena *arena);
