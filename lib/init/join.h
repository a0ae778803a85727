/* SPDX-License-Identifier: Apache-2.0 */
/* Joining namespaces that exist already (setns(2)). */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "spec/config.h"

/* Namespaces to join, by type; -1: none. */
struct join_set {
	int fds[NAMESPACE_COUNT];
};

#define JOIN_SET_INIT                                  \
	{                                              \
		{                                      \
			-1, -1, -1, -1, -1, -1, -1, -1 \
		}                                      \
	}

/*
 * join_open - open the namespaces that @config names by path
 *
 * Each is checked to be a namespace of the type that config.json says (NS_GET_NSTYPE).
 */
int join_open(const struct config *config, struct join_set *set, struct error **err);

/*
 * join_add_owner - join the user namespace that owns the others too
 *
 * An ordinary user may enter a network namespace of another container of his only as its owner:
 * where @set has no user namespace, the owner of one of its members is added, unless that is the
 * one we are in. Return: 1 added, 0 not, -1 with *err.
 */
int join_add_owner(struct join_set *set, struct error **err);

bool join_any(const struct join_set *set);

/*
 * join_enter - enter them all
 *
 * Those that permit it first, the user namespace then, the rest with the capabilities that it
 * gives. A pid namespace is entered by the caller's next child only.
 */
int join_enter(const struct join_set *set, struct error **err);

void join_close(struct join_set *set);
