/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet features: what this build supports, as JSON. */
#include <stdio.h>

#include "base/cleanup.h"
#include "command.h"

static int run(const struct invocation *invocation, struct error **err)
{
	_cleanup_free_ char *json = NULL;
	struct rootlet_error error = { 0 };

	(void)invocation;
	if (rootlet_features(&json, &error) < 0)
		return command_failed(err, &error);
	fputs(json, stdout);
	return 0;
}

const struct command command_features = {
	.name = "features",
	.summary = "show what this rootlet supports, as JSON",
	.options = no_options,
	.prints = true,
	.run = run,
};
