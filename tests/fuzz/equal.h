/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two structs that were decoded from JSON say the same. */
#pragma once

#include <stdbool.h>

#include "spec/json.h"

/* Compare the structs @one and @two, of the kind that @table describes. */
bool table_equal(const struct json_table *table, const void *one, const void *two);
