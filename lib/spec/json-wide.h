/* SPDX-License-Identifier: Apache-2.0 */
/* Integers beyond int64_t in JSON, which jansson does not know (private to spec/). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* The NUL character as JSON writes it. */
#define JSON_NUL_ESCAPE "\\u0000"

/*
 * json_wide_mask - a copy of a document in which a stand-in is in the place of each wide integer
 * @nul:	set when a string of the document holds a NUL, so that it could pass for a stand-in
 *
 * Lines and columns stay as they are. Return: NULL when out of memory.
 */
char *json_wide_mask(const char *text, size_t length, struct arena *arena, bool *nul);

bool json_wide_is_stand_in(const json_t *value);

/* The digits in the original that stand-in @value stands for; NULL when out of memory. */
char *json_wide_digits(const char *text, size_t length, struct arena *arena, const json_t *value);
