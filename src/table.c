/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: UTF-8 is read here by hand (RFC 3629), because mbrtowc(3) depends on the
 * locale, and what a terminal obeys does not. Width is counted in code points, as runc counts it.
 */
#include "table.h"

#include <stdint.h>
#include <string.h>

#define WIDTH_MIN 12
#define PADDING   3

/* Bytes that a sequence with first byte @first has, 0 when none begins so. */
static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if ((first & 0xe0) == 0xc0)
		return 2;
	if ((first & 0xf0) == 0xe0)
		return 3;
	return (first & 0xf8) == 0xf0 ? 4 : 0;
}

/* Length of the printable character at @text, 0 when there is none. */
static size_t printable_length(const unsigned char *text)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = sequence_length(text[0]);
	uint32_t point;

	if (length == 0)
		return 0;
	point = length == 1 ? text[0] : text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	/* Overlong, beyond Unicode, half of a surrogate pair. */
	if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	/* C0, DEL and C1: a terminal may take U+009B for the begin of a sequence. */
	if (point < 0x20 || (point >= 0x7f && point < 0xa0))
		return 0;
	return length;
}

char *table_printable(struct arena *arena, const char *text)
{
	char *result = arena_strdup(arena, text);
	char *next = result;

	while (next && *next) {
		size_t length = printable_length((const unsigned char *)next);

		if (length == 0)
			*next = '?';
		next += length > 0 ? length : 1;
	}
	return result;
}

static size_t cell_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static size_t column_width(const char *const *cells, size_t columns, size_t rows, size_t column)
{
	size_t width = WIDTH_MIN;

	for (size_t row = 0; row < rows; row++) {
		size_t needed = cell_width(cells[row * columns + column]) + PADDING;

		if (needed > width)
			width = needed;
	}
	return width;
}

void table_print(FILE *out, const char *const *cells, size_t columns, size_t rows)
{
	size_t widths[TABLE_COLUMNS_MAX];

	for (size_t column = 0; column + 1 < columns; column++)
		widths[column] = column_width(cells, columns, rows, column);

	for (size_t row = 0; row < rows; row++) {
		const char *const *cell = cells + row * columns;

		for (size_t column = 0; column + 1 < columns; column++) {
			int padding = (int)(widths[column] - cell_width(cell[column]));

			fprintf(out, "%s%*s", cell[column], padding, "");
		}
		fprintf(out, "%s\n", cell[columns - 1]);
	}
}
