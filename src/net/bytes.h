/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in network order, and the checksum of the internet (RFC 1071). */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint16_t read_u16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

static inline uint32_t read_u32(const uint8_t *from)
{
	return (uint32_t)read_u16(from) << 16 | read_u16(from + 2);
}

static inline void write_u16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline void write_u32(uint8_t *to, uint32_t value)
{
	write_u16(to, (uint16_t)(value >> 16));
	write_u16(to + 2, (uint16_t)value);
}

/* @length is at most that of a frame, so that nothing overflows. */
static inline uint32_t sum_bytes(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += read_u16(bytes + i);
	return length & 1 ? sum + (uint32_t)(bytes[length - 1] << 8) : sum;
}

static inline uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}
