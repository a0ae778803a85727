/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as text (RFC 3339), in UTC. */
#pragma once

#include <time.h>

#define TIMESTAMP_SIZE 80

/*
 * timestamp_format - "2026-11-24T13:17:52.091755831Z"
 *
 * For times from 1970 to 9999.
 */
void timestamp_format(const struct timespec *time, char text[TIMESTAMP_SIZE]);
