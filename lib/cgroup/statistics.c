/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the files of a cgroup have four shapes (cgroup-v2.rst, "Interface Files"): a
 * number, lines "KEY VALUE", lines "KEY NAME=VALUE…", and those of pressure, which are of the
 * latter kind with fractions. A reader for each takes a table, or a function that is called for
 * each entry. Kernels add keys: unknown ones are passed over.
 */
#include "cgroup/statistics.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/dir.h"
#include "base/number.h"
#include "cgroup/tree.h"

#define NS_PER_US 1000

struct reader {
	int fd;
	struct arena *arena;
	struct statistics *statistics;
	struct error **err;
};

/* --- files --- */

/* Missing, or not there any more, or switched off (pressure: EOPNOTSUPP). */
static bool is_absence(int errnum)
{
	return errnum == ENOENT || errnum == ENODEV || errnum == EOPNOTSUPP;
}

/* The text of @file in *@text, NULL when there is none. Return: 0, or -1 with *err. */
static int read_text(const struct reader *reader, const char *file, char **text)
{
	*text = NULL;
	if (cgroup_read(reader->fd, file, text) >= 0 || is_absence(errno))
		return 0;
	return error_set(reader->err, errno, "cannot read %s of the cgroup", file);
}

static int damaged(const struct reader *reader, const char *file, const char *text)
{
	return error_set(reader->err, 0, "%s of the cgroup: \"%s\" is not understood", file, text);
}

static int no_memory(const struct reader *reader)
{
	return error_set(reader->err, ENOMEM, "the statistics of the cgroup");
}

/* A file with one number; "max" is @unlimited. *@number stays as it is when there is no file. */
static int read_number(const struct reader *reader, const char *file, uint64_t unlimited,
                       uint64_t *number)
{
	_cleanup_free_ char *text = NULL;

	if (read_text(reader, file, &text) < 0)
		return -1;
	if (!text)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "max") == 0)
		*number = unlimited;
	else if (!number_parse_u64(text, number))
		return damaged(reader, file, text);
	return 0;
}

static size_t count_of(const char *text, char wanted)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == wanted;
	return count;
}

struct number_file {
	const char *file;
	uint64_t unlimited;
	uint64_t *number;
};

static int read_numbers(const struct reader *reader, const struct number_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (read_number(reader, files[i].file, files[i].unlimited, files[i].number) < 0)
			return -1;
	}
	return 0;
}

struct key_number {
	const char *key;
	uint64_t *number;
};

/* A file of lines "KEY VALUE": those of @keys, which is ended by a NULL key. */
static int read_keys(const struct reader *reader, const char *file, const struct key_number *keys)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;

	if (read_text(reader, file, &text) < 0)
		return -1;
	rest = text;
	while (rest && (line = strsep(&rest, "\n"))) {
		const char *key = strsep(&line, " ");
		const struct key_number *entry = keys;

		while (entry->key && strcmp(entry->key, key) != 0)
			entry++;
		if (entry->key && (!line || !number_parse_u64(line, entry->number)))
			return damaged(reader, file, key);
	}
	return 0;
}

/* --- pressure --- */

/* "12.34" */
static bool is_decimal(const char *text)
{
	size_t whole = strspn(text, "0123456789"), fraction;

	if (whole == 0 || text[whole] != '.')
		return false;
	fraction = strspn(text + whole + 1, "0123456789");
	return fraction > 0 && text[whole + 1 + fraction] == '\0';
}

/* "avg10=0.00 avg60=0.00 avg300=0.00 total=0", behind the first word */
static int read_psi_line(const struct reader *reader, const char *file, char *words,
                         struct psi_line *line)
{
	const struct {
		const char *name;
		char **text;
	} averages[] = { { "avg10", &line->avg10 },
		         { "avg60", &line->avg60 },
		         { "avg300", &line->avg300 } };
	char *word;

	while ((word = strsep(&words, " "))) {
		const char *name = strsep(&word, "=");

		if (!word)
			return damaged(reader, file, name);
		if (strcmp(name, "total") == 0 && !number_parse_u64(word, &line->total))
			return damaged(reader, file, word);
		for (size_t i = 0; i < ARRAY_SIZE(averages); i++) {
			if (strcmp(name, averages[i].name) != 0)
				continue;
			if (!is_decimal(word))
				return damaged(reader, file, word);
			*averages[i].text = arena_strdup(reader->arena, word);
			if (!*averages[i].text)
				return no_memory(reader);
		}
	}
	return 0;
}

static int read_psi(const struct reader *reader, const char *file, struct psi *psi)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *words;

	if (read_text(reader, file, &text) < 0)
		return -1;
	rest = text;
	while (rest && (words = strsep(&rest, "\n"))) {
		const char *kind = strsep(&words, " ");

		if (!words)
			continue;
		if (strcmp(kind, "full") == 0)
			psi->full_set = true;
		else if (strcmp(kind, "some") != 0)
			continue;
		psi->set = true;
		if (read_psi_line(reader, file, words,
		                  strcmp(kind, "full") == 0 ? &psi->full : &psi->some) < 0)
			return -1;
	}
	return 0;
}

/* --- cpu, pids --- */

static uint64_t nanoseconds(uint64_t microseconds)
{
	return microseconds > UINT64_MAX / NS_PER_US ? UINT64_MAX : microseconds * NS_PER_US;
}

static int read_cpu(const struct reader *reader)
{
	struct statistics *statistics = reader->statistics;
	const struct key_number keys[] = {
		{ "usage_usec", &statistics->cpu.total },
		{ "system_usec", &statistics->cpu.kernel },
		{ "user_usec", &statistics->cpu.user },
		{ "nr_periods", &statistics->cpu.periods },
		{ "nr_throttled", &statistics->cpu.throttled_periods },
		{ "throttled_usec", &statistics->cpu.throttled_time },
		{ NULL, NULL },
	};

	if (read_keys(reader, "cpu.stat", keys) < 0)
		return -1;
	statistics->cpu.total = nanoseconds(statistics->cpu.total);
	statistics->cpu.kernel = nanoseconds(statistics->cpu.kernel);
	statistics->cpu.user = nanoseconds(statistics->cpu.user);
	statistics->cpu.throttled_time = nanoseconds(statistics->cpu.throttled_time);
	return read_psi(reader, "cpu.pressure", &statistics->cpu.psi);
}

/* Without the controller, as many as there are processes (threads are not counted then). */
static int count_processes(const struct reader *reader)
{
	_cleanup_free_ char *text = NULL;

	if (read_text(reader, "cgroup.procs", &text) < 0)
		return -1;
	reader->statistics->pids.current = text ? count_of(text, '\n') : 0;
	return 0;
}

static int read_pids(const struct reader *reader)
{
	struct statistics *statistics = reader->statistics;
	const struct number_file files[] = {
		{ "pids.current", 0, &statistics->pids.current },
		{ "pids.max", 0, &statistics->pids.limit },
	};

	if (read_numbers(reader, files, ARRAY_SIZE(files)) < 0)
		return -1;
	return statistics->pids.current == 0 ? count_processes(reader) : 0;
}

/* --- memory --- */

/* All of memory.stat, and what of it has a name of its own. */
static int read_memory_stat(const struct reader *reader)
{
	struct statistics *statistics = reader->statistics;
	const struct key_number keys[] = {
		{ "file", &statistics->memory.cache },
		{ "kernel", &statistics->memory.kernel.usage },
		{ "sock", &statistics->memory.kernel_tcp.usage },
		{ NULL, NULL },
	};
	_cleanup_free_ char *text = NULL;
	char *rest, *line;

	if (read_keys(reader, "memory.stat", keys) < 0 ||
	    read_text(reader, "memory.stat", &text) < 0)
		return -1;
	if (!text)
		return 0;
	statistics->memory.raw.items = arena_alloc(
		reader->arena, (count_of(text, '\n') + 1) * sizeof(*statistics->memory.raw.items));
	if (!statistics->memory.raw.items)
		return no_memory(reader);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		const char *key = strsep(&line, " ");
		struct named_number *number =
			&statistics->memory.raw.items[statistics->memory.raw.count];

		if (!line)
			continue;
		number->key = arena_strdup(reader->arena, key);
		if (!number->key)
			return no_memory(reader);
		if (!number_parse_u64(line, &number->value))
			return damaged(reader, "memory.stat", line);
		statistics->memory.raw.count++;
	}
	return 0;
}

static int read_memory_events(const struct reader *reader)
{
	struct statistics *statistics = reader->statistics;
	const struct key_number keys[] = {
		{ "low", &statistics->memory.events.low },
		{ "high", &statistics->memory.events.high },
		{ "max", &statistics->memory.events.max },
		{ "oom", &statistics->memory.events.oom },
		{ "oom_kill", &statistics->memory.events.oom_kill },
		{ "oom_group_kill", &statistics->memory.events.oom_group_kill },
		{ NULL, NULL },
	};
	const struct key_number swap_keys[] = {
		{ "max", &statistics->memory.swap.failcnt },
		{ NULL, NULL },
	};

	if (read_keys(reader, "memory.events", keys) < 0)
		return -1;
	statistics->memory.usage.failcnt = statistics->memory.events.max;
	return read_keys(reader, "memory.swap.events", swap_keys);
}

static uint64_t sum(uint64_t one, uint64_t two)
{
	uint64_t result;

	return __builtin_add_overflow(one, two, &result) ? UINT64_MAX : result;
}

/* cgroup v2 counts swap alone; readers of runc's shape expect memory and swap together. */
static int read_memory(const struct reader *reader)
{
	struct memory_use *memory = &reader->statistics->memory.usage;
	struct memory_use *swap = &reader->statistics->memory.swap;
	const struct number_file files[] = {
		{ "memory.current", 0, &memory->usage },
		{ "memory.max", STATISTICS_UNLIMITED, &memory->limit },
		{ "memory.peak", 0, &memory->max },
		{ "memory.swap.current", 0, &swap->usage },
		{ "memory.swap.max", STATISTICS_UNLIMITED, &swap->limit },
	};

	if (read_numbers(reader, files, ARRAY_SIZE(files)) < 0)
		return -1;
	swap->usage = sum(swap->usage, memory->usage);
	swap->limit = sum(swap->limit, memory->limit);
	if (read_memory_stat(reader) < 0 || read_memory_events(reader) < 0)
		return -1;
	return read_psi(reader, "memory.pressure", &reader->statistics->memory.psi);
}

/* --- io --- */

static const struct {
	const char *name; /* in io.stat */
	const char *op;
	bool bytes; /* else operations */
} io_numbers[] = {
	{ "rbytes", "Read", true }, { "wbytes", "Write", true }, { "dbytes", "Discard", true },
	{ "rios", "Read", false },  { "wios", "Write", false },  { "dios", "Discard", false },
};

static int add_io_number(const struct reader *reader, const struct block_io_entry *device,
                         const char *name, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(io_numbers); i++) {
		struct block_io_entries *entries =
			io_numbers[i].bytes ? &reader->statistics->block_io.bytes
					    : &reader->statistics->block_io.operations;
		struct block_io_entry *entry = &entries->items[entries->count];

		if (strcmp(io_numbers[i].name, name) != 0)
			continue;
		*entry = *device;
		entry->op = io_numbers[i].op;
		if (!number_parse_u64(value, &entry->value))
			return damaged(reader, "io.stat", value);
		entries->count++;
		break;
	}
	return 0;
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6"; some lines have no numbers. */
static int read_io_line(const struct reader *reader, char *line)
{
	char *device = strsep(&line, " "), *minor = device, *word;
	struct block_io_entry entry = { 0 };
	const char *major = strsep(&minor, ":");

	if (!*device)
		return 0;
	if (!minor || !number_parse_u64(major, &entry.major) ||
	    !number_parse_u64(minor, &entry.minor))
		return damaged(reader, "io.stat", device);
	while ((word = strsep(&line, " "))) {
		const char *name = strsep(&word, "=");

		if (word && add_io_number(reader, &entry, name, word) < 0)
			return -1;
	}
	return 0;
}

static bool make_io_room(const struct reader *reader, const char *text)
{
	struct statistics *statistics = reader->statistics;
	const size_t size = count_of(text, '=') * sizeof(struct block_io_entry);

	statistics->block_io.bytes.items = arena_alloc(reader->arena, size);
	statistics->block_io.operations.items = arena_alloc(reader->arena, size);
	return statistics->block_io.bytes.items && statistics->block_io.operations.items;
}

static int read_io(const struct reader *reader)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;

	if (read_text(reader, "io.stat", &text) < 0)
		return -1;
	if (text && !make_io_room(reader, text))
		return no_memory(reader);
	rest = text;
	while (rest && (line = strsep(&rest, "\n"))) {
		if (read_io_line(reader, line) < 0)
			return -1;
	}
	return read_psi(reader, "io.pressure", &reader->statistics->block_io.psi);
}

/* --- hugetlb --- */

#define HUGETLB_PREFIX "hugetlb."
#define HUGETLB_SUFFIX ".current"

/* "2MB" of "hugetlb.2MB.current"; NULL for another name. */
static char *page_size_of(const struct reader *reader, const char *name)
{
	const char *size = name + strlen(HUGETLB_PREFIX);
	size_t length;

	if (strncmp(name, HUGETLB_PREFIX, strlen(HUGETLB_PREFIX)) != 0)
		return NULL;
	length = strcspn(size, ".");
	return strcmp(size + length, HUGETLB_SUFFIX) == 0
	               ? arena_strndup(reader->arena, size, length)
	               : NULL;
}

/* What is reserved counts, which is never less than what is used; before Linux 5.7 what is used. */
static int read_page_size(const struct reader *reader, const char *page_size)
{
	struct hugetlb_use *use =
		&reader->statistics->hugetlb.items[reader->statistics->hugetlb.count++];
	const char *current = arena_printf(reader->arena, "hugetlb.%s.current", page_size);
	const char *reserved = arena_printf(reader->arena, "hugetlb.%s.rsvd.current", page_size);
	const char *events = arena_printf(reader->arena, "hugetlb.%s.events", page_size);
	const struct key_number keys[] = { { "max", &use->failcnt }, { NULL, NULL } };

	if (!current || !reserved || !events)
		return no_memory(reader);
	use->page_size = (char *)page_size;
	if (read_number(reader, current, 0, &use->usage) < 0 ||
	    read_number(reader, reserved, 0, &use->usage) < 0)
		return -1;
	return read_keys(reader, events, keys);
}

/* Sizes of huge pages that one kernel has: x86 has 2, arm64 up to 4. */
#define PAGE_SIZES_MAX 16

static int read_hugetlb(const struct reader *reader)
{
	_cleanup_dir_ DIR *dir = dir_open(reader->fd, ".");
	const struct dirent *entry = NULL;

	if (!dir)
		return error_set(reader->err, errno, "cannot list the cgroup's files");
	reader->statistics->hugetlb.items = arena_alloc(
		reader->arena, PAGE_SIZES_MAX * sizeof(*reader->statistics->hugetlb.items));
	if (!reader->statistics->hugetlb.items)
		return no_memory(reader);
	while (reader->statistics->hugetlb.count < PAGE_SIZES_MAX && (entry = dir_read(dir))) {
		const char *page_size = page_size_of(reader, entry->d_name);

		if (page_size && read_page_size(reader, page_size) < 0)
			return -1;
	}
	if (!entry && errno)
		return error_set(reader->err, errno, "cannot list the cgroup's files");
	return 0;
}

/* --- rdma --- */

/* "mlx5_0 hca_handle=2 hca_object=max" */
static int read_rdma_line(const struct reader *reader, const char *file, char *line,
                          struct rdma_use *use)
{
	const char *device = strsep(&line, " ");
	char *word;

	use->device = arena_strdup(reader->arena, device);
	if (!use->device)
		return no_memory(reader);
	while ((word = strsep(&line, " "))) {
		const char *name = strsep(&word, "=");
		uint64_t *number = strcmp(name, "hca_handle") == 0   ? &use->handles
		                   : strcmp(name, "hca_object") == 0 ? &use->objects
		                                                     : NULL;

		if (!number || !word)
			continue;
		if (strcmp(word, "max") == 0)
			*number = STATISTICS_UNLIMITED;
		else if (!number_parse_u64(word, number))
			return damaged(reader, file, word);
	}
	return 0;
}

static int read_rdma_file(const struct reader *reader, const char *file, struct rdma_uses *uses)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;

	if (read_text(reader, file, &text) < 0)
		return -1;
	if (!text)
		return 0;
	uses->items = arena_alloc(reader->arena, (count_of(text, '\n') + 1) * sizeof(*uses->items));
	if (!uses->items)
		return no_memory(reader);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (*line && read_rdma_line(reader, file, line, &uses->items[uses->count++]) < 0)
			return -1;
	}
	return 0;
}

static int read_rdma(const struct reader *reader)
{
	if (read_rdma_file(reader, "rdma.current", &reader->statistics->rdma.current) < 0)
		return -1;
	return read_rdma_file(reader, "rdma.max", &reader->statistics->rdma.limit);
}

static int (*const readers[])(const struct reader *) = {
	read_cpu, read_memory, read_pids, read_io, read_hugetlb, read_rdma,
};

int cgroup_statistics_read(int fd, struct arena *arena, struct statistics *statistics,
                           struct error **err)
{
	const struct reader reader = {
		.fd = fd,
		.arena = arena,
		.statistics = statistics,
		.err = err,
	};

	*statistics = (struct statistics){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		if (readers[i](&reader) < 0)
			return -1;
	}
	return 0;
}
