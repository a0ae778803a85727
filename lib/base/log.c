/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a line is made in memory and written with a single write(2), so that lines
 * of several processes (the runtime and the container's init before execve) do not mix.
 */
#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/timestamp.h"
#include "base/utf8.h"

static struct {
	int fd;
	enum log_format format;
	enum log_level level;
} destination = { STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

void log_setup(int fd, enum log_format format, enum log_level level)
{
	destination.fd = fd;
	destination.format = format;
	destination.level = level;
}

int log_fd(void)
{
	return destination.fd;
}

void log_redirect(int fd)
{
	destination.fd = fd;
}

bool log_enabled(enum log_level level)
{
	return level <= destination.level;
}

/* Write @text as the inside of a JSON string (RFC 8259, section 7), bad UTF-8 as U+FFFD. */
static void write_json_string(FILE *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	while (*c) {
		size_t length = utf8_length(c);

		if (length == 0)
			fputs("\\ufffd", out);
		else if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if (*c < 0x20)
			fprintf(out, "\\u%04x", *c);
		else
			fwrite(c, 1, length, out);
		c += length ? length : 1;
	}
}

static void write_plain(FILE *out, enum log_level level, const char *text)
{
	_cleanup_free_ char *plain = utf8_printable(text);

	fputs("rootlet: ", out);
	if (level != LOG_LEVEL_ERROR)
		fprintf(out, "%s: ", level_names[level]);
	fprintf(out, "%s\n", plain ? plain : "out of memory");
}

static void write_json(FILE *out, enum log_level level, const char *text)
{
	char text_of_now[TIMESTAMP_SIZE];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	timestamp_format(&now, text_of_now);
	fprintf(out, "{\"level\":\"%s\",\"msg\":\"", level_names[level]);
	write_json_string(out, text);
	fprintf(out, "\",\"time\":\"%s\"}\n", text_of_now);
}

void log_message(enum log_level level, const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *line = NULL;
	int saved = errno;
	size_t size = 0;
	va_list args;
	FILE *out;
	int n;

	if (!log_enabled(level))
		return;
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		return;
	}
	out = open_memstream(&line, &size);
	if (!out)
		return;
	if (destination.format == LOG_FORMAT_JSON)
		write_json(out, level, text);
	else
		write_plain(out, level, text);
	/* Nowhere is left to report that the log itself cannot be written. */
	if (fclose(out) == 0 && write(destination.fd, line, size) < 0)
		errno = 0;
	errno = saved;
}
