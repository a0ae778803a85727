/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON objects as tables (private to spec/): one table per kind of object says which key belongs
 * to which member of a struct and how it is written. The same table decodes, encodes, and gives
 * the place in the document for messages. No JSON library is visible through this header.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/names.h"

enum json_field_kind {
	FIELD_STRING,       /* char * */
	FIELD_BOOL,         /* bool */
	FIELD_UNSIGNED,     /* uint16_t, uint32_t, uint64_t */
	FIELD_SIGNED,       /* int32_t, int64_t */
	FIELD_OPT_BOOL,     /* struct opt_bool */
	FIELD_OPT_U32,      /* struct opt_u32 */
	FIELD_OPT_U64,      /* struct opt_u64 */
	FIELD_OPT_I64,      /* struct opt_i64 */
	FIELD_ENUM,         /* a number; in the document one of .names */
	FIELD_FLAGS,        /* a number; in the document an array of .names, or-ed together */
	FIELD_CAPABILITIES, /* uint64_t; in the document an array of capability names */
	FIELD_STRINGS,      /* struct strings; with .names: only those */
	FIELD_NUMBERS,      /* { uint32_t *items; size_t count; } */
	FIELD_STRING_MAP,   /* struct string_map */
	FIELD_OBJECT,       /* members at .offset, which is 0 for a struct without a name */
	FIELD_OBJECTS,      /* { T *items; size_t count; }, an array of objects */
	FIELD_OBJECT_MAP,   /* likewise, an object of objects; the key goes to .table->key */
	FIELD_NUMBER_MAP, /* { struct { char *; uint64_t; } *items; size_t count; }; not decoded */
	FIELD_DECIMAL,  /* char *: digits with a fraction, a number in the document; not decoded */
	FIELD_PRESENCE, /* bool: whether the key is there, with whatever value; not encoded */
};

enum json_field_flags {
	FIELD_REQUIRED = 1 << 0,
	/* Encode also what is false, 0 or an empty array. */
	FIELD_ALWAYS = 1 << 1,
	/* "" means the same as no value. */
	FIELD_EMPTY_IS_ABSENT = 1 << 2,
};

struct json_table;

struct json_field {
	const char *key;
	enum json_field_kind kind;
	size_t offset, size; /* of the member: JSON_MEMBER() */
	unsigned int flags;  /* enum json_field_flags */
	/* Offset of a bool that tells whether the key is there. 0: none (no struct begins so). */
	size_t present;
	uint64_t maximum; /* of a number, when below that of its type; else 0 */
	const struct name_value *names;
	const struct json_table *table;
};

struct json_table {
	const struct json_field *fields; /* ended by a NULL key */
	size_t size;                     /* of the struct; needed in arrays and maps */
	size_t key;                      /* offset of the char * for the key; needed in maps */
};

/* The layout that all array members of config.h have in common. */
struct json_items {
	void *items;
	size_t count;
};

#define JSON_MEMBER(type, member) \
	.offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

/*
 * json_decode - fill @object from a document
 * @origin:	name of the document for messages
 * @arena:	takes all that is pointed to
 * @object:	zeroed by the caller
 *
 * Keys that the table does not have are ignored, null is the same as no value, of several equal
 * keys the last wins. Integers keep their full 64 bits, signed or unsigned.
 *
 * Return: 0, or -1 with *err set: one line, "origin: path.in[0].document: what is wrong".
 */
int json_decode(const struct json_table *table, const char *text, size_t length, const char *origin,
                struct arena *arena, void *object, struct error **err);

enum json_style { JSON_STYLE_INDENTED, JSON_STYLE_COMPACT };

/* json_encode - @object as a document, ended by a newline; the caller frees it. NULL with *err. */
char *json_encode(const struct json_table *table, const void *object, enum json_style style,
                  struct error **err);

/* json_encode_array - likewise an array of the @count objects at @objects (table->size apart) */
char *json_encode_array(const struct json_table *table, const void *objects, size_t count,
                        enum json_style style, struct error **err);

/* json_quote - @text in quotes, escaped and shortened, for a message; the caller frees it */
char *json_quote(const char *text);
