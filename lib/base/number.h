/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in text: digits only, no sign, no space, nothing behind, range checked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool number_parse_u32(const char *text, uint32_t *value);
bool number_parse_u64(const char *text, uint64_t *value);
/* With a leading '-' allowed. */
bool number_parse_i64(const char *text, int64_t *value);
