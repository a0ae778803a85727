/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of whole documents: private to spec/, and to the fuzzers, which compare by them. */
#pragma once

#include "spec/json.h"

extern const struct json_table config_table;    /* struct config */
extern const struct json_table mounts_table;    /* struct config, its mounts alone */
extern const struct json_table process_table;   /* struct process */
extern const struct json_table resources_table; /* struct resources */
extern const struct json_table state_table;     /* struct state */
