/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: indices wrap around by the mask of a size that is a power of two. */
#include "net/ring.h"

#include <stdlib.h>
#include <string.h>

int ring_reserve(struct ring *ring, uint32_t count)
{
	const uint32_t wanted = ring->length + count;
	struct iovec parts[2];
	uint32_t size = ring->size ? ring->size : RING_SIZE_MIN, at = 0;
	uint8_t *data;

	if (wanted <= ring->size)
		return 0;
	while (size < wanted)
		size *= 2;
	data = malloc(size);
	if (!data)
		return -1;
	for (int i = 0, n = ring_parts(ring, 0, ring->length, parts); i < n; i++) {
		memcpy(data + at, parts[i].iov_base, parts[i].iov_len);
		at += (uint32_t)parts[i].iov_len;
	}
	free(ring->data);
	*ring = (struct ring){ .data = data, .size = size, .length = ring->length };
	return 0;
}

int ring_parts(const struct ring *ring, uint32_t offset, uint32_t count, struct iovec parts[2])
{
	uint32_t at, first;

	if (count == 0)
		return 0;
	at = (ring->start + offset) & (ring->size - 1);
	first = ring->size - at;
	if (first > count)
		first = count;
	parts[0] = (struct iovec){ ring->data + at, first };
	parts[1] = (struct iovec){ ring->data, count - first };
	return count > first ? 2 : 1;
}

int ring_free_parts(const struct ring *ring, uint32_t count, struct iovec parts[2])
{
	return ring_parts(ring, ring->length, count, parts);
}

void ring_append(struct ring *ring, const void *bytes, uint32_t count)
{
	const uint8_t *from = bytes;
	struct iovec parts[2];

	for (int i = 0, n = ring_free_parts(ring, count, parts); i < n; i++) {
		memcpy(parts[i].iov_base, from, parts[i].iov_len);
		from += parts[i].iov_len;
	}
	ring->length += count;
}

void ring_drop(struct ring *ring, uint32_t count)
{
	ring->length -= count;
	ring->start = ring->length == 0 ? 0 : (ring->start + count) & (ring->size - 1);
}

void ring_free(struct ring *ring)
{
	free(ring->data);
	*ring = (struct ring){ 0 };
}
