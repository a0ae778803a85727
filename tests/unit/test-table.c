/* SPDX-License-Identifier: Apache-2.0 */
/* src/table.c: columns for the terminal, and what may not reach it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "table.h"

static void assert_printed(const char *const *cells, size_t columns, size_t rows,
                           const char *expected)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	table_print(out, cells, columns, rows);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
}

static void short_cells_make_columns_of_twelve(void **state)
{
	static const char *const cells[] = { "ID", "PID", "OWNER", "a", "0", "me" };

	(void)state;
	assert_printed(cells, 3, 2,
	               "ID          PID         OWNER\n"
	               "a           0           me\n");
}

static void a_long_cell_widens_its_column_by_three(void **state)
{
	static const char *const cells[] = { "ID", "OWNER", "123456789", "a", "1234567890", "b" };

	(void)state;
	assert_printed(cells, 2, 3,
	               "ID           OWNER\n"
	               "123456789    a\n"
	               "1234567890   b\n");
}

static void width_is_counted_in_characters(void **state)
{
	static const char *const cells[] = { "äöüäöüäöü", "x", "a", "y" };

	(void)state;
	assert_printed(cells, 2, 2,
	               "äöüäöüäöü   x\n"
	               "a           y\n");
}

static void the_last_column_is_not_padded(void **state)
{
	static const char *const cells[] = { "a", "b" };

	(void)state;
	assert_printed(cells, 1, 2, "a\nb\n");
}

static void text_that_a_terminal_only_shows_is_kept(void **state)
{
	static const char *const texts[] = {
		"",       "/home/me/bundle",  "a b~",     "é",
		"日本語", "\xf0\x9f\x93\xa6", "\xc2\xa0", "\xf4\x8f\xbf\xbf",
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_string_equal(table_printable(arena, texts[i]), texts[i]);
}

static void what_a_terminal_could_obey_becomes_a_question_mark(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "\x1b[31mred", "?[31mred" },
		{ "a\nb\tc\r", "a?b?c?" },
		{ "\x7f", "?" },
		{ "\xc2\x9bm", "??m" },         /* CSI as a character */
		{ "\x9bm", "?m" },              /* CSI as a byte */
		{ "\xc0\x9b", "??" },           /* overlong */
		{ "\xe0\x80\x9b", "???" },      /* overlong */
		{ "\xe0\x81\x81", "???" },      /* overlong */
		{ "\xf0\x80\x80\x9b", "????" }, /* overlong */
		{ "\xed\xa0\x80", "???" },      /* half of a surrogate pair */
		{ "\xf4\x90\x80\x80", "????" }, /* beyond Unicode */
		{ "\xfc\x80\x80\x80", "????" }, /* no first byte at all */
		{ "\xff/", "?/" },
		{ "\xc3", "?" }, /* cut off */
		{ "\xe6\x97", "??" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(table_printable(arena, cases[i].text), cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_cells_make_columns_of_twelve),
		cmocka_unit_test(a_long_cell_widens_its_column_by_three),
		cmocka_unit_test(width_is_counted_in_characters),
		cmocka_unit_test(the_last_column_is_not_padded),
		cmocka_unit_test(text_that_a_terminal_only_shows_is_kept),
		cmocka_unit_test(what_a_terminal_could_obey_becomes_a_question_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
