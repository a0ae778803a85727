/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one pass over the words. A word is an option, a cluster of short options
 * or an operand; an option that needs a value and has none attached takes the next word whatever
 * it looks like, as getopt_long(3) and Go do. What an option's value means is decided by a
 * function per type, found in a table.
 *
 * getopt_long(3) is not used: it does not know --flag=false or -n=VALUE, accepts abbreviations
 * (which break when options are added), and keeps its state in global variables.
 */
#include "options.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/utf8.h"

struct parser {
	const struct option_spec *options;
	char **next; /* the words not read yet */
	size_t room; /* entries of a list: no word gives more than one, and NULL ends it */
	char *values;
	struct arena *arena;
	uint64_t numbers_seen; /* bit n: options[n] has got a number */
	bool help;
	struct error **err;
};

static const struct option_spec help_option = {
	"help", 'h', OPTION_HELP, 0, NULL, "show this help", NULL,
};

static int usage_error(struct parser *parser)
{
	return error_status(parser->err, USAGE_STATUS);
}

static int value_error(struct parser *parser, const struct option_spec *option, const char *value,
                       const char *expected)
{
	error_set(parser->err, 0, "option --%s: \"%s\" is not %s", option->name, value, expected);
	return usage_error(parser);
}

/* The words that strconv.ParseBool of Go takes, since engines in Go write what it takes. */
static const struct option_choice flag_words[] = {
	{ "true", true }, { "false", false }, { "1", true },  { "0", false },   { "t", true },
	{ "f", false },   { "T", true },      { "F", false }, { "TRUE", true }, { "FALSE", false },
	{ "True", true }, { "False", false }, { NULL, 0 },
};

static const struct option_choice *choice_find(const struct option_choice *choices,
                                               const char *name)
{
	for (; choices->name; choices++) {
		if (strcmp(choices->name, name) == 0)
			return choices;
	}
	return NULL;
}

static int store_flag(struct parser *parser, const struct option_spec *option, char *value,
                      void *member)
{
	const struct option_choice *word = choice_find(flag_words, value ? value : "true");

	if (!word)
		return value_error(parser, option, value, "true or false");
	*(bool *)member = word->value;
	return 0;
}

static int store_string(struct parser *parser, const struct option_spec *option, char *value,
                        void *member)
{
	(void)parser;
	(void)option;
	*(const char **)member = value;
	return 0;
}

static int store_path(struct parser *parser, const struct option_spec *option, char *value,
                      void *member)
{
	if (!*value) {
		error_set(parser->err, 0, "option --%s: the value is empty", option->name);
		return usage_error(parser);
	}
	*(const char **)member = value;
	return 0;
}

static int store_number(struct parser *parser, const struct option_spec *option, char *value,
                        void *member)
{
	uint64_t bit = UINT64_C(1) << (option - parser->options);
	uint32_t number;

	if (!number_parse_u32(value, &number) || number > INT_MAX)
		return value_error(parser, option, value, "a number from 0 to 2147483647");
	if (parser->numbers_seen & bit) {
		error_set(parser->err, 0, "option --%s is given twice", option->name);
		return usage_error(parser);
	}
	parser->numbers_seen |= bit;
	*(unsigned int *)member = number;
	return 0;
}

static int store_choice(struct parser *parser, const struct option_spec *option, char *value,
                        void *member)
{
	const struct option_choice *choice = choice_find(option->choices, value);

	if (!choice) {
		error_set(parser->err, 0, "option --%s: \"%s\" is none of %s", option->name, value,
		          option->value);
		return usage_error(parser);
	}
	*(int *)member = choice->value;
	return 0;
}

/* Append to a list whose whole room is taken at its first use. */
static int list_append(struct parser *parser, struct option_strings *list, char *value)
{
	if (!list->items)
		list->items = arena_alloc(parser->arena, parser->room * sizeof(*list->items));
	if (!list->items)
		return error_set(parser->err, ENOMEM, "cannot read the command line");
	list->items[list->count++] = value;
	return 0;
}

static int store_strings(struct parser *parser, const struct option_spec *option, char *value,
                         void *member)
{
	(void)option;
	return list_append(parser, member, value);
}

static int store_ids(struct parser *parser, const struct option_spec *option, char *value,
                     void *member)
{
	struct option_ids *list = member;
	uint32_t id;

	/* The kernel reserves the highest id to mean "none". */
	if (!number_parse_u32(value, &id) || id == UINT32_MAX)
		return value_error(parser, option, value, "a number from 0 to 4294967294");
	if (!list->items)
		list->items = arena_alloc(parser->arena, parser->room * sizeof(*list->items));
	if (!list->items)
		return error_set(parser->err, ENOMEM, "cannot read the command line");
	list->items[list->count++] = id;
	return 0;
}

static int store_help(struct parser *parser, const struct option_spec *option, char *value,
                      void *member)
{
	(void)option;
	(void)value;
	(void)member;
	parser->help = true;
	return 0;
}

static const struct {
	bool needs_value;
	int (*store)(struct parser *parser, const struct option_spec *option, char *value,
	             void *member);
} types[] = {
	[OPTION_FLAG] = { false, store_flag },    [OPTION_STRING] = { true, store_string },
	[OPTION_PATH] = { true, store_path },     [OPTION_NUMBER] = { true, store_number },
	[OPTION_CHOICE] = { true, store_choice }, [OPTION_STRINGS] = { true, store_strings },
	[OPTION_IDS] = { true, store_ids },       [OPTION_HELP] = { false, store_help },
};

/* Store @option, whose value is @attached or, when it needs one and that is NULL, the next word. */
static int option_store(struct parser *parser, const struct option_spec *option, char *attached)
{
	char *value = attached;

	if (types[option->type].needs_value && !value) {
		value = *parser->next;
		if (!value) {
			error_set(parser->err, 0, "option --%s needs a value (%s)", option->name,
			          option->value);
			return usage_error(parser);
		}
		parser->next++;
	}
	return types[option->type].store(parser, option, value, parser->values + option->offset);
}

static const struct option_spec *find_name(const struct option_spec *options, const char *name,
                                           size_t length)
{
	for (; options->name; options++) {
		if (strncmp(options->name, name, length) == 0 && !options->name[length])
			return options;
	}
	if (length == 4 && strncmp(help_option.name, name, length) == 0)
		return &help_option;
	return NULL;
}

static const struct option_spec *find_letter(const struct option_spec *options, char letter)
{
	for (; options->name; options++) {
		if (options->letter == letter)
			return options;
	}
	return letter == 'h' || letter == '?' ? &help_option : NULL;
}

static int parse_long(struct parser *parser, char *word)
{
	char *name = word + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_spec *option = find_name(parser->options, name, length);

	if (!option) {
		error_set(parser->err, 0, "unknown option --%.*s", (int)length, name);
		return usage_error(parser);
	}
	return option_store(parser, option, equals ? equals + 1 : NULL);
}

static int unknown_letter(struct parser *parser, const char *word, const char *letter)
{
	/* All bytes of the character that begins here; one when it is none. */
	size_t length = utf8_length((const unsigned char *)letter);

	error_set(parser->err, 0, "unknown option -%.*s%s%s", length ? (int)length : 1, letter,
	          word[2] ? " in " : "", word[2] ? word : "");
	return usage_error(parser);
}

static int parse_cluster(struct parser *parser, char *word)
{
	for (char *letter = word + 1; *letter; letter++) {
		const struct option_spec *option = find_letter(parser->options, *letter);
		char *rest = letter + 1;

		if (!option)
			return unknown_letter(parser, word, letter);
		if (*rest == '=')
			return option_store(parser, option, rest + 1);
		if (types[option->type].needs_value)
			return option_store(parser, option, *rest ? rest : NULL);
		if (option_store(parser, option, NULL) < 0)
			return -1;
	}
	return 0;
}

/* Read one word. Return: 1 when no options can follow it, 0, or -1. */
static int parse_word(struct parser *parser, enum option_order order,
                      struct option_strings *operands)
{
	char *word = *parser->next++;

	if (strcmp(word, "--") == 0)
		return 1;
	if (strncmp(word, "--", 2) == 0)
		return parse_long(parser, word);
	/* A lone "-" is an operand: it often stands for stdin. */
	if (word[0] == '-' && word[1])
		return parse_cluster(parser, word);
	if (list_append(parser, operands, word) < 0)
		return -1;
	return order == OPTIONS_BEFORE_OPERANDS;
}

int options_parse(const struct option_spec *options, enum option_order order, char **words,
                  void *values, struct arena *arena, struct option_strings *operands,
                  struct error **err)
{
	struct parser parser = {
		.options = options,
		.next = words,
		.room = 1,
		.values = values,
		.arena = arena,
		.err = err,
	};
	int done = 0;

	for (char **word = words; *word; word++)
		parser.room++;
	operands->count = 0;
	operands->items = arena_alloc(arena, parser.room * sizeof(*operands->items));
	if (!operands->items)
		return error_set(err, ENOMEM, "cannot read the command line");

	while (!done && *parser.next) {
		done = parse_word(&parser, order, operands);
		if (done < 0)
			return -1;
		if (parser.help)
			return 1;
	}
	for (; *parser.next; parser.next++)
		operands->items[operands->count++] = *parser.next;
	return 0;
}

/* Columns that "name VALUE" needs in the help text. */
static size_t option_width(const struct option_spec *option)
{
	return strlen(option->name) + (option->value ? strlen(option->value) + 1 : 0);
}

static void describe_one(FILE *out, const struct option_spec *option, size_t width)
{
	size_t used = option_width(option);

	if (option->letter)
		fprintf(out, "  -%c, ", option->letter);
	else
		fputs("      ", out);
	fprintf(out, "--%s%s%s%*s  %s\n", option->name, option->value ? " " : "",
	        option->value ? option->value : "", (int)(width - used), "", option->help);
}

void options_describe(FILE *out, const struct option_spec *options)
{
	size_t width = option_width(&help_option);

	for (const struct option_spec *option = options; option->name; option++) {
		if (option->help && option_width(option) > width)
			width = option_width(option);
	}
	for (const struct option_spec *option = options; option->name; option++) {
		if (option->help)
			describe_one(out, option, width);
	}
	describe_one(out, &help_option, width);
}
