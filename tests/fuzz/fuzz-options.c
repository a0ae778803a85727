/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines. Input: a word on each line, which are read with options anywhere and with options
 * before operands only. What was understood is written as a command line again, which must be
 * understood the same.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check.h"
#include "options.h"
#include "spec/names.h"

struct values {
	bool tty, detach;
	const char *label, *bundle;
	unsigned int count;
	int format;
	struct option_strings env;
	struct option_ids gids;
};

static const struct option_choice formats[] = { { "table", 1 }, { "json", 2 }, { NULL, 0 } };

#define AT(member) offsetof(struct values, member)

/* One of each type, with and without a letter. */
static const struct option_spec options[] = {
	{ "tty", 't', OPTION_FLAG, AT(tty), NULL, "a flag" },
	{ "detach", 'd', OPTION_FLAG, AT(detach), NULL, "a flag" },
	{ "label", 0, OPTION_STRING, AT(label), "LABEL", "a string" },
	{ "bundle", 'b', OPTION_PATH, AT(bundle), "DIR", "a path" },
	{ "count", 'n', OPTION_NUMBER, AT(count), "N", "a number" },
	{ "format", 'f', OPTION_CHOICE, AT(format), "table|json", "a choice", formats },
	{ "env", 'e', OPTION_STRINGS, AT(env), "KEY=VALUE", "a list of strings" },
	{ "gid", 'g', OPTION_IDS, AT(gids), "GID", "a list of ids" },
	{ "terminal", 'T', OPTION_FLAG, AT(tty), NULL, NULL },
	{ NULL },
};

/* A command line that was read. */
struct line {
	struct values values;
	struct option_strings operands;
};

static char **split(char *text, struct arena *arena)
{
	size_t lines = 1, count = 0;
	char **words;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	words = arena_alloc(arena, (lines + 1) * sizeof(*words));
	FUZZ_ASSERT(words);
	while (text)
		words[count++] = strsep(&text, "\n");
	return words;
}

static int read_line(char **words, enum option_order order, struct arena *arena, struct line *line,
                     struct error **err)
{
	*line = (struct line){ .values.count = UINT_MAX };
	return options_parse(options, order, words, &line->values, arena, &line->operands, err);
}

static void check_list(const struct option_strings *list, char *const *words)
{
	size_t given = 0;

	while (words[given])
		given++;
	FUZZ_ASSERT(list->count <= given);
	FUZZ_ASSERT(!list->items || !list->items[list->count]);
	for (size_t i = 0; i < list->count; i++)
		FUZZ_ASSERT(list->items[i]);
}

static void check_line(const struct line *line, char *const *words)
{
	const struct values *values = &line->values;

	FUZZ_ASSERT(line->operands.items);
	check_list(&line->operands, words);
	check_list(&values->env, words);
	FUZZ_ASSERT(!values->bundle || *values->bundle);
	FUZZ_ASSERT(values->count == UINT_MAX || values->count <= INT_MAX);
	FUZZ_ASSERT(values->format >= 0 && values->format <= 2);
	for (size_t i = 0; i < values->gids.count; i++)
		FUZZ_ASSERT(values->gids.items[i] != UINT32_MAX);
}

static void write_options(FILE *out, const struct values *values)
{
	fprintf(out, "--tty=%s\n--detach=%s\n", values->tty ? "true" : "false",
	        values->detach ? "1" : "0");
	if (values->label)
		fprintf(out, "--label=%s\n", values->label);
	if (values->bundle)
		fprintf(out, "--bundle\n%s\n", values->bundle);
	if (values->count != UINT_MAX)
		fprintf(out, "-n%u\n", values->count);
	if (values->format)
		fprintf(out, "-f=%s\n", formats[values->format - 1].name);
	for (size_t i = 0; i < values->env.count; i++)
		fprintf(out, "-e\n%s\n", values->env.items[i]);
	for (size_t i = 0; i < values->gids.count; i++)
		fprintf(out, "-tg%u\n-t=%s\n", values->gids.items[i], values->tty ? "T" : "F");
}

/* @line as words again, in memory that the caller frees. */
static char *write_line(const struct line *line)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	FUZZ_ASSERT(out);
	write_options(out, &line->values);
	fputs("--", out);
	for (size_t i = 0; i < line->operands.count; i++)
		fprintf(out, "\n%s", line->operands.items[i]);
	FUZZ_ASSERT(fclose(out) == 0);
	return text;
}

static bool text_equal(const char *one, const char *two)
{
	return one && two ? strcmp(one, two) == 0 : one == two;
}

static void check_same_list(const struct option_strings *one, const struct option_strings *two)
{
	FUZZ_ASSERT(one->count == two->count);
	for (size_t i = 0; i < one->count; i++)
		FUZZ_ASSERT(strcmp(one->items[i], two->items[i]) == 0);
}

static void check_same(const struct line *one, const struct line *two)
{
	const struct values *a = &one->values, *b = &two->values;

	FUZZ_ASSERT(a->tty == b->tty && a->detach == b->detach);
	FUZZ_ASSERT(text_equal(a->label, b->label) && text_equal(a->bundle, b->bundle));
	FUZZ_ASSERT(a->count == b->count && a->format == b->format);
	check_same_list(&a->env, &b->env);
	check_same_list(&one->operands, &two->operands);
	FUZZ_ASSERT(a->gids.count == b->gids.count);
	for (size_t i = 0; i < a->gids.count; i++)
		FUZZ_ASSERT(a->gids.items[i] == b->gids.items[i]);
}

static void check_round_trip(const struct line *line, enum option_order order, struct arena *arena)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_free_ char *text = write_line(line);
	struct line again;

	FUZZ_ASSERT(read_line(split(text, arena), order, arena, &again, &err) == 0);
	fuzz_check_accepted(&err);
	check_same(line, &again);
}

/* `rootlet kill ID SIGNAL` */
static void try_signal(const char *word)
{
	int number = signal_parse(word);

	FUZZ_ASSERT(number >= -1 && number <= SIGRTMAX);
}

static void try_order(char **words, enum option_order order, struct arena *arena)
{
	_cleanup_error_ struct error *err = NULL;
	struct line line;
	int result = read_line(words, order, arena, &line, &err);

	if (result < 0) {
		FUZZ_ASSERT(err && err->status == USAGE_STATUS);
		fuzz_check_refused(&err);
		return;
	}
	fuzz_check_accepted(&err);
	check_line(&line, words);
	/* A line that asks for help is read no further than that. */
	if (result == 0)
		check_round_trip(&line, order, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *text = fuzz_text(data, size);
	char **words;

	FUZZ_ASSERT(arena);
	fuzz_mute_log();
	words = split(text, arena);
	try_order(words, OPTIONS_ANYWHERE, arena);
	try_order(words, OPTIONS_BEFORE_OPERANDS, arena);
	for (; *words; words++)
		try_signal(*words);
	return 0;
}
