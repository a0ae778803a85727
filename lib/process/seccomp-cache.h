/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled seccomp filters kept between runs ($XDG_CACHE_HOME/rootlet/seccomp). The cache only
 * saves time: whatever is wrong with it means that the filter is compiled, and is no error.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "spec/config.h"

/* All that the compiled program depends on, except the library that compiles it. */
struct seccomp_cache_key {
	char *text; /* owned */
	size_t length;
	char name[17]; /* of the file: a hash of the text */
};

/* Describe @seccomp and this machine. Return: 0, or -1 when out of memory. */
int seccomp_cache_key_make(const struct seccomp *seccomp, struct seccomp_cache_key *key);
void seccomp_cache_key_free(struct seccomp_cache_key *key);
#define _cleanup_cache_key_ _cleanup_(seccomp_cache_key_free)

/*
 * seccomp_cache_open - the directory of compiled filters, made when it is missing
 *
 * Return: its fd, or -1 when there is none that belongs to the caller alone.
 */
int seccomp_cache_open(void);

/*
 * seccomp_cache_load - a program that was stored under the same key
 * @filter:	the instructions, freed by the caller
 *
 * An entry counts only when it is ours, whole, has the very same key text, and when the library
 * that compiled it is still the same file.
 */
bool seccomp_cache_load(int cache_fd, const struct seccomp_cache_key *key,
                        struct sock_filter **filter, unsigned short *count);

/* Keep a program that the library at path @library has compiled. */
void seccomp_cache_store(int cache_fd, const struct seccomp_cache_key *key, const char *library,
                         const struct sock_filter *filter, unsigned short count);
