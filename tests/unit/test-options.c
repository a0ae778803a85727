/* SPDX-License-Identifier: Apache-2.0 */
/* src/options.c: how command lines are read, and the help text made from the same table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "options.h"

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

static const struct option_spec options[] = {
	{ "tty", 't', OPTION_FLAG, AT(tty), NULL, "give it a terminal" },
	{ "detach", 'd', OPTION_FLAG, AT(detach), NULL, "do not wait" },
	{ "label", 0, OPTION_STRING, AT(label), "LABEL", "a label" },
	{ "bundle", 'b', OPTION_PATH, AT(bundle), "DIR", "the bundle" },
	{ "count", 'n', OPTION_NUMBER, AT(count), "N", "how many" },
	{ "format", 'f', OPTION_CHOICE, AT(format), "table|json", "how to print", formats },
	{ "env", 'e', OPTION_STRINGS, AT(env), "KEY=VALUE", "a variable" },
	{ "gid", 'g', OPTION_IDS, AT(gids), "GID", "a group" },
	{ "terminal-of-the-process", 'T', OPTION_FLAG, AT(tty), NULL, NULL },
	{ NULL },
};

/* One reading of a command line; release with line_free(). */
struct line {
	struct arena *arena;
	struct values values;
	struct option_strings operands;
	struct error *error;
	int result;
};

static void line_free(struct line *line)
{
	error_clear(&line->error);
	arena_free(&line->arena);
}

static struct line read_ordered(enum option_order order, const char *const *words)
{
	struct line line = { .arena = arena_new() };

	assert_non_null(line.arena);
	line.result = options_parse(options, order, (char **)words, &line.values, line.arena,
	                            &line.operands, &line.error);
	return line;
}

#define WORDS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}
#define READ(...)      read_ordered(OPTIONS_ANYWHERE, WORDS(__VA_ARGS__))
#define READ_HEAD(...) read_ordered(OPTIONS_BEFORE_OPERANDS, WORDS(__VA_ARGS__))
#define LINE           _cleanup_(line_free) struct line

static void assert_operands(const struct line *line, const char *const *expected)
{
	size_t count = 0;

	assert_int_equal(line->result, 0);
	for (; expected[count]; count++) {
		assert_true(count < line->operands.count);
		assert_string_equal(line->operands.items[count], expected[count]);
	}
	assert_int_equal(line->operands.count, count);
	assert_null(line->operands.items[count]);
}

static void values_are_found_in_every_spelling(void **state)
{
	static const char *const spellings[][3] = {
		{ "--bundle", "/b" }, { "--bundle=/b" }, { "-b", "/b" }, { "-b/b" },
		{ "-b=/b" },          { "-tdb", "/b" },  { "-tdb/b" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		LINE line = read_ordered(OPTIONS_ANYWHERE, spellings[i]);

		assert_int_equal(line.result, 0);
		assert_string_equal(line.values.bundle, "/b");
		assert_int_equal(line.operands.count, 0);
	}
}

static void an_attached_value_keeps_its_further_equals_signs(void **state)
{
	LINE line = READ("--label=a=b=c");

	(void)state;
	assert_string_equal(line.values.label, "a=b=c");
}

static void a_value_may_look_like_an_option(void **state)
{
	LINE line = READ("--label", "--tty", "-b", "--");

	(void)state;
	assert_int_equal(line.result, 0);
	assert_string_equal(line.values.label, "--tty");
	assert_string_equal(line.values.bundle, "--");
	assert_false(line.values.tty);
}

static void flags_take_the_words_of_go(void **state)
{
	static const struct {
		const char *word;
		bool expected;
	} cases[] = {
		{ "--tty", true },        { "--tty=true", true },   { "--tty=1", true },
		{ "--tty=t", true },      { "--tty=T", true },      { "--tty=TRUE", true },
		{ "--tty=True", true },   { "--tty=false", false }, { "--tty=0", false },
		{ "--tty=f", false },     { "--tty=F", false },     { "--tty=FALSE", false },
		{ "--tty=False", false }, { "-t", true },           { "-t=false", false },
		{ "-dt=true", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		LINE line = READ(cases[i].word);

		assert_int_equal(line.result, 0);
		assert_int_equal(line.values.tty, cases[i].expected);
	}
}

static void a_flag_does_not_take_the_next_word(void **state)
{
	LINE line = READ("--tty", "false");

	(void)state;
	assert_operands(&line, WORDS("false"));
	assert_true(line.values.tty);
}

static void a_later_flag_can_take_an_earlier_one_back(void **state)
{
	LINE line = READ("-t", "--tty=false");

	(void)state;
	assert_false(line.values.tty);
}

static void of_a_repeated_string_the_last_counts(void **state)
{
	LINE line = READ("-b", "/a", "--bundle", "/b");

	(void)state;
	assert_string_equal(line.values.bundle, "/b");
}

static void lists_collect_in_order(void **state)
{
	LINE line = READ("-e", "A=1", "--env=B", "-g", "0", "-eC=3", "-g4294967294");

	(void)state;
	assert_int_equal(line.result, 0);
	assert_int_equal(line.values.env.count, 3);
	assert_string_equal(line.values.env.items[0], "A=1");
	assert_string_equal(line.values.env.items[1], "B");
	assert_string_equal(line.values.env.items[2], "C=3");
	assert_null(line.values.env.items[3]);
	assert_int_equal(line.values.gids.count, 2);
	assert_int_equal(line.values.gids.items[0], 0);
	assert_int_equal(line.values.gids.items[1], 4294967294);
}

static void numbers_reach_to_the_largest_int(void **state)
{
	LINE line = READ("--count", "2147483647");

	(void)state;
	assert_int_equal(line.result, 0);
	assert_int_equal(line.values.count, 2147483647);
}

static void a_choice_becomes_its_value(void **state)
{
	LINE line = READ("-f", "json");

	(void)state;
	assert_int_equal(line.values.format, 2);
}

static void a_string_may_be_empty(void **state)
{
	LINE line = READ("--label=");

	(void)state;
	assert_int_equal(line.result, 0);
	assert_string_equal(line.values.label, "");
}

static void options_may_follow_operands(void **state)
{
	LINE line = READ("one", "-t", "two", "--bundle=/b", "-");

	(void)state;
	assert_operands(&line, WORDS("one", "two", "-"));
	assert_true(line.values.tty);
	assert_string_equal(line.values.bundle, "/b");
}

static void two_dashes_end_the_options(void **state)
{
	LINE line = READ("-t", "--", "-d", "--", "--bogus");

	(void)state;
	assert_operands(&line, WORDS("-d", "--", "--bogus"));
	assert_true(line.values.tty);
	assert_false(line.values.detach);
}

static void what_follows_the_first_operand_can_be_left_alone(void **state)
{
	LINE line = READ_HEAD("-t", "id", "-d", "--bogus", "--", "x");

	(void)state;
	assert_operands(&line, WORDS("id", "-d", "--bogus", "--", "x"));
	assert_true(line.values.tty);
	assert_false(line.values.detach);
}

static void an_empty_word_is_an_operand(void **state)
{
	LINE line = READ("");

	(void)state;
	assert_operands(&line, WORDS(""));
}

static void no_words_give_no_operands(void **state)
{
	static const char *const nothing[] = { NULL };
	LINE line = read_ordered(OPTIONS_ANYWHERE, nothing);

	(void)state;
	assert_operands(&line, nothing);
}

static void defaults_of_options_not_given_are_kept(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct values values = { .count = 7, .label = "kept" };
	struct option_strings operands;
	struct error *error = NULL;
	char *words[] = { (char *)"-t", NULL };

	(void)state;
	assert_int_equal(
		options_parse(options, OPTIONS_ANYWHERE, words, &values, arena, &operands, &error),
		0);
	assert_int_equal(values.count, 7);
	assert_string_equal(values.label, "kept");
}

static void help_is_known_everywhere(void **state)
{
	static const char *const spellings[][3] = {
		{ "--help" }, { "-h" },           { "-?" },
		{ "-th" },    { "id", "--help" }, { "-h", "--bogus" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		LINE line = read_ordered(OPTIONS_ANYWHERE, spellings[i]);

		assert_int_equal(line.result, 1);
		assert_null(line.error);
	}
}

static void help_behind_the_first_operand_is_not_ours(void **state)
{
	LINE line = READ_HEAD("id", "--help");

	(void)state;
	assert_operands(&line, WORDS("id", "--help"));
}

static void options_before_a_failure_are_stored(void **state)
{
	LINE line = READ("-f", "json", "--bogus");

	(void)state;
	assert_int_equal(line.result, -1);
	assert_int_equal(line.values.format, 2);
}

static void wrong_usage_is_refused_by_name_with_status_2(void **state)
{
	static const struct {
		const char *words[5];
		const char *message;
	} cases[] = {
		{ { "--bogus" }, "unknown option --bogus" },
		{ { "--bogus=1" }, "unknown option --bogus" },
		{ { "--bund" }, "unknown option --bund" },
		{ { "--bundles", "/b" }, "unknown option --bundles" },
		{ { "--=x" }, "unknown option --" },
		{ { "--hel" }, "unknown option --hel" },
		{ { "-x" }, "unknown option -x" },
		{ { "-tx" }, "unknown option -x in -tx" },
		{ { "-t\xc3\xa4x" }, "unknown option -\xc3\xa4 in -t\xc3\xa4x" },
		{ { "-bundle", "--nope" }, "unknown option --nope" },
		{ { "--bundle" }, "option --bundle needs a value (DIR)" },
		{ { "-tb" }, "option --bundle needs a value (DIR)" },
		{ { "--bundle=" }, "option --bundle: the value is empty" },
		{ { "-b", "" }, "option --bundle: the value is empty" },
		{ { "-b=" }, "option --bundle: the value is empty" },
		{ { "--tty=yes" }, "option --tty: \"yes\" is not true or false" },
		{ { "--tty=" }, "option --tty: \"\" is not true or false" },
		{ { "-f", "xml" }, "option --format: \"xml\" is none of table|json" },
		{ { "-n", "-1" }, "option --count: \"-1\" is not a number from 0 to 2147483647" },
		{ { "-n", "2147483648" },
		  "option --count: \"2147483648\" is not a number from 0 to 2147483647" },
		{ { "-n", "99999999999" },
		  "option --count: \"99999999999\" is not a number from 0 to 2147483647" },
		{ { "-n", "0x10" },
		  "option --count: \"0x10\" is not a number from 0 to 2147483647" },
		{ { "-n", "" }, "option --count: \"\" is not a number from 0 to 2147483647" },
		{ { "-n", "1", "-n", "1" }, "option --count is given twice" },
		{ { "-g", "4294967295" },
		  "option --gid: \"4294967295\" is not a number from 0 to 4294967294" },
		{ { "-g", "wheel" },
		  "option --gid: \"wheel\" is not a number from 0 to 4294967294" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		LINE line = read_ordered(OPTIONS_ANYWHERE, cases[i].words);

		assert_int_equal(line.result, -1);
		assert_string_equal(line.error->message, cases[i].message);
		assert_int_equal(line.error->status, USAGE_STATUS);
	}
}

static void a_long_command_line_fits_into_its_lists(void **state)
{
	const char *words[2001] = { NULL };

	(void)state;
	for (size_t i = 0; i < 2000; i++)
		words[i] = i % 2 ? "-eA" : "word";
	LINE line = read_ordered(OPTIONS_ANYWHERE, words);

	assert_int_equal(line.result, 0);
	assert_int_equal(line.values.env.count, 1000);
	assert_int_equal(line.operands.count, 1000);
	for (size_t i = 0; i < 1000; i++) {
		assert_string_equal(line.operands.items[i], "word");
		assert_string_equal(line.values.env.items[i], "A");
	}
}

static void help_text_has_a_line_for_each_option(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	options_describe(out, options);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "  -t, --tty                give it a terminal\n"
	                          "  -d, --detach             do not wait\n"
	                          "      --label LABEL        a label\n"
	                          "  -b, --bundle DIR         the bundle\n"
	                          "  -n, --count N            how many\n"
	                          "  -f, --format table|json  how to print\n"
	                          "  -e, --env KEY=VALUE      a variable\n"
	                          "  -g, --gid GID            a group\n"
	                          "  -h, --help               show this help\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found_in_every_spelling),
		cmocka_unit_test(an_attached_value_keeps_its_further_equals_signs),
		cmocka_unit_test(a_value_may_look_like_an_option),
		cmocka_unit_test(flags_take_the_words_of_go),
		cmocka_unit_test(a_flag_does_not_take_the_next_word),
		cmocka_unit_test(a_later_flag_can_take_an_earlier_one_back),
		cmocka_unit_test(of_a_repeated_string_the_last_counts),
		cmocka_unit_test(lists_collect_in_order),
		cmocka_unit_test(numbers_reach_to_the_largest_int),
		cmocka_unit_test(a_choice_becomes_its_value),
		cmocka_unit_test(a_string_may_be_empty),
		cmocka_unit_test(options_may_follow_operands),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(what_follows_the_first_operand_can_be_left_alone),
		cmocka_unit_test(an_empty_word_is_an_operand),
		cmocka_unit_test(no_words_give_no_operands),
		cmocka_unit_test(defaults_of_options_not_given_are_kept),
		cmocka_unit_test(help_is_known_everywhere),
		cmocka_unit_test(help_behind_the_first_operand_is_not_ours),
		cmocka_unit_test(options_before_a_failure_are_stored),
		cmocka_unit_test(wrong_usage_is_refused_by_name_with_status_2),
		cmocka_unit_test(a_long_command_line_fits_into_its_lists),
		cmocka_unit_test(help_text_has_a_line_for_each_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
