/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the other way of json.c. A member that holds what an absent key would mean
 * is left out. jansson cannot write an integer beyond int64_t, or keep the digits of a fraction: such
 * a number is put in as a string that begins with a NUL, which no C string does, and loses its
 * quotes in the finished text.
 */
#include "spec/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "spec/config.h"
#include "spec/statistics.h"

/* How jansson writes the beginning of such a string. */
#define STAND_IN_MARK "\"\\u0000"

/* *value stays NULL when the member is absent. Return: 0, or -1 with *err. */
typedef int (*encode_function)(const struct json_field *field, const void *member, json_t **value,
                               struct error **err);

static const encode_function encoders[];

static int encode_failed(struct error **err)
{
	return error_set(err, ENOMEM, "cannot make JSON");
}

/* Whether a member with the value that "absent" also has is written all the same. */
static bool always(const struct json_field *field)
{
	return field->present || (field->flags & (FIELD_REQUIRED | FIELD_ALWAYS));
}

static json_t *string_json(const char *text, const char *key, struct error **err)
{
	json_t *value = json_string(text);

	if (!value)
		error_set(err, 0, "%s: cannot be written as JSON, is it UTF-8?", key);
	return value;
}

static json_t *number_json(uint64_t number)
{
	char text[32];
	int n;

	if (number <= INT64_MAX)
		return json_integer((json_int_t)number);
	n = snprintf(text + 1, sizeof(text) - 1, "%" PRIu64, number);
	text[0] = '\0';
	return json_stringn(text, (size_t)n + 1);
}

static int encode_string(const struct json_field *field, const void *member, json_t **value,
                         struct error **err)
{
	const char *text = *(char *const *)member;

	if (!text)
		return 0;
	*value = string_json(text, field->key, err);
	return *value ? 0 : -1;
}

static int encode_bool(const struct json_field *field, const void *member, json_t **value,
                       struct error **err)
{
	(void)err;
	if (*(const bool *)member || always(field))
		*value = json_boolean(*(const bool *)member);
	return 0;
}

static int encode_opt_bool(const struct json_field *field, const void *member, json_t **value,
                           struct error **err)
{
	const struct opt_bool *option = member;

	(void)field;
	(void)err;
	if (option->set)
		*value = json_boolean(option->value);
	return 0;
}

static int encode_number(uint64_t number, json_t **value, struct error **err)
{
	*value = number_json(number);
	return *value ? 0 : encode_failed(err);
}

static uint64_t load_number(const void *member, size_t size)
{
	switch (size) {
	case sizeof(uint16_t):
		return *(const uint16_t *)member;
	case sizeof(uint32_t):
		return *(const uint32_t *)member;
	default:
		return *(const uint64_t *)member;
	}
}

static int encode_unsigned(const struct json_field *field, const void *member, json_t **value,
                           struct error **err)
{
	uint64_t number = load_number(member, field->size);

	return number || always(field) ? encode_number(number, value, err) : 0;
}

static int64_t load_signed(const void *member, size_t size)
{
	uint64_t bits = load_number(member, size);

	return size == sizeof(int32_t) ? (int32_t)bits : (int64_t)bits;
}

static int encode_signed(const struct json_field *field, const void *member, json_t **value,
                         struct error **err)
{
	int64_t number = load_signed(member, field->size);

	if (!number && !always(field))
		return 0;
	*value = json_integer(number);
	return *value ? 0 : encode_failed(err);
}

static int encode_opt_u32(const struct json_field *field, const void *member, json_t **value,
                          struct error **err)
{
	const struct opt_u32 *option = member;

	(void)field;
	return option->set ? encode_number(option->value, value, err) : 0;
}

static int encode_opt_u64(const struct json_field *field, const void *member, json_t **value,
                          struct error **err)
{
	const struct opt_u64 *option = member;

	(void)field;
	return option->set ? encode_number(option->value, value, err) : 0;
}

static int encode_opt_i64(const struct json_field *field, const void *member, json_t **value,
                          struct error **err)
{
	const struct opt_i64 *option = member;

	(void)field;
	if (!option->set)
		return 0;
	*value = json_integer(option->value);
	return *value ? 0 : encode_failed(err);
}

static int encode_enum(const struct json_field *field, const void *member, json_t **value,
                       struct error **err)
{
	const char *name = name_of(field->names, load_signed(member, field->size));

	if (!name)
		return error_set(err, 0, "%s: the value has no name", field->key);
	*value = string_json(name, field->key, err);
	return *value ? 0 : -1;
}

/* Put @item, which the array owns from now on, behind the others. NULL is a failure. */
static int append(json_t *array, json_t *item, struct error **err)
{
	return json_array_append_new(array, item) == 0 ? 0 : encode_failed(err);
}

/* An array for @field, or NULL in *@array when @empty says that there is nothing to write. */
static int new_array(const struct json_field *field, bool empty, json_t **array, struct error **err)
{
	if (empty && !always(field))
		return 0;
	*array = json_array();
	return *array ? 0 : encode_failed(err);
}

static int encode_flags(const struct json_field *field, const void *member, json_t **value,
                        struct error **err)
{
	uint64_t flags = load_number(member, field->size);

	if (new_array(field, flags == 0, value, err) < 0)
		return -1;
	for (const struct name_value *entry = field->names; *value && entry->name; entry++) {
		if ((flags & (uint64_t)entry->value) == 0)
			continue;
		if (append(*value, json_string(entry->name), err) < 0)
			return -1;
	}
	return 0;
}

static int encode_capabilities(const struct json_field *field, const void *member, json_t **value,
                               struct error **err)
{
	uint64_t set = *(const uint64_t *)member;

	if (new_array(field, set == 0, value, err) < 0)
		return -1;
	for (int number = 0; *value && capability_name(number); number++) {
		if ((set & UINT64_C(1) << number) == 0)
			continue;
		if (append(*value, json_string(capability_name(number)), err) < 0)
			return -1;
	}
	return 0;
}

static struct json_items load_items(const void *member)
{
	struct json_items items;

	memcpy(&items, member, sizeof(items));
	return items;
}

static int encode_strings(const struct json_field *field, const void *member, json_t **value,
                          struct error **err)
{
	const struct strings *strings = member;

	if (new_array(field, strings->count == 0, value, err) < 0)
		return -1;
	for (size_t i = 0; i < strings->count; i++) {
		json_t *item = string_json(strings->items[i], field->key, err);

		if (!item || append(*value, item, err) < 0)
			return -1;
	}
	return 0;
}

static int encode_numbers(const struct json_field *field, const void *member, json_t **value,
                          struct error **err)
{
	struct json_items numbers = load_items(member);
	const uint32_t *items = numbers.items;

	if (new_array(field, numbers.count == 0, value, err) < 0)
		return -1;
	for (size_t i = 0; i < numbers.count; i++) {
		if (append(*value, json_integer(items[i]), err) < 0)
			return -1;
	}
	return 0;
}

static int new_object(const struct json_field *field, bool empty, json_t **object,
                      struct error **err)
{
	if (empty && !always(field))
		return 0;
	*object = json_object();
	return *object ? 0 : encode_failed(err);
}

static int encode_string_map(const struct json_field *field, const void *member, json_t **value,
                             struct error **err)
{
	const struct string_map *map = member;

	if (new_object(field, map->count == 0, value, err) < 0)
		return -1;
	for (size_t i = 0; i < map->count; i++) {
		json_t *item = string_json(map->items[i].value, map->items[i].key, err);

		if (!item)
			return -1;
		if (json_object_set_new(*value, map->items[i].key, item) < 0)
			return error_set(err, 0,
			                 "%s: a key cannot be written as JSON, is it UTF-8?",
			                 field->key);
	}
	return 0;
}

/* The struct at @object as a JSON object; NULL with *err on failure. */
static json_t *encode_table(const struct json_table *table, const void *object, struct error **err)
{
	json_auto_t *result = json_object();
	const char *base = object;

	if (!result) {
		encode_failed(err);
		return NULL;
	}
	for (const struct json_field *field = table->fields; field->key; field++) {
		json_t *value = NULL;

		if (field->present && !*(const bool *)(base + field->present))
			continue;
		if (encoders[field->kind](field, base + field->offset, &value, err) < 0) {
			json_decref(value);
			return NULL;
		}
		if (value && json_object_set_new(result, field->key, value) < 0) {
			encode_failed(err);
			return NULL;
		}
	}
	return json_incref(result);
}

static int encode_object(const struct json_field *field, const void *member, json_t **value,
                         struct error **err)
{
	json_t *object = encode_table(field->table, member, err);

	if (!object)
		return -1;
	if (json_object_size(object) == 0 && !always(field))
		json_decref(object);
	else
		*value = object;
	return 0;
}

static json_t *encode_items(const struct json_table *table, struct json_items array,
                            struct error **err)
{
	json_auto_t *result = json_array();
	const char *next = array.items;

	if (!result) {
		encode_failed(err);
		return NULL;
	}
	for (size_t i = 0; i < array.count; i++, next += table->size) {
		json_t *item = encode_table(table, next, err);

		if (!item || append(result, item, err) < 0)
			return NULL;
	}
	return json_incref(result);
}

static int encode_objects(const struct json_field *field, const void *member, json_t **value,
                          struct error **err)
{
	struct json_items array = load_items(member);

	if (array.count == 0 && !always(field))
		return 0;
	*value = encode_items(field->table, array, err);
	return *value ? 0 : -1;
}

static int encode_object_map(const struct json_field *field, const void *member, json_t **value,
                             struct error **err)
{
	struct json_items array = load_items(member);
	const char *next = array.items;

	if (new_object(field, array.count == 0, value, err) < 0)
		return -1;
	for (size_t i = 0; i < array.count; i++, next += field->table->size) {
		const char *key = *(char *const *)(const void *)(next + field->table->key);
		json_t *item = encode_table(field->table, next, err);

		if (!item)
			return -1;
		if (json_object_set_new(*value, key, item) < 0)
			return encode_failed(err);
	}
	return 0;
}

static int encode_number_map(const struct json_field *field, const void *member, json_t **value,
                             struct error **err)
{
	struct json_items map = load_items(member);
	const struct named_number *numbers = map.items;

	if (new_object(field, map.count == 0, value, err) < 0)
		return -1;
	for (size_t i = 0; i < map.count; i++) {
		json_t *number = number_json(numbers[i].value);

		if (!number || json_object_set_new(*value, numbers[i].key, number) < 0)
			return encode_failed(err);
	}
	return 0;
}

/* As its digits are, which a double might not keep. */
static int encode_decimal(const struct json_field *field, const void *member, json_t **value,
                          struct error **err)
{
	const char *digits = *(char *const *)member;
	_cleanup_free_ char *text = NULL;

	(void)field;
	if (!digits)
		return 0;
	if (asprintf(&text, "%c%s", '\0', digits) < 0) {
		text = NULL;
		return encode_failed(err);
	}
	*value = json_stringn(text, strlen(digits) + 1);
	return *value ? 0 : encode_failed(err);
}

static int encode_presence(const struct json_field *field, const void *member, json_t **value,
                           struct error **err)
{
	(void)field;
	(void)member;
	(void)value;
	(void)err;
	return 0;
}

static const encode_function encoders[] = {
	[FIELD_STRING] = encode_string,
	[FIELD_BOOL] = encode_bool,
	[FIELD_UNSIGNED] = encode_unsigned,
	[FIELD_SIGNED] = encode_signed,
	[FIELD_OPT_BOOL] = encode_opt_bool,
	[FIELD_OPT_U32] = encode_opt_u32,
	[FIELD_OPT_U64] = encode_opt_u64,
	[FIELD_OPT_I64] = encode_opt_i64,
	[FIELD_ENUM] = encode_enum,
	[FIELD_FLAGS] = encode_flags,
	[FIELD_CAPABILITIES] = encode_capabilities,
	[FIELD_STRINGS] = encode_strings,
	[FIELD_NUMBERS] = encode_numbers,
	[FIELD_STRING_MAP] = encode_string_map,
	[FIELD_OBJECT] = encode_object,
	[FIELD_OBJECTS] = encode_objects,
	[FIELD_OBJECT_MAP] = encode_object_map,
	[FIELD_NUMBER_MAP] = encode_number_map,
	[FIELD_DECIMAL] = encode_decimal,
	[FIELD_PRESENCE] = encode_presence,
};

/* Put the digits of wide numbers in the place of their stand-ins. */
static void unmask_wide_numbers(char *text)
{
	char *to = text, *from = text, *mark;

	while ((mark = strstr(from, STAND_IN_MARK))) {
		size_t digits;

		memmove(to, from, (size_t)(mark - from));
		to += mark - from;
		from = mark + strlen(STAND_IN_MARK);
		digits = strspn(from, "0123456789.");
		memmove(to, from, digits);
		to += digits;
		from += digits + strlen("\"");
	}
	memmove(to, from, strlen(from) + 1);
}

static char *dump(const json_t *value, enum json_style style, struct error **err)
{
	size_t flags = style == JSON_STYLE_INDENTED ? JSON_INDENT(4) : JSON_COMPACT;
	_cleanup_free_ char *text = json_dumps(value, flags);
	char *line;

	if (!text || asprintf(&line, "%s\n", text) < 0) {
		encode_failed(err);
		return NULL;
	}
	unmask_wide_numbers(line);
	return line;
}

char *json_encode(const struct json_table *table, const void *object, enum json_style style,
                  struct error **err)
{
	json_auto_t *value = encode_table(table, object, err);

	return value ? dump(value, style, err) : NULL;
}

char *json_encode_array(const struct json_table *table, const void *objects, size_t count,
                        enum json_style style, struct error **err)
{
	struct json_items array = { (void *)objects, count };
	json_auto_t *value = encode_items(table, array, err);

	return value ? dump(value, style, err) : NULL;
}
