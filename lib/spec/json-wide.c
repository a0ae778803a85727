/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: jansson keeps integers as int64_t, but limits and seccomp arguments use all
 * of uint64_t (RLIM_INFINITY is in every other config.json). Parsing such a document fails with an
 * overflow. Only then is it parsed again, from a copy in which each integer that is too wide is
 * replaced by a string of the same length: "\u0000" and the offset of the digits in the original.
 * No other string can begin with a NUL, for documents with one are refused.
 */
#include "spec/json-wide.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* Digits of an offset in a stand-in: quotes, escape and these are as long as INT64_MAX. */
#define OFFSET_DIGITS 11

bool json_wide_is_stand_in(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) > 0 &&
	       json_string_value(value)[0] == '\0';
}

/* Index behind the string that begins at @text[@i]; *@nul is set when it holds an escaped NUL. */
static size_t skip_string(const char *text, size_t i, size_t length, bool *nul)
{
	for (i++; i < length && text[i] != '"'; i++) {
		if (text[i] != '\\')
			continue;
		if (length - i >= strlen(JSON_NUL_ESCAPE) &&
		    memcmp(text + i, JSON_NUL_ESCAPE, strlen(JSON_NUL_ESCAPE)) == 0)
			*nul = true;
		i++;
	}
	return i + 1;
}

/* Whether @digits, after a possible "-" without a leading zero, are too many for an int64_t. */
static bool is_wide(const char *digits, size_t length)
{
	char buffer[32];
	int64_t value;

	/* Longer than any int64_t, unless it is no number by JSON's grammar. */
	if (length >= sizeof(buffer))
		return true;
	memcpy(buffer, digits, length);
	buffer[length] = '\0';
	return !number_parse_i64(buffer, &value);
}

/* Replace the number at @copy[@i] when it is too wide. Return: the index behind it. */
static size_t mask_number(char *copy, size_t i, size_t length)
{
	size_t end = i, first = copy[i] == '-' ? i + 1 : i;
	bool integer = true;
	char stand_in[32];
	int n;

	while (end < length && memchr("+-.0123456789Ee", copy[end], 15)) {
		if (end >= first && (copy[end] < '0' || copy[end] > '9'))
			integer = false;
		end++;
	}
	if (!integer || first == end || copy[first] == '0' || !is_wide(copy + i, end - i))
		return end;
	n = snprintf(stand_in, sizeof(stand_in), "\"%s%0*zu\"", JSON_NUL_ESCAPE, OFFSET_DIGITS, i);
	memset(copy + i, ' ', end - i);
	memcpy(copy + i, stand_in, (size_t)n);
	return end;
}

char *json_wide_mask(const char *text, size_t length, struct arena *arena, bool *nul)
{
	char *copy = arena_strndup(arena, text, length);
	size_t i = 0;

	while (copy && i < length) {
		if (copy[i] == '"')
			i = skip_string(copy, i, length, nul);
		else if (copy[i] == '-' || (copy[i] >= '0' && copy[i] <= '9'))
			i = mask_number(copy, i, length);
		else
			i++;
	}
	return copy;
}

char *json_wide_digits(const char *text, size_t length, struct arena *arena, const json_t *value)
{
	size_t first = strtoul(json_string_value(value) + 1, NULL, 10), end = first;

	while (end < length && memchr("-0123456789", text[end], 11))
		end++;
	return arena_strndup(arena, text + first, end - first);
}
