/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"

void fuzz_fail(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_ASSERT(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

void fuzz_mute_log(void)
{
	log_setup(-1, LOG_FORMAT_JSON, LOG_LEVEL_DEBUG);
}

void fuzz_check_accepted(struct error *const *err)
{
	FUZZ_ASSERT(!*err);
}

void fuzz_check_refused(struct error **err)
{
	const unsigned char *c;

	FUZZ_ASSERT(*err && (*err)->message && *(*err)->message);
	for (c = (const unsigned char *)(*err)->message; *c; c += utf8_length(c)) {
		FUZZ_ASSERT(utf8_length(c) > 0);
		FUZZ_ASSERT(*c >= 0x20 && *c != 0x7f);
		/* U+0080 to U+009F are control characters, too. */
		FUZZ_ASSERT(c[0] != 0xc2 || c[1] >= 0xa0);
	}
	error_clear(err);
}
