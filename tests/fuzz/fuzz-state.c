/* SPDX-License-Identifier: Apache-2.0 */
/* state.json: decoded, encoded, decoded again, and shown as users, hooks and engines see it. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check.h"
#include "equal.h"
#include "spec/state.h"
#include "spec/tables.h"

static void check_round_trip(const struct state *state, struct arena *arena)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_free_ char *text = state_format(state, &err);
	struct state again;

	FUZZ_ASSERT(text);
	FUZZ_ASSERT(state_parse(text, strlen(text), arena, &again, &err) == 0);
	fuzz_check_accepted(&err);
	FUZZ_ASSERT(table_equal(&state_table, state, &again));
}

/* A hook that reads its stdin by lines gets the whole document. */
static void check_line(const char *text)
{
	FUZZ_ASSERT(text);
	FUZZ_ASSERT(strchr(text, '\n') == text + strlen(text) - 1);
}

static void check_views(const struct state *state, enum container_status status)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_free_ char *shown = state_format_oci(state, status, &err);
	_cleanup_free_ char *hook = state_format_hook(state, status, &err);
	_cleanup_free_ char *list = state_format_list(state, &status, 1, &err);

	FUZZ_ASSERT(shown && shown[strlen(shown) - 1] == '\n');
	check_line(hook);
	check_line(list);
	fuzz_check_accepted(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_error_ struct error *err = NULL;
	struct state state;

	FUZZ_ASSERT(arena);
	fuzz_mute_log();
	if (state_parse((const char *)data, size, arena, &state, &err) < 0) {
		fuzz_check_refused(&err);
		return 0;
	}
	fuzz_check_accepted(&err);
	FUZZ_ASSERT(state.pid >= 0 && *state.id);
	check_round_trip(&state, arena);
	for (int status = STATUS_CREATING; status <= STATUS_STOPPED; status++)
		check_views(&state, (enum container_status)status);
	return 0;
}
