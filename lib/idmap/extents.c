/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: maps are short (EXTENTS_MAX at the very most, two as a rule), so all of this
 * is plain search. Ends are computed in 64 bits: an extent may end at the last id.
 */
#include "idmap/extents.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define DESCRIBED_MAX 5 /* ranges; a message shall stay readable */

int64_t id_mappings_to_host(const struct id_mappings *mappings, uint32_t id)
{
	for (size_t i = 0; i < mappings->count; i++) {
		const struct id_mapping *extent = &mappings->items[i];

		if (id >= extent->container_id && id - extent->container_id < extent->size)
			return (int64_t)extent->host_id + (id - extent->container_id);
	}
	return -1;
}

int64_t id_mappings_to_container(const struct id_mappings *mappings, uint32_t id)
{
	for (size_t i = 0; i < mappings->count; i++) {
		const struct id_mapping *extent = &mappings->items[i];

		if (id >= extent->host_id && id - extent->host_id < extent->size)
			return (int64_t)extent->container_id + (id - extent->host_id);
	}
	return -1;
}

int extents_alloc(struct arena *arena, struct id_mappings *mappings, struct error **err)
{
	mappings->count = 0;
	mappings->items = arena_alloc(arena, EXTENTS_MAX * sizeof(*mappings->items));
	return mappings->items ? 0 : error_set(err, ENOMEM, "cannot plan the id mappings");
}

static size_t digits(uint32_t number)
{
	size_t count = 1;

	for (; number >= 10; number /= 10)
		count++;
	return count;
}

/* Three numbers, two spaces and a newline. */
static size_t text_length(const struct id_mapping *extent)
{
	return digits(extent->container_id) + digits(extent->host_id) + digits(extent->size) + 3;
}

bool extents_append(struct id_mappings *mappings, const struct id_mapping *extent)
{
	size_t length = text_length(extent);

	for (size_t i = 0; i < mappings->count; i++)
		length += text_length(&mappings->items[i]);
	if (mappings->count == EXTENTS_MAX || length > EXTENTS_TEXT_MAX)
		return false;
	mappings->items[mappings->count++] = *extent;
	return true;
}

/* The end of the run of host ids from @first on, at most @end, of which all or none are mapped. */
static uint64_t run_end(const struct id_mappings *mappings, uint64_t first, uint64_t end,
                        bool *mapped)
{
	*mapped = false;
	for (size_t i = 0; i < mappings->count; i++) {
		uint64_t start = mappings->items[i].host_id;
		uint64_t stop = start + mappings->items[i].size;

		if (first >= start && first < stop) {
			*mapped = true;
			return stop < end ? stop : end;
		}
		if (start > first && start < end)
			end = start;
	}
	return end;
}

bool extents_append_range(struct id_mappings *mappings, const struct id_range *range,
                          uint32_t *next)
{
	uint64_t first = range->start, end = first + range->count, stop;
	bool mapped;

	for (; first < end; first = stop) {
		struct id_mapping extent = { *next, (uint32_t)first, 0 };

		stop = run_end(mappings, first, end, &mapped);
		if (mapped)
			continue;
		extent.size = (uint32_t)(stop - first);
		if (!extents_append(mappings, &extent))
			return false;
		*next += extent.size;
	}
	return true;
}

uint32_t ranges_reach(const struct id_ranges *ranges, uint32_t id)
{
	uint32_t farthest = 0;

	for (size_t i = 0; i < ranges->count; i++) {
		uint32_t offset = id - ranges->items[i].start;

		if (id < ranges->items[i].start || offset >= ranges->items[i].count)
			continue;
		if (ranges->items[i].count - offset > farthest)
			farthest = ranges->items[i].count - offset;
	}
	return farthest;
}

const char *extents_describe(const struct id_mappings *mappings, struct arena *arena)
{
	const char *text = "";
	size_t described = 0;

	for (size_t i = 0; i < mappings->count && text; described++) {
		const char *comma = i ? ", " : "";
		uint32_t first = mappings->items[i].container_id;
		uint64_t end = first;

		/* Neighbours are one range to the reader. */
		for (; i < mappings->count && mappings->items[i].container_id == end; i++)
			end += mappings->items[i].size;
		if (described == DESCRIBED_MAX)
			return arena_printf(arena, "%s and others", text);
		if (end - first == 1)
			text = arena_printf(arena, "%s%s%u", text, comma, first);
		else
			text = arena_printf(arena, "%s%s%u-%llu", text, comma, first,
			                    (unsigned long long)(end - 1));
	}
	return text;
}

const char *extents_format(const struct id_mappings *mappings, struct arena *arena)
{
	const size_t size = EXTENTS_TEXT_MAX + 1;
	char *text = arena_alloc(arena, size);
	size_t used = 0;

	for (size_t i = 0; text && i < mappings->count; i++) {
		const struct id_mapping *extent = &mappings->items[i];

		used += (size_t)snprintf(text + used, size - used, "%u %u %u\n",
		                         extent->container_id, extent->host_id, extent->size);
	}
	return text;
}

int extents_parse(const char *text, struct arena *arena, struct id_mappings *mappings,
                  struct error **err)
{
	if (extents_alloc(arena, mappings, err) < 0)
		return -1;
	while (*text) {
		struct id_mapping *extent = &mappings->items[mappings->count];
		int length = 0;

		if (mappings->count == EXTENTS_MAX ||
		    sscanf(text, "%u %u %u%n", &extent->container_id, &extent->host_id,
		           &extent->size, &length) != 3 ||
		    text[length] != '\n')
			return error_set(err, EINVAL, "cannot read an id map");
		text += length + 1;
		mappings->count++;
	}
	return 0;
}
