/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: an error is one heap object with one heap string. When even that cannot be
 * allocated, a static object stands in, so that a failure is never reported as a success.
 */
#include "base/error.h"

#include <stdarg.h>
#include <string.h>

static struct error out_of_memory = {
	.errnum = ENOMEM,
	.message = (char *)"out of memory",
};

static void message_free(struct error *error)
{
	free(error->message);
	free(error);
}

int error_set(struct error **err, int errnum, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	int saved = errno, n;
	struct error *error;
	va_list args;

	if (!err)
		return -1;

	error = calloc(1, sizeof(*error));
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		text = NULL;
	if (error && text) {
		error->errnum = errnum;
		if (errnum == 0)
			error->message = take_pointer(text);
		else if (asprintf(&error->message, "%s: %s", text, strerror(errnum)) < 0)
			error->message = NULL;
	}
	if (!error || !error->message) {
		free(error);
		error = &out_of_memory;
	}
	*err = error;
	errno = saved;
	return -1;
}

/* Replace the message by @text, which becomes the error's; NULL text leaves the old one. */
static int message_replace(struct error **err, char *text)
{
	if (!text)
		return -1;
	if (!err || !*err || *err == &out_of_memory) {
		free(text);
		return -1;
	}
	free((*err)->message);
	(*err)->message = text;
	return -1;
}

int error_prefix(struct error **err, const char *format, ...)
{
	_cleanup_free_ char *context = NULL;
	char *text = NULL;
	va_list args;
	int n;

	if (!err || !*err)
		return -1;
	va_start(args, format);
	n = vasprintf(&context, format, args);
	va_end(args);
	if (n < 0) {
		context = NULL;
		return -1;
	}
	if (asprintf(&text, "%s: %s", context, (*err)->message) < 0)
		text = NULL;
	return message_replace(err, text);
}

int error_hint(struct error **err, const char *format, ...)
{
	_cleanup_free_ char *hint = NULL;
	char *text = NULL;
	va_list args;
	int n;

	if (!err || !*err)
		return -1;
	va_start(args, format);
	n = vasprintf(&hint, format, args);
	va_end(args);
	if (n < 0) {
		hint = NULL;
		return -1;
	}
	if (asprintf(&text, "%s; %s", (*err)->message, hint) < 0)
		text = NULL;
	return message_replace(err, text);
}

int error_status(struct error **err, int status)
{
	if (err && *err && *err != &out_of_memory)
		(*err)->status = status;
	return -1;
}

int error_move(struct error **to, struct error **from)
{
	if (to)
		*to = take_pointer(*from);
	else
		error_clear(from);
	return -1;
}

void error_clear(struct error **err)
{
	if (err && *err && *err != &out_of_memory)
		message_free(*err);
	if (err)
		*err = NULL;
}
