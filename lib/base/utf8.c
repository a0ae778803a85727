/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a terminal obeys C0, DEL and C1 (ECMA-48), where C1 may come as two bytes of
 * UTF-8 or as one. These are replaced, and with them every byte that is not part of a valid
 * sequence: what quotes a part of a text may have cut it within a character.
 */
#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* "\x1b" takes this many bytes, and nothing takes more. */
#define ESCAPE_SIZE 4

size_t utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		uint32_t code = text[0] & (unsigned char)~forms[i].mask;

		if ((text[0] & forms[i].mask) != forms[i].lead)
			continue;
		for (size_t j = 1; j <= i; j++) {
			if ((text[j] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[j] & 0x3f);
		}
		if (code < forms[i].least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			return 0;
		return i + 1;
	}
	return 0;
}

/* The code of what is to be replaced at @text, whose sequence has @length bytes; 0: it may stay. */
static unsigned int replaced_code(const unsigned char *text, size_t length)
{
	if (length == 0)
		return text[0];
	if (length == 1)
		return text[0] < 0x20 || text[0] == 0x7f ? text[0] : 0;
	return text[0] == 0xc2 && text[1] < 0xa0 ? text[1] : 0;
}

char *utf8_printable(const char *text)
{
	const unsigned char *from = (const unsigned char *)text;
	char *result = malloc(ESCAPE_SIZE * strlen(text) + 1), *to = result;

	if (!result)
		return NULL;
	while (*from) {
		size_t length = utf8_length(from);
		unsigned int code = replaced_code(from, length);

		length += length == 0;
		if (code == '\n')
			to = stpcpy(to, "\\n");
		else if (code)
			to += snprintf(to, ESCAPE_SIZE + 1, "\\x%02x", code);
		else
			to = mempcpy(to, from, length);
		from += length;
	}
	*to = '\0';
	return result;
}
