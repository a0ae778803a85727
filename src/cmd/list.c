/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet list: all containers of the state directory. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "command.h"
#include "table.h"

enum list_format { LIST_TABLE, LIST_JSON };

struct list_values {
	int format;
	bool quiet;
};

static const struct option_choice formats[] = {
	{ "table", LIST_TABLE },
	{ "json", LIST_JSON },
	{ NULL, 0 },
};

static const struct option_spec options[] = {
	{ "format", 'f', OPTION_CHOICE, offsetof(struct list_values, format), "table|json",
	  "how to print (default: table)", formats },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct list_values, quiet), NULL, "only the IDs" },
	{ NULL },
};

static const char *const header[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };

#define COLUMNS ARRAY_SIZE(header)

/* A damaged container has no text here; scripts that split at blanks need a word all the same. */
static const char *cell(struct arena *arena, const char *text)
{
	return table_printable(arena, text && *text ? text : "-");
}

/* Fill the cells of one row. Return: 0, or -1 when out of memory. */
static int row_make(const struct rootlet_container *container, struct arena *arena,
                    const char **cells)
{
	cells[0] = cell(arena, container->id);
	cells[1] = arena_printf(arena, "%d", (int)container->pid);
	cells[2] = cell(arena, container->status);
	cells[3] = cell(arena, container->bundle);
	cells[4] = cell(arena, container->created);
	cells[5] = cell(arena, container->owner);
	for (size_t column = 0; column < COLUMNS; column++) {
		if (!cells[column])
			return -1;
	}
	return 0;
}

static int print_table(const struct rootlet_list *list, struct arena *arena, struct error **err)
{
	size_t rows = list->count + 1;
	const char **cells = arena_alloc(arena, rows * COLUMNS * sizeof(*cells));

	if (!cells)
		return error_set(err, ENOMEM, "cannot print the list");
	memcpy(cells, header, sizeof(header));
	for (size_t i = 0; i < list->count; i++) {
		if (row_make(&list->items[i], arena, cells + (i + 1) * COLUMNS) < 0)
			return error_set(err, ENOMEM, "cannot print the list");
	}
	table_print(stdout, cells, COLUMNS, rows);
	return 0;
}

static void print_ids(const struct rootlet_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		puts(list->items[i].id);
}

static int print_json(const struct invocation *invocation, struct error **err)
{
	_cleanup_free_ char *json = NULL;
	struct rootlet_error error = { 0 };

	if (rootlet_list_json(&invocation->context, &json, &error) < 0)
		return command_failed(err, &error);
	fputs(json, stdout);
	return 0;
}

static int run(const struct invocation *invocation, struct error **err)
{
	const struct list_values *values = invocation->values;
	_cleanup_(rootlet_list_clear) struct rootlet_list list = { 0 };
	struct rootlet_error error = { 0 };

	if (values->format == LIST_JSON && !values->quiet)
		return print_json(invocation, err);
	if (rootlet_list(&invocation->context, &list, &error) < 0)
		return command_failed(err, &error);
	if (values->quiet) {
		print_ids(&list);
		return 0;
	}
	return print_table(&list, invocation->arena, err);
}

const struct command command_list = {
	.name = "list",
	.summary = "show all containers",
	.options = options,
	.values_size = sizeof(struct list_values),
	.prints = true,
	.run = run,
};
