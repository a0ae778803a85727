/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: none; strtoull() would take signs, spaces and 0x, which we refuse. */
#include "base/number.h"

bool number_parse_u64(const char *text, uint64_t *value)
{
	uint64_t result = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(result, 10, &result) ||
		    __builtin_add_overflow(result, (uint64_t)(*text - '0'), &result))
			return false;
	}
	*value = result;
	return true;
}

bool number_parse_u32(const char *text, uint32_t *value)
{
	uint64_t wide;

	if (!number_parse_u64(text, &wide) || wide > UINT32_MAX)
		return false;
	*value = (uint32_t)wide;
	return true;
}

bool number_parse_i64(const char *text, int64_t *value)
{
	bool negative = *text == '-';
	uint64_t wide;

	if (!number_parse_u64(negative ? text + 1 : text, &wide))
		return false;
	if (wide > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	*value = negative ? (int64_t)-wide : (int64_t)wide;
	return true;
}
