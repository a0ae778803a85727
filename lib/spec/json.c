/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: jansson parses the text into a tree; the tree is walked along the tables,
 * so that the time goes with the number of known keys, whatever else a document holds. A chain of
 * `struct place` on the stack remembers the way down and is turned into words only when something
 * is wrong. json-encode.c walks the same tables the other way.
 */
#include "spec/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/number.h"
#include "spec/config.h"
#include "spec/json-wide.h"

/* How long a value may get in a message, and how many known names are worth listing. */
#define QUOTE_MAX 80
#define NAMES_MAX 16

struct decoder {
	struct arena *arena;
	const char *origin;
	const char *text; /* the original document */
	size_t length;
	struct error **err;
};

enum place_kind { PLACE_MEMBER, PLACE_INDEX, PLACE_KEY };

/* One step on the way from the root of the document to a value. */
struct place {
	const struct place *parent; /* NULL: the root itself */
	enum place_kind kind;
	const char *key;
	size_t index;
};

struct number_range {
	int64_t minimum;
	uint64_t maximum;
};

/* Put @value, which is found at @place, into @member. Return: 0, or -1 with *err. */
typedef int (*decode_function)(const struct decoder *decoder, const struct json_field *field,
                               const json_t *value, void *member, const struct place *place);

static const decode_function decoders[];

/* --- messages --- */

/* Cut a quoted text to QUOTE_MAX bytes, at the boundary of a UTF-8 character. */
static void shorten(char *quoted)
{
	size_t end = QUOTE_MAX;

	while (end > 0 && ((unsigned char)quoted[end] & 0xc0) == 0x80)
		end--;
	memcpy(quoted + end, "…", sizeof("…"));
}

static char *quote_value(const json_t *value)
{
	char *quoted = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	/* The mark of shortening needs its three bytes, which a text this long has. */
	if (quoted && strlen(quoted) > QUOTE_MAX + sizeof("…"))
		shorten(quoted);
	return quoted;
}

char *json_quote(const char *text)
{
	json_auto_t *value = json_string(text);

	return value ? quote_value(value) : strdup("(not UTF-8)");
}

/* The way to @place in words: "mounts[3].options[0]"; "" for the root. NULL: out of memory. */
static const char *place_text(struct arena *arena, const struct place *place)
{
	_cleanup_free_ char *quoted = NULL;
	const char *parent;

	if (!place->parent)
		return "";
	parent = place_text(arena, place->parent);
	if (!parent)
		return NULL;
	switch (place->kind) {
	case PLACE_INDEX:
		return arena_printf(arena, "%s[%zu]", parent, place->index);
	case PLACE_KEY:
		quoted = json_quote(place->key);
		return quoted ? arena_printf(arena, "%s[%s]", parent, quoted) : NULL;
	case PLACE_MEMBER:
		break;
	}
	return arena_printf(arena, "%s%s%s", parent, *parent ? "." : "", place->key);
}

static int no_memory(const struct decoder *decoder)
{
	return error_set(decoder->err, ENOMEM, "%s", decoder->origin);
}

static int fail(const struct decoder *decoder, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(const struct decoder *decoder, const struct place *place, const char *format, ...)
{
	_cleanup_free_ char *message = NULL;
	const char *where = place_text(decoder->arena, place);
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&message, format, args);
	va_end(args);
	if (n < 0)
		message = NULL;
	if (!message || !where)
		return no_memory(decoder);
	return error_set(decoder->err, 0, "%s%s%s: %s", decoder->origin, *where ? ": " : "", where,
	                 message);
}

/* --- parsing --- */

/* jansson's words for a syntax error are good; these causes need other ones. */
static const char *syntax_message(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_premature_end_of_input:
		return "the document ends too early; is it truncated?";
	case json_error_invalid_utf8:
		return "not valid UTF-8";
	case json_error_stack_overflow:
		return "nested too deeply";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a string holds a NUL character (" JSON_NUL_ESCAPE ")";
	case json_error_numeric_overflow:
		return "the number is too large";
	case json_error_end_of_input_expected:
		return "more text after the end of the document";
	default:
		return error->text;
	}
}

static bool is_blank(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!memchr(" \t\r\n", text[i], 4))
			return false;
	}
	return true;
}

/* Objects are hash tables; jansson would open and read /dev/urandom for their seed. */
static void seed_hashes(void)
{
	size_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
		json_object_seed(seed | 1);
}

static char *mask_wide(const struct decoder *decoder)
{
	bool nul = false;
	char *masked = json_wide_mask(decoder->text, decoder->length, decoder->arena, &nul);

	if (!masked)
		no_memory(decoder);
	if (!masked || !nul)
		return masked;
	error_set(decoder->err, 0, "%s: a string holds a NUL character (" JSON_NUL_ESCAPE ")",
	          decoder->origin);
	return NULL;
}

/* The document as a tree; NULL with *err on failure. */
static json_t *load(const struct decoder *decoder)
{
	const char *masked;
	json_error_t error;
	json_t *root;

	if (is_blank(decoder->text, decoder->length)) {
		error_set(decoder->err, 0, "%s: the document is empty", decoder->origin);
		return NULL;
	}
	seed_hashes();
	root = json_loadb(decoder->text, decoder->length, 0, &error);
	if (!root && json_error_code(&error) == json_error_numeric_overflow) {
		masked = mask_wide(decoder);
		if (!masked)
			return NULL;
		root = json_loadb(masked, decoder->length, JSON_ALLOW_NUL, &error);
	}
	if (!root && json_error_code(&error) == json_error_out_of_memory)
		no_memory(decoder);
	else if (!root)
		error_set(decoder->err, 0, "%s:%d:%d: %s", decoder->origin, error.line,
		          error.column, syntax_message(&error));
	return root;
}

/* --- decoding --- */

static const char *type_words(const json_t *value)
{
	if (json_wide_is_stand_in(value))
		return "a number";
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		break;
	}
	return "null";
}

static int wrong_type(const struct decoder *decoder, const struct place *place,
                      const char *expected, const json_t *value)
{
	return fail(decoder, place, "expected %s, got %s", expected, type_words(value));
}

/* The text of @value; NULL with *err when it is no string. */
static const char *string_value(const struct decoder *decoder, const json_t *value,
                                const struct place *place)
{
	if (json_is_string(value) && !json_wide_is_stand_in(value))
		return json_string_value(value);
	wrong_type(decoder, place, "a string", value);
	return NULL;
}

static int unknown_name(const struct decoder *decoder, const struct name_value *names,
                        const json_t *value, const struct place *place)
{
	_cleanup_free_ char *quoted = quote_value(value);
	const char *known = NULL;
	size_t count = 0;

	if (!quoted)
		return no_memory(decoder);
	for (; names[count].name && count <= NAMES_MAX; count++) {
		known = arena_printf(decoder->arena, "%s%s%s", known ? known : "",
		                     known ? ", " : "", names[count].name);
		if (!known)
			return no_memory(decoder);
	}
	if (!known || count > NAMES_MAX)
		return fail(decoder, place, "unknown value %s", quoted);
	return fail(decoder, place, "unknown value %s; known are: %s", quoted, known);
}

/* The entry of @names that @value names; NULL with *err when there is none. */
static const struct name_value *named_value(const struct decoder *decoder,
                                            const struct name_value *names, const json_t *value,
                                            const struct place *place)
{
	const char *text = string_value(decoder, value, place);
	const struct name_value *entry = text ? name_find(names, text) : NULL;

	if (text && !entry)
		unknown_name(decoder, names, value, place);
	return entry;
}

static int out_of_range(const struct decoder *decoder, struct number_range range, const char *text,
                        const struct place *place)
{
	return fail(decoder, place, "expected a number from %" PRId64 " to %" PRIu64 ", got %.40s",
	            range.minimum, range.maximum, text);
}

static int wide_number(const struct decoder *decoder, struct number_range range,
                       const json_t *value, const struct place *place, uint64_t *bits)
{
	const char *digits = json_wide_digits(decoder->text, decoder->length, decoder->arena,
	                                      value);

	if (!digits)
		return no_memory(decoder);
	/* A wide negative number is below every minimum. */
	if (!number_parse_u64(digits, bits) || *bits > range.maximum)
		return out_of_range(decoder, range, digits, place);
	return 0;
}

/* An integer of @range as 64 bits, a negative one in two's complement. */
static int number_value(const struct decoder *decoder, struct number_range range,
                        const json_t *value, const struct place *place, uint64_t *bits)
{
	json_int_t number;
	char text[32];

	if (json_wide_is_stand_in(value))
		return wide_number(decoder, range, value, place, bits);
	if (json_is_real(value))
		return fail(decoder, place,
		            "expected an integer, got a number with a fraction or an exponent");
	if (!json_is_integer(value))
		return wrong_type(decoder, place, "a number", value);
	number = json_integer_value(value);
	if (number < 0 ? number < range.minimum : (uint64_t)number > range.maximum) {
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, number);
		return out_of_range(decoder, range, text, place);
	}
	*bits = (uint64_t)number;
	return 0;
}

static void store_number(void *member, size_t size, uint64_t bits)
{
	switch (size) {
	case sizeof(uint16_t):
		*(uint16_t *)member = (uint16_t)bits;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)member = (uint32_t)bits;
		break;
	default:
		*(uint64_t *)member = bits;
	}
}

static struct number_range unsigned_range(const struct json_field *field, uint64_t of_type)
{
	return (struct number_range){ 0, field->maximum ? field->maximum : of_type };
}

static int decode_string(const struct decoder *decoder, const struct json_field *field,
                         const json_t *value, void *member, const struct place *place)
{
	const char *text = string_value(decoder, value, place);
	char *copy;

	if (!text)
		return -1;
	if (!*text && (field->flags & FIELD_EMPTY_IS_ABSENT))
		return 0;
	copy = arena_strndup(decoder->arena, text, json_string_length(value));
	if (!copy)
		return no_memory(decoder);
	*(char **)member = copy;
	return 0;
}

static int decode_bool(const struct decoder *decoder, const struct json_field *field,
                       const json_t *value, void *member, const struct place *place)
{
	(void)field;
	if (!json_is_boolean(value))
		return wrong_type(decoder, place, "true or false", value);
	*(bool *)member = json_is_true(value);
	return 0;
}

static int decode_opt_bool(const struct decoder *decoder, const struct json_field *field,
                           const json_t *value, void *member, const struct place *place)
{
	struct opt_bool *option = member;

	if (decode_bool(decoder, field, value, &option->value, place) < 0)
		return -1;
	option->set = true;
	return 0;
}

static int decode_unsigned(const struct decoder *decoder, const struct json_field *field,
                           const json_t *value, void *member, const struct place *place)
{
	uint64_t bits, maximum = UINT64_MAX >> (64 - 8 * field->size);

	if (number_value(decoder, unsigned_range(field, maximum), value, place, &bits) < 0)
		return -1;
	store_number(member, field->size, bits);
	return 0;
}

static int decode_signed(const struct decoder *decoder, const struct json_field *field,
                         const json_t *value, void *member, const struct place *place)
{
	int64_t maximum = INT64_MAX >> (64 - 8 * field->size);
	struct number_range range = { -maximum - 1, (uint64_t)maximum };
	uint64_t bits;

	if (number_value(decoder, range, value, place, &bits) < 0)
		return -1;
	store_number(member, field->size, bits);
	return 0;
}

static int decode_opt_u32(const struct decoder *decoder, const struct json_field *field,
                          const json_t *value, void *member, const struct place *place)
{
	struct opt_u32 *option = member;
	uint64_t bits;

	if (number_value(decoder, unsigned_range(field, UINT32_MAX), value, place, &bits) < 0)
		return -1;
	*option = (struct opt_u32){ true, (uint32_t)bits };
	return 0;
}

static int decode_opt_u64(const struct decoder *decoder, const struct json_field *field,
                          const json_t *value, void *member, const struct place *place)
{
	struct opt_u64 *option = member;
	uint64_t bits;

	if (number_value(decoder, unsigned_range(field, UINT64_MAX), value, place, &bits) < 0)
		return -1;
	*option = (struct opt_u64){ true, bits };
	return 0;
}

static int decode_opt_i64(const struct decoder *decoder, const struct json_field *field,
                          const json_t *value, void *member, const struct place *place)
{
	struct number_range range = { INT64_MIN, INT64_MAX };
	struct opt_i64 *option = member;
	uint64_t bits;

	(void)field;
	if (number_value(decoder, range, value, place, &bits) < 0)
		return -1;
	*option = (struct opt_i64){ true, (int64_t)bits };
	return 0;
}

static int decode_enum(const struct decoder *decoder, const struct json_field *field,
                       const json_t *value, void *member, const struct place *place)
{
	const struct name_value *entry = named_value(decoder, field->names, value, place);

	if (!entry)
		return -1;
	store_number(member, field->size, (uint64_t)entry->value);
	return 0;
}

static int decode_flags(const struct decoder *decoder, const struct json_field *field,
                        const json_t *value, void *member, const struct place *place)
{
	uint64_t flags = 0;

	if (!json_is_array(value))
		return wrong_type(decoder, place, "an array", value);
	for (size_t i = 0; i < json_array_size(value); i++) {
		struct place here = { place, PLACE_INDEX, NULL, i };
		const struct name_value *entry = named_value(decoder, field->names,
		                                             json_array_get(value, i), &here);

		if (!entry)
			return -1;
		flags |= (uint64_t)entry->value;
	}
	store_number(member, field->size, flags);
	return 0;
}

/* The pattern of the schema, ^CAP_([A-Z]|_)+$. */
static bool looks_like_capability(const char *name)
{
	static const char prefix[] = "CAP_";
	size_t length = strlen(prefix);

	return strncmp(name, prefix, length) == 0 && name[length] &&
	       name[length + strspn(name + length, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] == '\0';
}

/*
 * What may be a capability of a newer kernel must be a warning, and should not fail (config.md,
 * "capabilities"); what can be none is refused.
 */
static int unknown_capability(const struct decoder *decoder, const json_t *value,
                              const struct place *place)
{
	_cleanup_free_ char *quoted = quote_value(value);
	const char *where = place_text(decoder->arena, place);

	if (!quoted || !where)
		return no_memory(decoder);
	if (!looks_like_capability(json_string_value(value)))
		return fail(decoder, place,
		            "unknown capability %s; see capabilities(7) for their names", quoted);
	log_warning("%s: %s: unknown capability %s, left out", decoder->origin, where, quoted);
	return 0;
}

static int decode_capabilities(const struct decoder *decoder, const struct json_field *field,
                               const json_t *value, void *member, const struct place *place)
{
	uint64_t *set = member;

	(void)field;
	if (!json_is_array(value))
		return wrong_type(decoder, place, "an array", value);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);
		struct place here = { place, PLACE_INDEX, NULL, i };
		const char *name = string_value(decoder, item, &here);
		int number = name ? capability_parse(name) : -1;

		if (!name)
			return -1;
		if (number >= 0)
			*set |= UINT64_C(1) << number;
		else if (unknown_capability(decoder, item, &here) < 0)
			return -1;
	}
	return 0;
}

/* Room for @count items of @size bytes and a zeroed one behind them, entered in the member. */
static char *new_items(const struct decoder *decoder, void *member, size_t count, size_t size)
{
	struct json_items items = { arena_alloc(decoder->arena, (count + 1) * size), count };

	if (!items.items) {
		no_memory(decoder);
		return NULL;
	}
	/* Copied, for the member has a type of its own with this layout. */
	memcpy(member, &items, sizeof(items));
	return items.items;
}

static int decode_strings(const struct decoder *decoder, const struct json_field *field,
                          const json_t *value, void *member, const struct place *place)
{
	struct json_field item = { .flags = 0 };
	char **items;

	if (!json_is_array(value))
		return wrong_type(decoder, place, "an array of strings", value);
	items = (char **)(void *)new_items(decoder, member, json_array_size(value), sizeof(*items));
	if (!items)
		return -1;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *entry = json_array_get(value, i);
		struct place here = { place, PLACE_INDEX, NULL, i };

		if (field->names && !named_value(decoder, field->names, entry, &here))
			return -1;
		if (decode_string(decoder, &item, entry, &items[i], &here) < 0)
			return -1;
	}
	return 0;
}

static int decode_numbers(const struct decoder *decoder, const struct json_field *field,
                          const json_t *value, void *member, const struct place *place)
{
	uint32_t *items;
	uint64_t bits;

	if (!json_is_array(value))
		return wrong_type(decoder, place, "an array of numbers", value);
	items = (uint32_t *)(void *)new_items(decoder, member, json_array_size(value),
	                                      sizeof(*items));
	if (!items)
		return -1;
	for (size_t i = 0; i < json_array_size(value); i++) {
		struct place here = { place, PLACE_INDEX, NULL, i };

		if (number_value(decoder, unsigned_range(field, UINT32_MAX),
		                 json_array_get(value, i), &here, &bits) < 0)
			return -1;
		items[i] = (uint32_t)bits;
	}
	return 0;
}

/* The entries of an object in the document's order; jansson's iterators know no const. */
static void *first_entry(const json_t *object)
{
	return json_object_iter((json_t *)object);
}

static void *next_entry(const json_t *object, void *entry)
{
	return json_object_iter_next((json_t *)object, entry);
}

static int decode_string_map(const struct decoder *decoder, const struct json_field *field,
                             const json_t *value, void *member, const struct place *place)
{
	struct json_field item = { .flags = 0 };
	struct key_value *next;

	(void)field;
	if (!json_is_object(value))
		return wrong_type(decoder, place, "an object", value);
	next = (void *)new_items(decoder, member, json_object_size(value), sizeof(*next));
	if (!next)
		return -1;
	for (void *i = first_entry(value); i; i = next_entry(value, i)) {
		const char *key = json_object_iter_key(i);
		const json_t *entry = json_object_iter_value(i);
		struct place here = { place, PLACE_KEY, key, 0 };

		next->key = arena_strdup(decoder->arena, key);
		if (!next->key)
			return no_memory(decoder);
		if (decode_string(decoder, &item, entry, &next->value, &here) < 0)
			return -1;
		next++;
	}
	return 0;
}

static int decode_field(const struct decoder *decoder, const struct json_field *field,
                        const json_t *object, char *base, const struct place *place)
{
	struct place here = { place, PLACE_MEMBER, field->key, 0 };
	const json_t *value = json_object_get(object, field->key);

	if (!value || json_is_null(value)) {
		if (field->flags & FIELD_REQUIRED)
			return fail(decoder, &here, "missing, but required");
		return 0;
	}
	if (field->present)
		*(bool *)(base + field->present) = true;
	return decoders[field->kind](decoder, field, value, base + field->offset, &here);
}

static int decode_table(const struct decoder *decoder, const struct json_table *table,
                        const json_t *value, void *object, const struct place *place)
{
	if (!json_is_object(value))
		return wrong_type(decoder, place, "an object", value);
	for (const struct json_field *field = table->fields; field->key; field++) {
		if (decode_field(decoder, field, value, object, place) < 0)
			return -1;
	}
	return 0;
}

static int decode_object(const struct decoder *decoder, const struct json_field *field,
                         const json_t *value, void *member, const struct place *place)
{
	return decode_table(decoder, field->table, value, member, place);
}

static int decode_objects(const struct decoder *decoder, const struct json_field *field,
                          const json_t *value, void *member, const struct place *place)
{
	const size_t size = field->table->size;
	char *next;

	if (!json_is_array(value))
		return wrong_type(decoder, place, "an array", value);
	next = new_items(decoder, member, json_array_size(value), size);
	if (!next)
		return -1;
	for (size_t i = 0; i < json_array_size(value); i++, next += size) {
		struct place here = { place, PLACE_INDEX, NULL, i };

		if (decode_table(decoder, field->table, json_array_get(value, i), next, &here) < 0)
			return -1;
	}
	return 0;
}

static int decode_object_map(const struct decoder *decoder, const struct json_field *field,
                             const json_t *value, void *member, const struct place *place)
{
	const size_t size = field->table->size;
	char *next;

	if (!json_is_object(value))
		return wrong_type(decoder, place, "an object", value);
	next = new_items(decoder, member, json_object_size(value), size);
	if (!next)
		return -1;
	for (void *i = first_entry(value); i; i = next_entry(value, i)) {
		const char *key = json_object_iter_key(i);
		struct place here = { place, PLACE_KEY, key, 0 };
		char *copy = arena_strdup(decoder->arena, key);

		if (!copy)
			return no_memory(decoder);
		*(char **)(void *)(next + field->table->key) = copy;
		if (decode_table(decoder, field->table, json_object_iter_value(i), next, &here) < 0)
			return -1;
		next += size;
	}
	return 0;
}

static int decode_presence(const struct decoder *decoder, const struct json_field *field,
                           const json_t *value, void *member, const struct place *place)
{
	(void)decoder;
	(void)field;
	(void)value;
	(void)place;
	*(bool *)member = true;
	return 0;
}

static const decode_function decoders[] = {
	[FIELD_STRING] = decode_string,
	[FIELD_BOOL] = decode_bool,
	[FIELD_UNSIGNED] = decode_unsigned,
	[FIELD_SIGNED] = decode_signed,
	[FIELD_OPT_BOOL] = decode_opt_bool,
	[FIELD_OPT_U32] = decode_opt_u32,
	[FIELD_OPT_U64] = decode_opt_u64,
	[FIELD_OPT_I64] = decode_opt_i64,
	[FIELD_ENUM] = decode_enum,
	[FIELD_FLAGS] = decode_flags,
	[FIELD_CAPABILITIES] = decode_capabilities,
	[FIELD_STRINGS] = decode_strings,
	[FIELD_NUMBERS] = decode_numbers,
	[FIELD_STRING_MAP] = decode_string_map,
	[FIELD_OBJECT] = decode_object,
	[FIELD_OBJECTS] = decode_objects,
	[FIELD_OBJECT_MAP] = decode_object_map,
	[FIELD_PRESENCE] = decode_presence,
};

int json_decode(const struct json_table *table, const char *text, size_t length, const char *origin,
                struct arena *arena, void *object, struct error **err)
{
	struct decoder decoder = { arena, origin, text, length, err };
	struct place root = { .parent = NULL };
	json_auto_t *value = load(&decoder);

	return value ? decode_table(&decoder, table, value, object, &root) : -1;
}
