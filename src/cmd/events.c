/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet events: what a container uses, and when memory runs out in it, as lines of JSON. */
#include <stdio.h>

#include "base/number.h"
#include "command.h"

#define DEFAULT_INTERVAL "5s"

struct events_values {
	const char *interval;
	bool stats;
};

#define AT(member) offsetof(struct events_values, member)

static const struct option_spec options[] = {
	{ "interval", 0, OPTION_PATH, AT(interval), "DURATION",
	  "time between statistics, such as 500ms or 1m30s (default: " DEFAULT_INTERVAL ")" },
	{ "stats", 0, OPTION_FLAG, AT(stats), NULL, "print statistics once" },
	{ NULL },
};

#undef AT

/* Whoever reads wants each line when it is there. */
static int print_line(const char *line, void *data)
{
	(void)data;
	return fputs(line, stdout) == EOF || fflush(stdout) == EOF ? -1 : 0;
}

static int run(const struct invocation *invocation, struct error **err)
{
	const struct events_values *values = invocation->values;
	const char *interval = values->interval ? values->interval : DEFAULT_INTERVAL;
	struct rootlet_events_options events = { .once = values->stats };
	struct rootlet_error error = { 0 };

	if (!number_parse_duration(interval, &events.interval) || events.interval == 0)
		return command_misused(err,
		                       "option --interval: \"%s\" is not a duration such as 500ms, "
		                       "5s or 1m30s",
		                       interval);
	if (rootlet_events(&invocation->context, invocation->operands.items[0], &events, print_line,
	                   NULL, &error) < 0)
		return command_failed(err, &error);
	return 0;
}

const struct command command_events = {
	.name = "events",
	.summary = "show what a container uses, as lines of JSON",
	.operands = "ID",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.values_size = sizeof(struct events_values),
	.prints = true,
	.run = run,
};
