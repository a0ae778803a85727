/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for the user that are not the result of the command: warnings, and with --debug what
 * is being done. One line each, as text or as the JSON objects that engines parse
 * ({"level","msg","time"}). The destination is the library's only global state.
 */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/*
 * log_setup - where messages go from now on
 * @fd:		file descriptor, opened O_APPEND; borrowed, not closed
 * @format:	text or JSON
 * @level:	the least important level that is still written
 */
void log_setup(int fd, enum log_format format, enum log_level level);

/* The fd that messages go to. */
int log_fd(void);
/* The same settings with another fd; -1: messages are dropped. */
void log_redirect(int fd);

bool log_enabled(enum log_level level);

void log_message(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)   log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                             \
	do {                                                       \
		if (log_enabled(LOG_LEVEL_DEBUG))                  \
			log_message(LOG_LEVEL_DEBUG, __VA_ARGS__); \
	} while (0)
