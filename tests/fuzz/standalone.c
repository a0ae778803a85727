/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target as a test program, for compilers without libFuzzer: fuzz-NAME gives the target
 * each file of corpus/NAME, and then random mutations of them; fuzz-NAME FILE… just these files.
 *
 * Theory of operation: all depends on the seed alone, so that what failed fails again. The target
 * runs in a child, which leaves its input in shared memory: however it ends, by an assertion, a
 * signal, a sanitizer or the alarm, the parent can say so and keep the input in fuzz-NAME.crash.
 *
 *	FUZZ_RUNS     mutations to try (default 20000), fewer where SECONDS_MAX is not enough
 *	FUZZ_SEED     of the random numbers (default 1)
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/number.h"
#include "check.h"

#define RUNS_DEFAULT  20000
#define SECONDS_MAX   7  /* for the mutations of one target */
#define HANG_SECONDS  10 /* for one input */
#define INPUT_MAX     65536u
#define SAMPLES_MAX   512
#define MUTATIONS_MAX 6 /* of one input */

struct sample {
	char *bytes;
	size_t size;
};

struct samples {
	struct sample items[SAMPLES_MAX];
	size_t count;
};

/* What the child leaves to its parent. */
struct report {
	size_t executions;
	size_t size;
	char input[INPUT_MAX];
};

static struct samples corpus, dictionary;
static struct report *report;
static uint64_t random_state;

/* --- files --- */

static bool ignored(const struct dirent *entry)
{
	return entry->d_name[0] == '.';
}

static void samples_add(struct samples *samples, char *bytes, size_t size)
{
	if (samples->count == SAMPLES_MAX || size > INPUT_MAX) {
		fprintf(stderr, "too many samples, or one that is too large\n");
		exit(EXIT_FAILURE);
	}
	samples->items[samples->count++] = (struct sample){ bytes, size };
}

static void read_sample(const char *path)
{
	char *bytes = NULL;
	ssize_t size = file_read_at(AT_FDCWD, path, INPUT_MAX, &bytes);

	if (size < 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	samples_add(&corpus, bytes, (size_t)size);
}

/* In an order that does not depend on the file system. */
static void read_directory(const char *directory)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, NULL, alphasort);

	if (count < 0) {
		perror(directory);
		exit(EXIT_FAILURE);
	}
	for (int i = 0; i < count; i++) {
		_cleanup_free_ struct dirent *entry = entries[i];
		_cleanup_free_ char *path = NULL;

		if (ignored(entry))
			continue;
		FUZZ_ASSERT(asprintf(&path, "%s/%s", directory, entry->d_name) > 0);
		read_sample(path);
	}
	free(entries);
}

/* The word of a line of libFuzzer's format, "word" with \\, \" and \x1b, in its own place. */
static size_t unquote(char *line)
{
	char *to = line;

	for (const char *from = line + 1; *from && *from != '"'; from++) {
		unsigned int code = (unsigned char)*from;

		if (*from == '\\' && from[1] == 'x' && sscanf(from + 2, "%2x", &code) == 1)
			from += 3;
		else if (*from == '\\')
			code = (unsigned char)*++from;
		*to++ = (char)code;
	}
	return (size_t)(to - line);
}

static void read_dictionary(const char *path)
{
	_cleanup_free_ char *text = NULL;

	if (file_read_at(AT_FDCWD, path, INPUT_MAX, &text) < 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *word = line[0] == '"' ? strdup(line) : NULL;

		if (word)
			samples_add(&dictionary, word, unquote(word));
	}
}

/* --- mutations --- */

/* splitmix64 */
static uint64_t next_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A number from 0 to @limit - 1; 0 for 0. */
static size_t below(size_t limit)
{
	return limit > 0 ? next_random() % limit : 0;
}

/* Put @bytes into the input at @at, in the place of @removed bytes; nothing when it gets too long. */
static void replace(size_t at, size_t removed, const char *bytes, size_t size)
{
	char *input = report->input;

	if (report->size - removed + size > INPUT_MAX)
		return;
	memmove(input + at + size, input + at + removed, report->size - at - removed);
	memcpy(input + at, bytes, size);
	report->size += size - removed;
}

/* A piece of @sample, mostly a short one. */
static struct sample piece_of(struct sample sample)
{
	size_t at = below(sample.size);
	size_t longest = below(8) ? 32 : sample.size, size = below(sample.size - at) + 1;

	if (sample.size == 0)
		return sample;
	return (struct sample){ sample.bytes + at, size < longest ? size : longest };
}

static void flip_bit(void)
{
	if (report->size > 0)
		report->input[below(report->size)] ^= (char)(1 << below(8));
}

static void set_byte(void)
{
	char byte = (char)next_random();
	size_t at = below(report->size);

	replace(at, report->size > 0, &byte, 1);
}

static void delete_piece(void)
{
	struct sample piece = piece_of((struct sample){ report->input, report->size });

	replace((size_t)(piece.bytes - report->input), piece.size, "", 0);
}

/* Insert @piece anywhere, or put it over as many bytes. */
static void insert(struct sample piece)
{
	size_t at = below(report->size + 1), rest = report->size - at;
	size_t removed = below(2) ? 0 : piece.size < rest ? piece.size : rest;

	replace(at, removed, piece.bytes, piece.size);
}

static void duplicate_piece(void)
{
	static char copy[INPUT_MAX];
	struct sample piece = piece_of((struct sample){ report->input, report->size });

	memcpy(copy, piece.bytes, piece.size);
	insert((struct sample){ copy, piece.size });
}

static void splice_sample(void)
{
	insert(piece_of(corpus.items[below(corpus.count)]));
}

static void insert_word(void)
{
	if (dictionary.count > 0)
		insert(dictionary.items[below(dictionary.count)]);
}

static void mutate(void)
{
	static void (*const mutations[])(void) = {
		flip_bit,      set_byte,    delete_piece, duplicate_piece,
		splice_sample, insert_word, insert_word,
	};

	for (size_t left = 1 + below(MUTATIONS_MAX); left > 0; left--)
		mutations[below(ARRAY_SIZE(mutations))]();
}

/* --- runs --- */

/* The target gets memory of exactly the input's size, so that a sanitizer sees its end. */
static void execute(void)
{
	_cleanup_free_ uint8_t *copy = malloc(report->size ? report->size : 1);

	FUZZ_ASSERT(copy);
	memcpy(copy, report->input, report->size);
	alarm(HANG_SECONDS);
	LLVMFuzzerTestOneInput(copy, report->size);
	alarm(0);
	report->executions++;
}

static void load(const struct sample *sample)
{
	memcpy(report->input, sample->bytes, sample->size);
	report->size = sample->size;
}

static void run_corpus(size_t runs)
{
	(void)runs;
	for (size_t i = 0; i < corpus.count; i++) {
		load(&corpus.items[i]);
		execute();
	}
}

static void run_mutations(size_t runs)
{
	time_t end = time(NULL) + SECONDS_MAX;

	for (size_t i = 0; i < runs && time(NULL) < end; i++) {
		load(&corpus.items[below(corpus.count)]);
		mutate();
		execute();
	}
}

static void keep_input(const char *program)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_file_ FILE *file = NULL;

	FUZZ_ASSERT(asprintf(&path, "%s.crash", program) > 0);
	file = fopen(path, "we");
	if (!file || fwrite(report->input, 1, report->size, file) != report->size)
		perror(path);
	else
		printf("# the last input is in %s\n", path);
}

/* Run @what in a child and say how it went, as test @number. */
static bool test(int number, const char *name, void (*what)(size_t runs), size_t runs)
{
	int status = -1;
	bool passed;
	pid_t pid;

	report->executions = 0;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		what(runs);
		/* Not _exit(): leaks are looked for now. */
		exit(EXIT_SUCCESS);
	}
	passed = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
	printf("%sok %d - %s: %zu executions\n", passed ? "" : "not ", number, name,
	       report->executions);
	if (!passed)
		printf("# ended by %s %d\n", WIFSIGNALED(status) ? "signal" : "exit status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return passed;
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t number;

	return text && number_parse_u64(text, &number) ? number : otherwise;
}

static void read_corpus(const char *target)
{
	const char *source = getenv("srcdir");
	_cleanup_free_ char *directory = NULL, *words = NULL;

	if (!source)
		source = ".";
	FUZZ_ASSERT(asprintf(&directory, "%s/tests/fuzz/corpus/%s", source, target) > 0);
	FUZZ_ASSERT(asprintf(&words, "%s/tests/fuzz/dictionary/%s", source, target) > 0);
	read_directory(directory);
	read_dictionary(words);
}

static void free_samples(struct samples *samples)
{
	for (size_t i = 0; i < samples->count; i++)
		free(samples->items[i].bytes);
}

/* The name of the target, from that of the program: "config" of "…/fuzz-config". */
static const char *target_name(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;

	FUZZ_ASSERT(strncmp(name, "fuzz-", strlen("fuzz-")) == 0);
	return name + strlen("fuzz-");
}

static bool test_files(char **files)
{
	for (; *files; files++)
		read_sample(*files);
	printf("1..1\n");
	return test(1, "files", run_corpus, 0);
}

static bool test_target(const char *target)
{
	size_t runs = number_from_environment("FUZZ_RUNS", RUNS_DEFAULT);

	read_corpus(target);
	printf("1..2\n");
	return test(1, "corpus", run_corpus, 0) && test(2, "mutations", run_mutations, runs);
}

int main(int argc, char **argv)
{
	bool passed;

	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	FUZZ_ASSERT(report != MAP_FAILED);
	random_state = number_from_environment("FUZZ_SEED", 1);
	passed = argc > 1 ? test_files(argv + 1) : test_target(target_name(argv[0]));
	if (!passed)
		keep_input(argv[0]);
	free_samples(&corpus);
	free_samples(&dictionary);
	return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
