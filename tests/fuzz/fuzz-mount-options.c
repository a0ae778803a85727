/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount options. Input: the filesystem type on a line, then an option on each line. What comes of
 * them is written as options again, which must come to the same.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/syscalls.h"
#include "check.h"
#include "rootfs/options.h"

/* Words that a written form needs at the most, besides the data. */
#define WORDS_MAX 64

/* The type and the words of an input. */
struct input {
	const char *type;
	struct strings words;
};

static const struct {
	const char *word, *opposite; /* with an r before it: of the tree */
	uint64_t flag;
} flag_words[] = {
	{ "rro", "rrw", MOUNT_ATTR_RDONLY },
	{ "rnosuid", "rsuid", MOUNT_ATTR_NOSUID },
	{ "rnodev", "rdev", MOUNT_ATTR_NODEV },
	{ "rnoexec", "rexec", MOUNT_ATTR_NOEXEC },
	{ "rnodiratime", "rdiratime", MOUNT_ATTR_NODIRATIME },
	{ "rnosymfollow", "rsymfollow", MOUNT_ATTR_NOSYMFOLLOW },
};

static const struct {
	const char *word;
	unsigned long flag;
} propagation_words[] = {
	{ "rprivate", MS_PRIVATE },
	{ "rshared", MS_SHARED },
	{ "rslave", MS_SLAVE },
	{ "runbindable", MS_UNBINDABLE },
};

static void split(char *text, struct arena *arena, struct input *input)
{
	char *type = strsep(&text, "\n");
	size_t lines = 1;

	for (const char *c = text; c && *c; c++)
		lines += *c == '\n';
	input->type = *type ? type : NULL;
	input->words.items = arena_alloc(arena, (lines + 1) * sizeof(char *));
	FUZZ_ASSERT(input->words.items);
	while (text)
		input->words.items[input->words.count++] = strsep(&text, "\n");
}

/* Append @word, without the r at its beginning unless it is for the tree. */
static void add(struct strings *words, const char *word, bool tree)
{
	words->items[words->count++] = (char *)word + (tree ? 0 : 1);
}

static void write_flags(const struct mount_flags *flags, bool tree, struct strings *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(flag_words); i++) {
		if (flags->set & flag_words[i].flag)
			add(words, flag_words[i].word, tree);
		else if (flags->clear & flag_words[i].flag)
			add(words, flag_words[i].opposite, tree);
	}
	if (flags->set & MOUNT_ATTR_NOATIME)
		add(words, "rnoatime", tree);
	else if (flags->set & MOUNT_ATTR_STRICTATIME)
		add(words, "rstrictatime", tree);
	else if (flags->clear & MOUNT_ATTR__ATIME)
		add(words, "rrelatime", tree);
}

/* @options as words that make them. */
static void write_words(const struct mount_options *options, struct strings *words)
{
	if (options->bind)
		add(words, "rbind", options->recursive);
	if (options->remount)
		words->items[words->count++] = (char *)"remount";
	if (options->copy_up)
		words->items[words->count++] = (char *)"tmpcopyup";
	if (options->idmap)
		add(words, "ridmap", options->idmap_recursive);
	if (options->copy_symlink)
		words->items[words->count++] = (char *)"copy-symlink";
	if (options->source_nofollow)
		words->items[words->count++] = (char *)"src-nofollow";
	if (options->destination_nofollow)
		words->items[words->count++] = (char *)"dest-nofollow";
	/* What is said of the tree later is said of its top, too. */
	write_flags(&options->tree_flags, true, words);
	write_flags(&options->flags, false, words);
	for (size_t i = 0; i < ARRAY_SIZE(propagation_words); i++) {
		if (options->propagation == propagation_words[i].flag)
			add(words, propagation_words[i].word, options->propagation_recursive);
	}
	for (size_t i = 0; i < options->data.count; i++)
		words->items[words->count++] = options->data.items[i];
}

static void check_flags(const struct mount_flags *flags)
{
	uint64_t atime = flags->set & MOUNT_ATTR__ATIME;

	/* One bit is not both set and cleared, but for the access time, which is one field. */
	FUZZ_ASSERT((flags->set & flags->clear & ~(uint64_t)MOUNT_ATTR__ATIME) == 0);
	FUZZ_ASSERT(atime == 0 || atime == MOUNT_ATTR_NOATIME || atime == MOUNT_ATTR_STRICTATIME);
	FUZZ_ASSERT(atime == 0 || (flags->clear & ~atime & MOUNT_ATTR__ATIME));
}

static void check_options(const struct mount_options *options, const struct strings *words)
{
	FUZZ_ASSERT(options->bind || !options->recursive);
	FUZZ_ASSERT(options->data.count <= words->count);
	FUZZ_ASSERT(!options->data.items[options->data.count]);
	check_flags(&options->flags);
	check_flags(&options->tree_flags);
	for (size_t i = 0; i < options->data.count; i++) {
		_cleanup_free_ char *key = strdup(options->data.items[i]);
		char *equals = key ? strchr(key, '=') : NULL;

		if (!equals)
			continue;
		*equals = '\0';
		FUZZ_ASSERT(mount_data_value(&options->data, key));
	}
}

static bool flags_equal(const struct mount_flags *one, const struct mount_flags *two)
{
	return one->set == two->set && one->clear == two->clear;
}

static void check_same(const struct mount_options *one, const struct mount_options *two)
{
	FUZZ_ASSERT(one->bind == two->bind && one->recursive == two->recursive);
	FUZZ_ASSERT(one->remount == two->remount && one->copy_up == two->copy_up);
	FUZZ_ASSERT(one->idmap == two->idmap && one->idmap_recursive == two->idmap_recursive);
	FUZZ_ASSERT(one->copy_symlink == two->copy_symlink);
	FUZZ_ASSERT(one->source_nofollow == two->source_nofollow);
	FUZZ_ASSERT(one->destination_nofollow == two->destination_nofollow);
	FUZZ_ASSERT(flags_equal(&one->flags, &two->flags));
	FUZZ_ASSERT(flags_equal(&one->tree_flags, &two->tree_flags));
	FUZZ_ASSERT(one->propagation == two->propagation);
	FUZZ_ASSERT(one->propagation_recursive == two->propagation_recursive);
	FUZZ_ASSERT(one->data.count == two->data.count);
	for (size_t i = 0; i < one->data.count; i++)
		FUZZ_ASSERT(strcmp(one->data.items[i], two->data.items[i]) == 0);
}

static int parse(const struct input *input, struct arena *arena, struct mount_options *options,
                 struct error **err)
{
	return mount_options_parse(&input->words, input->type, "mounts[0].options", arena, options,
	                           err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *text = fuzz_text(data, size);
	_cleanup_error_ struct error *err = NULL;
	struct mount_options options, again;
	struct input input = { NULL }, written;

	FUZZ_ASSERT(arena);
	fuzz_mute_log();
	split(text, arena, &input);
	if (parse(&input, arena, &options, &err) < 0) {
		fuzz_check_refused(&err);
		return 0;
	}
	fuzz_check_accepted(&err);
	check_options(&options, &input.words);

	written = (struct input){ .type = input.type };
	written.words.items = arena_alloc(arena, (options.data.count + WORDS_MAX) * sizeof(char *));
	FUZZ_ASSERT(written.words.items);
	write_words(&options, &written.words);
	FUZZ_ASSERT(parse(&written, arena, &again, &err) == 0);
	check_same(&options, &again);
	return 0;
}
