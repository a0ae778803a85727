/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, and what may be shown of text whose author is somebody else. */
#pragma once

#include <stddef.h>

/* Length of the UTF-8 sequence (RFC 3629) at @text, 0 when there is none. */
size_t utf8_length(const unsigned char *text);

/*
 * utf8_printable - a copy of @text in one line of UTF-8 without control characters ("\n", "\x1b")
 *
 * Names from config.json and words of helpers are in messages, and must neither make up lines of
 * their own nor command the user's terminal.
 *
 * Return: NULL when out of memory; the caller frees it.
 */
char *utf8_printable(const char *text);
