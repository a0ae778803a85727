/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What config.json says to systemd: each input is a cgroupsPath, an annotation's name and value, and
 * a line "FILE VALUE" of a cgroup.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check.h"
#include "cgroup/systemd.h"

static bool is_unit_name(const char *name)
{
	return *name && *name != '.' && strlen(name) <= 255 &&
	       strspn(name,
	              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\") ==
	               strlen(name);
}

static void try_path(const char *text, struct arena *arena)
{
	_cleanup_error_ struct error *err = NULL;
	struct scope scope = { 0 };

	if (scope_plan(text, "c1", true, arena, &scope, &err) < 0) {
		fuzz_check_refused(&err);
		return;
	}
	fuzz_check_accepted(&err);
	FUZZ_ASSERT(is_unit_name(scope.unit));
	FUZZ_ASSERT(!scope.slice || is_unit_name(scope.slice));
	FUZZ_ASSERT(!*text || scope_is_path(text));
}

static void try_annotation(const char *name, const char *value, struct arena *arena)
{
	struct key_value item = {
		.key = arena_printf(arena, "org.systemd.property.%s", name),
		.value = arena_strdup(arena, value),
	};
	const struct string_map annotations = { .items = &item, .count = 1 };
	struct unit_properties properties = { 0 };
	_cleanup_error_ struct error *err = NULL;

	if (unit_properties_add_annotations(&annotations, arena, &properties, &err) < 0) {
		fuzz_check_refused(&err);
		return;
	}
	fuzz_check_accepted(&err);
	FUZZ_ASSERT(properties.count == 1);
	FUZZ_ASSERT(properties.items[0].type != PROPERTY_STRING || properties.items[0].text);
}

static void try_setting(const char *file, const char *value, struct arena *arena)
{
	struct cgroup_setting item = { .file = file, .value = value };
	const struct cgroup_settings settings = { .items = &item, .count = 1 };
	struct unit_properties properties = { 0 };
	_cleanup_error_ struct error *err = NULL;

	FUZZ_ASSERT(unit_properties_add_settings(&settings, arena, &properties, &err) == 0);
	fuzz_check_accepted(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *text = fuzz_text(data, size);
	char *value;

	FUZZ_ASSERT(arena);
	try_path(text, arena);
	try_annotation("TimeoutStopSec", text, arena);
	value = strchr(text, ' ');
	if (!value)
		return 0;
	*value++ = '\0';
	try_annotation(text, value, arena);
	try_setting(text, value, arena);
	return 0;
}
