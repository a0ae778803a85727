/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors travel as values. A function that can fail takes a `struct error **` as its last
 * parameter, returns -1 (or NULL) and makes the message once, at the place that knows most.
 * Callers add context and pass it on; only src/ prints.
 */
#pragma once

#include "base/cleanup.h"

struct error {
	int errnum;    /* errno value of the cause, 0 when there is none */
	int status;    /* exit status asked for (125, 126, 127, 2), 0: the command's own */
	char *message; /* one line of UTF-8 without control characters */
};

/*
 * error_set - make an error
 * @err:	where it goes; NULL if the caller does not want to know. Must hold no error yet.
 * @errnum:	errno value whose words end the message, 0 for none
 *
 * Return: -1 always, so that it can stand in a return statement. errno is left as it was.
 */
int error_set(struct error **err, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "context: " before the message. Returns -1. */
int error_prefix(struct error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add "; what to do" after the message: one sentence of remedy. Returns -1. */
int error_hint(struct error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Set the errno value of the cause, without its words in the message. Returns -1. */
int error_cause(struct error **err, int errnum);

/* Set the exit status that the program shall end with. Returns -1. */
int error_status(struct error **err, int status);

/* Hand the error in *from to @to (dropped when @to is NULL). Returns -1. */
int error_move(struct error **to, struct error **from);

/* Forget the error in *err, if there is one. */
void error_clear(struct error **err);

#define _cleanup_error_ _cleanup_(error_clear)
