/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns on a terminal, as `list` prints them. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"

/*
 * table_printable - @text as it may go to a terminal
 *
 * Control characters and bytes that are not UTF-8 become '?', each one: a bundle's path is chosen
 * by somebody else, and an escape sequence in it would be obeyed. In @arena; NULL when out of
 * memory.
 */
char *table_printable(struct arena *arena, const char *text);

/*
 * table_print - @rows rows of @columns cells (1 to TABLE_COLUMNS_MAX), row after row
 *
 * A column is as wide as its longest cell and three spaces, at least 12 characters; the last one
 * is not padded. Scripts cut runc's `list` at these places.
 */
#define TABLE_COLUMNS_MAX 16
void table_print(FILE *out, const char *const *cells, size_t columns, size_t rows);
