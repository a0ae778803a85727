/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a service manager (systemd), the user's or the system's: calls of its Manager
 * interface (org.freedesktop.systemd1(5)), and its jobs. Every wait has a bound.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cgroup/sd-bus.h"

/*
 * A bus that does not take us in within so many milliseconds is dead. An answer of systemd, and then
 * the end of the job that it has started, may take longer: it does one thing after the other, and
 * with a hundred containers at once on a slow machine the last one waits for half a minute.
 */
#define BUS_CONNECT_TIMEOUT_MS 30000
#define BUS_TIMEOUT_MS         90000

struct bus {
	struct sd_bus_library library;
	sd_bus *connection;
	bool user;
	int timeout_ms;         /* for an answer, and for a job */
	int interrupt_fd;       /* readable: give up; -1: none */
	int limit_ms;           /* of the present wait … */
	int64_t deadline;       /* … and when that is, in milliseconds of CLOCK_MONOTONIC */
	sd_bus_message *answer; /* to the last call, an error perhaps */
	char *object;           /* the object path in that answer: of a job, of a unit */
	char *job_result;       /* of that job: "done", "failed", …; NULL: not yet */
};

/* Is there a socket of that service manager? Cheap: nothing is loaded, nobody is asked. */
bool bus_available(bool user);

/* The error that there is none: where it should be, and how to get it. Returns -1. */
int bus_explain_absence(bool user, struct error **err);

/*
 * bus_connect - load libsystemd and connect, authentication included
 * @user:		the user's service manager, else the system's
 * @timeout_ms:	for each answer and each job; for the connection BUS_CONNECT_TIMEOUT_MS, if less
 * @interrupt_fd:	a signalfd that ends every wait on this connection; -1: none
 *
 * Return: 0, or -1 with *err that says what is missing and how to get it. Release with bus_close().
 */
int bus_connect(bool user, int timeout_ms, int interrupt_fd, struct bus **bus, struct error **err);
void bus_close(struct bus **bus);

/* A new call of the Manager's method @member; the caller appends its arguments and sends it. */
int bus_message(struct bus *bus, const char *member, sd_bus_message **message, struct error **err);

/* Send @message when @n, the result of building it, is no error; it is released in any case. */
int bus_message_end(struct bus *bus, sd_bus_message **message, int n, struct error **err);

/* Send @message; it is released in any case. The answer is waited for by bus_answer(). */
int bus_send(struct bus *bus, sd_bus_message **message, struct error **err);

/*
 * bus_answer - the answer to what was sent
 * @name:	set to the D-Bus name of the error, "" for others; NULL: not wanted. Lives until the
 *		next call
 */
int bus_answer(struct bus *bus, const char **name, struct error **err);

/*
 * bus_unit_text - a property of @unit that is a string
 * @name:	as of bus_answer()
 *
 * Return: the text, freed by the caller; NULL with *err.
 */
char *bus_unit_text(struct bus *bus, const char *unit, const char *property, const char **name,
                    struct error **err);

/* Wait for the end of the job that the last answer names; other results than "done" are an error. */
int bus_job(struct bus *bus, const char *what, struct error **err);

#define _cleanup_bus_ _cleanup_(bus_close)
