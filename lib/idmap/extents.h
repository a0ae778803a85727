/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic with the extents of id maps. Private to idmap/. */
#pragma once

#include "idmap/plan.h"

/* What the kernel takes in one uid_map: so many lines, and less than a page of text. */
#define EXTENTS_MAX      340
#define EXTENTS_TEXT_MAX 4095

/* Room for EXTENTS_MAX extents. Return: 0, or -1 with *err. */
int extents_alloc(struct arena *arena, struct id_mappings *mappings, struct error **err);

/* Append @extent; false when the kernel would not take one more. */
bool extents_append(struct id_mappings *mappings, const struct id_mapping *extent);

/*
 * extents_append_range - map @range, less what is mapped already, to container ids from *@next on
 *
 * The kernel refuses a map that has an id twice. Return: false when it would take no more; *@next
 * is the first container id that is free.
 */
bool extents_append_range(struct id_mappings *mappings, const struct id_range *range,
                          uint32_t *next);

/* How many ids from @id on lie in one of @ranges, that which reaches farthest. */
uint32_t ranges_reach(const struct id_ranges *ranges, uint32_t id);

/* The container ids of @mappings for people: "0-65536, 100000"; in @arena, NULL without memory. */
const char *extents_describe(const struct id_mappings *mappings, struct arena *arena);

/* @mappings as the kernel reads them: "0 1000 1\n1 100000 65536\n"; in @arena, NULL likewise. */
const char *extents_format(const struct id_mappings *mappings, struct arena *arena);

/* The text of a uid_map or gid_map. Return: 0, or -1 with *err (malformed, memory). */
int extents_parse(const char *text, struct arena *arena, struct id_mappings *mappings,
                  struct error **err);
