/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines as data: a command lists its options in a table, which serves the parser and the
 * help text alike.
 *
 * Spellings: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, -n=VALUE; flags also --name=true or
 * --name=false in the words that Go's flag packages take (engines write them); short flags
 * combine (-it). A word "--" ends the options. --help, -h and -? are known everywhere.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"

/* What an option's value is, and the type of the member that receives it. */
enum option_type {
	OPTION_FLAG,    /* bool: no value needed */
	OPTION_STRING,  /* const char *: may be empty */
	OPTION_PATH,    /* const char *: not empty */
	OPTION_NUMBER,  /* unsigned int: 0 to INT_MAX in digits, given once */
	OPTION_CHOICE,  /* int: the value of one of @choices */
	OPTION_STRINGS, /* struct option_strings: each adds one */
	OPTION_IDS,     /* struct option_ids: each adds one */
	OPTION_HELP     /* none: the parser's own --help */
};

struct option_choice {
	const char *name;
	int value;
};

/* One option. A table of at most 64 of them is ended by an entry without a name. */
struct option_spec {
	const char *name; /* without the dashes */
	char letter;      /* 0: none */
	enum option_type type;
	size_t offset;                       /* of the member in the values */
	const char *value;                   /* its name in the help text */
	const char *help;                    /* NULL: an alias that help does not show */
	const struct option_choice *choices; /* ended by an entry without a name */
};

/* items[count] is NULL; items is NULL when there are none. */
struct option_strings {
	char **items;
	size_t count;
};

struct option_ids {
	uint32_t *items;
	size_t count;
};

enum option_order {
	OPTIONS_ANYWHERE,       /* options may stand between operands and after them */
	OPTIONS_BEFORE_OPERANDS /* what follows the first operand is not ours to read */
};

/* Exit status of wrong usage; errors of this module carry it. */
#define USAGE_STATUS 2

/*
 * options_parse - read a command line
 * @options:	the options it may have
 * @order:	where they may stand
 * @words:	NULL-terminated, without the name of the command
 * @values:	the struct that the options' offsets are for, holding the defaults; the options
 *		seen before a failure are stored
 * @arena:	for what repeats
 * @operands:	the words that are no options; items is never NULL afterwards
 *
 * Of a repeated option the last one counts, so that a wrapper's option can be overridden; two
 * numbers are refused.
 *
 * Return: 0; 1 when help was asked for (the rest has not been read); -1 with *err.
 */
int options_parse(const struct option_spec *options, enum option_order order, char **words,
                  void *values, struct arena *arena, struct option_strings *operands,
                  struct error **err);

/* Write the help text of @options to @out, a line for each, --help last. */
void options_describe(FILE *out, const struct option_spec *options);
