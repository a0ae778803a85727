/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets have in common. A target is one function, which is given any bytes and
 * ends the process when the code under test breaks a promise; standalone.c or libFuzzer calls it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The target. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ASSERT(condition)                                     \
	do {                                                       \
		if (!(condition))                                  \
			fuzz_fail(__FILE__, __LINE__, #condition); \
	} while (0)

/* Say what did not hold, and abort. */
void fuzz_fail(const char *file, int line, const char *condition) __attribute__((noreturn));

/* @data as a C string; what is behind a NUL is lost. The caller frees it. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Log messages are made, for their making may fail too, and go nowhere. */
void fuzz_mute_log(void);

/* A call that succeeded has left no error. */
void fuzz_check_accepted(struct error *const *err);

/* A call that failed has left an error of one line, in UTF-8 and printable. Clears it. */
void fuzz_check_refused(struct error **err);
