/* SPDX-License-Identifier: Apache-2.0 */
#include "container/creation.h"
#include "container/interrupt.h"
#include "container/verbs.h"

int verb_create(const struct rootlet_context *context, const char *id,
                const struct rootlet_create_options *options, struct error **err)
{
	struct creation creation = CREATION_INIT;
	sigset_t old;
	int result;

	creation.context = context;
	creation.options = options;
	creation.start_socket = true;
	interrupt_block(&old);
	result = creation_begin(&creation, id, err);
	if (result == 0)
		result = creation_commit(&creation, err);
	if (result < 0)
		creation_undo(&creation);
	creation_close(&creation);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return result;
}
