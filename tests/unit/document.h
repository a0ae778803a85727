/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of what is made of a config.json. Documents are written with ' for ", which keeps them
 * readable in C.
 */
#pragma once

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "spec/config.h"

#define CONFIG(rest)    "{ 'ociVersion': '1.3.0', 'root': { 'path': 'rootfs' }" rest "}"
#define PROCESS(rest)   CONFIG(", 'process': { 'cwd': '/', 'args': ['sh']" rest "}")
#define LINUX(rest)     CONFIG(", 'linux': {" rest "}")
#define RESOURCES(rest) LINUX("'resources': {" rest "}")
#define SECCOMP(rest)   LINUX("'seccomp': { 'defaultAction': 'SCMP_ACT_ALLOW'" rest "}")
#define RULE(rest)      SECCOMP(", 'listenerPath': '/run/l', 'syscalls': [{" rest "}]")

/* A document that is refused, and what the message says. */
struct bad {
	const char *document, *message;
};

static inline char *requote(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *c = copy; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	return copy;
}

static inline struct config *parse(const char *document)
{
	_cleanup_free_ char *text = requote(document);
	_cleanup_error_ struct error *err = NULL;
	struct config *config = NULL;

	if (config_parse(text, strlen(text), "config.json", &config, &err) < 0)
		fail_msg("%s\nrefused: %s", text, err->message);
	return config;
}

static inline void assert_accepted(const char *document)
{
	_cleanup_config_ struct config *config = parse(document);

	assert_non_null(config);
}

static inline void assert_message(const char *text, const struct error *err, const char *message)
{
	if (strncmp(err->message, "config.json:", 12) != 0)
		fail_msg("no origin in: %s", err->message);
	if (!strstr(err->message, message))
		fail_msg("%s\nmessage: %s\nexpected: %s", text, err->message, message);
	if (strchr(err->message, '\n'))
		fail_msg("more than a line: %s", err->message);
}

static inline void assert_text_refused(const char *text, size_t length, const char *message)
{
	_cleanup_error_ struct error *err = NULL;
	struct config *config = NULL;

	if (config_parse(text, length, "config.json", &config, &err) == 0)
		fail_msg("accepted: %s", text);
	assert_null(config);
	assert_non_null(err);
	assert_message(text, err, message);
}

static inline void assert_refused(const char *document, const char *message)
{
	_cleanup_free_ char *text = requote(document);

	assert_text_refused(text, strlen(text), message);
}

static inline void assert_all_refused(const struct bad *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_refused(list[i].document, list[i].message);
}

#define ASSERT_ALL_REFUSED(list) assert_all_refused(list, ARRAY_SIZE(list))

static inline void assert_all_accepted(const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_accepted(list[i]);
}

#define ASSERT_ALL_ACCEPTED(list) assert_all_accepted(list, ARRAY_SIZE(list))
