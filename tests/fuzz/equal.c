/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the third walk along the tables of spec/, beside decoding and encoding. An
 * absent array and an empty one mean the same everywhere in config.json, and FIELD_PRESENCE is
 * never encoded; all else must match.
 */
#include "equal.h"

#include <string.h>

#include "base/cleanup.h"
#include "spec/config.h"

typedef bool (*equal_function)(const struct json_field *field, const void *one, const void *two);

static const equal_function kinds[];

static bool text_equal(const char *one, const char *two)
{
	return one && two ? strcmp(one, two) == 0 : one == two;
}

static bool equal_string(const struct json_field *field, const void *one, const void *two)
{
	(void)field;
	return text_equal(*(char *const *)one, *(char *const *)two);
}

/* Numbers of every size, without padding. */
static bool equal_bytes(const struct json_field *field, const void *one, const void *two)
{
	return memcmp(one, two, field->size) == 0;
}

static bool equal_opt_bool(const struct json_field *field, const void *one, const void *two)
{
	const struct opt_bool *a = one, *b = two;

	(void)field;
	return a->set == b->set && a->value == b->value;
}

static bool equal_opt_u32(const struct json_field *field, const void *one, const void *two)
{
	const struct opt_u32 *a = one, *b = two;

	(void)field;
	return a->set == b->set && a->value == b->value;
}

static bool equal_opt_u64(const struct json_field *field, const void *one, const void *two)
{
	const struct opt_u64 *a = one, *b = two;

	(void)field;
	return a->set == b->set && a->value == b->value;
}

static bool equal_opt_i64(const struct json_field *field, const void *one, const void *two)
{
	const struct opt_i64 *a = one, *b = two;

	(void)field;
	return a->set == b->set && a->value == b->value;
}

static bool equal_strings(const struct json_field *field, const void *one, const void *two)
{
	const struct strings *a = one, *b = two;

	(void)field;
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!text_equal(a->items[i], b->items[i]))
			return false;
	}
	return true;
}

static struct json_items load_items(const void *member)
{
	struct json_items items;

	memcpy(&items, member, sizeof(items));
	return items;
}

static bool equal_numbers(const struct json_field *field, const void *one, const void *two)
{
	struct json_items a = load_items(one), b = load_items(two);

	(void)field;
	return a.count == b.count &&
	       (a.count == 0 || memcmp(a.items, b.items, a.count * sizeof(uint32_t)) == 0);
}

static bool equal_string_map(const struct json_field *field, const void *one, const void *two)
{
	const struct string_map *a = one, *b = two;

	(void)field;
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!text_equal(a->items[i].key, b->items[i].key) ||
		    !text_equal(a->items[i].value, b->items[i].value))
			return false;
	}
	return true;
}

static bool equal_object(const struct json_field *field, const void *one, const void *two)
{
	return table_equal(field->table, one, two);
}

static bool equal_objects(const struct json_field *field, const void *one, const void *two)
{
	struct json_items a = load_items(one), b = load_items(two);
	const char *from_a = a.items, *from_b = b.items;
	const size_t size = field->table->size, key = field->table->key;

	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++, from_a += size, from_b += size) {
		if (field->kind == FIELD_OBJECT_MAP &&
		    !equal_string(NULL, from_a + key, from_b + key))
			return false;
		if (!table_equal(field->table, from_a, from_b))
			return false;
	}
	return true;
}

static bool equal_presence(const struct json_field *field, const void *one, const void *two)
{
	(void)field;
	(void)one;
	(void)two;
	return true;
}

static const equal_function kinds[] = {
	[FIELD_STRING] = equal_string,      [FIELD_BOOL] = equal_bytes,
	[FIELD_UNSIGNED] = equal_bytes,     [FIELD_SIGNED] = equal_bytes,
	[FIELD_OPT_BOOL] = equal_opt_bool,  [FIELD_OPT_U32] = equal_opt_u32,
	[FIELD_OPT_U64] = equal_opt_u64,    [FIELD_OPT_I64] = equal_opt_i64,
	[FIELD_ENUM] = equal_bytes,         [FIELD_FLAGS] = equal_bytes,
	[FIELD_CAPABILITIES] = equal_bytes, [FIELD_STRINGS] = equal_strings,
	[FIELD_NUMBERS] = equal_numbers,    [FIELD_STRING_MAP] = equal_string_map,
	[FIELD_OBJECT] = equal_object,      [FIELD_OBJECTS] = equal_objects,
	[FIELD_OBJECT_MAP] = equal_objects, [FIELD_PRESENCE] = equal_presence,
};

bool table_equal(const struct json_table *table, const void *one, const void *two)
{
	const char *a = one, *b = two;

	for (const struct json_field *field = table->fields; field->key; field++) {
		size_t offset = field->offset, present = field->present;

		if (present && *(const bool *)(a + present) != *(const bool *)(b + present))
			return false;
		if (!kinds[field->kind](field, a + offset, b + offset))
			return false;
	}
	return true;
}
