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

/*
 * number_parse_size - bytes as Docker and runc take them: "512", "512k", "1.5G", "64 MiB"
 *
 * The units are powers of 1024, in either case, to p.
 */
bool number_parse_size(const char *text, int64_t *bytes);

/* number_parse_duration - as Go writes it: "5s", "1m30s", "1.5h", "250ms"; the units go down to ns */
bool number_parse_duration(const char *text, uint64_t *nanoseconds);
