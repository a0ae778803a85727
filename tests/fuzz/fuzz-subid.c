/* SPDX-License-Identifier: Apache-2.0 */
/* The text files that say who has which ids: each input is read as every one of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check.h"
#include "idmap/subid.h"

#define USER "alice"
#define UID  1000

static void check_ranges(const struct id_ranges *ranges)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct id_range *range = &ranges->items[i];

		FUZZ_ASSERT(range->count > 0);
		FUZZ_ASSERT((uint64_t)range->start + range->count <= UINT32_MAX);
	}
}

/* The ranges as lines with @separator; the caller frees them. */
static char *format_ranges(const struct id_ranges *ranges, const char *before, char separator)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	FUZZ_ASSERT(out);
	for (size_t i = 0; i < ranges->count; i++)
		fprintf(out, "%s%c%u%c%u\n", before, separator, ranges->items[i].start, separator,
		        ranges->items[i].count);
	FUZZ_ASSERT(fclose(out) == 0);
	return text;
}

static void check_same(const struct id_ranges *one, const struct id_ranges *two)
{
	FUZZ_ASSERT(one->count == two->count);
	FUZZ_ASSERT(one->count == 0 ||
	            memcmp(one->items, two->items, one->count * sizeof(*one->items)) == 0);
}

static void try_subid(const char *text, const char *user, struct arena *arena)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_free_ char *lines = NULL;
	struct id_ranges ranges, again;

	FUZZ_ASSERT(subid_parse(text, user, UID, arena, &ranges, &err) == 0);
	check_ranges(&ranges);
	lines = format_ranges(&ranges, user ? user : "1000", ':');
	FUZZ_ASSERT(subid_parse(lines, user, UID, arena, &again, &err) == 0);
	check_same(&ranges, &again);
	fuzz_check_accepted(&err);
}

static void try_getsubids(const char *text, struct arena *arena)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_free_ char *lines = NULL;
	struct id_ranges ranges, again;

	FUZZ_ASSERT(subid_parse_getsubids(text, arena, &ranges, &err) == 0);
	check_ranges(&ranges);
	lines = format_ranges(&ranges, "0: " USER, ' ');
	FUZZ_ASSERT(subid_parse_getsubids(lines, arena, &again, &err) == 0);
	check_same(&ranges, &again);
	fuzz_check_accepted(&err);
}

static void try_passwd(const char *text, struct arena *arena)
{
	const char *name = subid_passwd_name(text, UID, arena);

	if (!name)
		return;
	FUZZ_ASSERT(*name && !strpbrk(name, ":\n"));
	FUZZ_ASSERT(strstr(text, name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *text = fuzz_text(data, size);

	FUZZ_ASSERT(arena);
	fuzz_mute_log();
	try_subid(text, USER, arena);
	try_subid(text, NULL, arena);
	try_getsubids(text, arena);
	try_passwd(text, arena);
	subid_nsswitch_foreign(text);
	return 0;
}
