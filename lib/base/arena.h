/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is made piece by piece and given back in one go. What is decoded from one JSON
 * document lives in one arena, so that nothing in it has an owner of its own.
 */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

struct arena;

/* A new empty arena, NULL when out of memory. Release with arena_free(). */
struct arena *arena_new(void);
void arena_free(struct arena **arena);

/* @size zeroed bytes, aligned for any type; NULL when out of memory. Valid until arena_free(). */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of @text (of its first @length bytes), NUL-terminated; NULL when out of memory. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);

char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define _cleanup_arena_ _cleanup_(arena_free)
