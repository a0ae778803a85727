/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: an error is one heap object with one heap string. When even that cannot be
 * allocated, a static object stands in, so that a failure is never reported as a success. What
 * goes into the string may be quoted from anywhere, so it is made printable here and not by each
 * of those who quote.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static struct error out_of_memory = {
	.errnum = ENOMEM,
	.message = (char *)"out of memory",
};

static void message_free(struct error *error)
{
	free(error->message);
	free(error);
}

/* The text as one printable line; NULL when out of memory. */
__attribute__((format(printf, 1, 0))) static char *make_line(const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return NULL;
	}
	return utf8_printable(text);
}

int error_set(struct error **err, int errnum, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	int saved = errno;
	struct error *error;
	va_list args;

	if (!err)
		return -1;

	error = calloc(1, sizeof(*error));
	va_start(args, format);
	text = make_line(format, args);
	va_end(args);
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

/* Put more before or behind the message. Without memory the old message stays, which is no lie. */
__attribute__((format(printf, 3, 0))) static int extend(struct error **err, bool before,
                                                        const char *format, va_list args)
{
	_cleanup_free_ char *more = NULL;
	int saved = errno, n;
	char *text;

	if (!err || !*err || *err == &out_of_memory)
		return -1;
	more = make_line(format, args);
	if (!more) {
		errno = saved;
		return -1;
	}
	n = before ? asprintf(&text, "%s: %s", more, (*err)->message)
	           : asprintf(&text, "%s; %s", (*err)->message, more);
	if (n >= 0) {
		free((*err)->message);
		(*err)->message = text;
	}
	errno = saved;
	return -1;
}

int error_prefix(struct error **err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	extend(err, true, format, args);
	va_end(args);
	return -1;
}

int error_hint(struct error **err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	extend(err, false, format, args);
	va_end(args);
	return -1;
}

int error_cause(struct error **err, int errnum)
{
	if (err && *err && *err != &out_of_memory)
		(*err)->errnum = errnum;
	return -1;
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
