/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: none; strtoull() would take signs, spaces and 0x, which we refuse. */
#include "base/number.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

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

/* --- with units --- */

#define FRACTION_DIGITS 9

/* What is behind the digits, with or without a fraction, that @text begins with; NULL: no digits. */
static const char *skip_decimal(const char *text)
{
	size_t whole = strspn(text, "0123456789"), fraction;

	if (text[whole] != '.')
		return whole > 0 ? text + whole : NULL;
	fraction = strspn(text + whole + 1, "0123456789");
	return whole > 0 && fraction > 0 ? text + whole + 1 + fraction : NULL;
}

/* The number that @digits begins with, times @unit; false when it is too large. */
static bool scale(const char *digits, uint64_t unit, uint64_t *value)
{
	uint64_t whole = 0, fraction = 0, divisor = 1;

	for (; *digits >= '0' && *digits <= '9'; digits++) {
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*digits - '0'), &whole))
			return false;
	}
	if (*digits++ == '.') {
		for (int i = 0; i < FRACTION_DIGITS && *digits >= '0' && *digits <= '9'; i++) {
			fraction = fraction * 10 + (uint64_t)(*digits++ - '0');
			divisor *= 10;
		}
	}
	/* Units are at most 2^50, and fractions below 10^9: in two steps, to stay within 64 bits. */
	fraction = unit / divisor * fraction + unit % divisor * fraction / divisor;
	return !__builtin_mul_overflow(whole, unit, value) &&
	       !__builtin_add_overflow(*value, fraction, value);
}

bool number_parse_size(const char *text, int64_t *bytes)
{
	static const char units[] = "kmgtp";
	const char *unit = skip_decimal(text), *letter;
	uint64_t worth = 1, value;

	if (!unit)
		return false;
	unit += *unit == ' ';
	letter = *unit ? strchr(units, tolower((unsigned char)*unit)) : NULL;
	if (letter) {
		worth <<= 10 * (letter - units + 1);
		unit++;
		/* "KiB" is "K"; "iB" is nothing. */
		if (strcasecmp(unit, "ib") == 0)
			unit++;
	}
	if (*unit && strcasecmp(unit, "b") != 0)
		return false;
	if (!scale(text, worth, &value) || value > INT64_MAX)
		return false;
	*bytes = (int64_t)value;
	return true;
}

static const struct {
	const char *name;
	uint64_t nanoseconds;
} duration_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", UINT64_C(60) * 1000000000 },
	{ "h", UINT64_C(3600) * 1000000000 },
};

/* What the unit at *@text, of @length bytes, is worth; 0: there is none such. */
static uint64_t duration_unit(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(duration_units); i++) {
		if (strlen(duration_units[i].name) == length &&
		    memcmp(duration_units[i].name, text, length) == 0)
			return duration_units[i].nanoseconds;
	}
	return 0;
}

bool number_parse_duration(const char *text, uint64_t *nanoseconds)
{
	uint64_t result = 0;

	if (!*text)
		return false;
	while (*text) {
		const char *unit = skip_decimal(text);
		size_t length = unit ? strspn(unit, "hmnsu") : 0;
		uint64_t worth = length ? duration_unit(unit, length) : 0, part;

		if (worth == 0 || !scale(text, worth, &part) ||
		    __builtin_add_overflow(result, part, &result))
			return false;
		text = unit + length;
	}
	*nanoseconds = result;
	return true;
}
