/* SPDX-License-Identifier: Apache-2.0 */
/* A queue of bytes that grows up to a limit, read and written in at most two parts. */
#pragma once

#include <stdint.h>
#include <sys/uio.h>

#define RING_SIZE_MIN 4096u /* of one that has anything */

struct ring {
	uint8_t *data;
	uint32_t size; /* of @data: 0 or a power of two */
	uint32_t start, length;
};

/* Make room for @count more bytes. Return: 0, or -1 with errno. */
int ring_reserve(struct ring *ring, uint32_t count);

/* The parts that hold @count bytes from @offset. Return: how many, 0 to 2. */
int ring_parts(const struct ring *ring, uint32_t offset, uint32_t count, struct iovec parts[2]);

/* The free parts of @count bytes behind the last one, which were reserved. */
int ring_free_parts(const struct ring *ring, uint32_t count, struct iovec parts[2]);

/* Put @count bytes at the end, which were reserved. */
void ring_append(struct ring *ring, const void *bytes, uint32_t count);

/* Forget the first @count bytes. */
void ring_drop(struct ring *ring, uint32_t count);

/* Give the memory back. */
void ring_free(struct ring *ring);
