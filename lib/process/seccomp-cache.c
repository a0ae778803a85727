/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one file per filter. Its name is a short hash and decides nothing: the
 * file holds the full description of what was compiled, which is compared byte for byte, so that
 * two filters with one hash only displace each other. The library that compiled it is named by
 * path and by the identity of its file: an upgrade of libseccomp makes every entry stale without
 * the library having to be loaded to find that out.
 *
 * What is read here goes into the kernel as the container's filter. Hence the directory and the
 * file must be ours and writable by nobody else, and no link is followed below the cache's base.
 *
 * file = header, key text, path of the library, instructions; in the byte order of the machine,
 * which is part of the magic number.
 */
#include "process/seccomp-cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/log.h"

/* To be raised whenever the same description would be compiled to another program. */
#define CACHE_FORMAT    1u

#define CACHE_MAGIC     0x72746c73u
#define CACHE_MAX_FILE  (1u << 20)
#define CACHE_MAX_FILES 64u

struct library_identity {
	uint64_t device, inode, size, seconds, nanoseconds;
};

struct header {
	uint32_t magic, format;
	uint64_t checksum; /* of all that follows this member */
	struct library_identity identity;
	uint32_t key_length, library_length, count, unused;
};

/* FNV-1a: against accidents, not against attacks, which the ownership checks are there for. */
static uint64_t hash(const void *data, size_t length)
{
	const unsigned char *bytes = data;
	uint64_t value = 0xcbf29ce484222325u;

	for (size_t i = 0; i < length; i++)
		value = (value ^ bytes[i]) * 0x100000001b3u;
	return value;
}

/* Lengths make the text unambiguous, whatever bytes the strings have. */
static void describe_string(FILE *out, const char *text)
{
	fprintf(out, "%zu:%s ", strlen(text), text);
}

static void describe_rule(FILE *out, const struct seccomp_rule *rule)
{
	fprintf(out, "rule %d %d %u args %zu ", rule->action, rule->errno_ret.set,
	        rule->errno_ret.value, rule->args.count);
	for (size_t i = 0; i < rule->args.count; i++) {
		const struct seccomp_arg *arg = &rule->args.items[i];

		fprintf(out, "%u %d %" PRIu64 " %" PRIu64 " ", arg->index, arg->op, arg->value,
		        arg->value_two);
	}
	fprintf(out, "names %zu ", rule->names.count);
	for (size_t i = 0; i < rule->names.count; i++)
		describe_string(out, rule->names.items[i]);
	fputc('\n', out);
}

/*
 * The kernel's release is here because libseccomp asks the running kernel which actions it knows,
 * and refuses the others.
 */
static void describe_machine(FILE *out)
{
	struct utsname machine;

	if (uname(&machine) < 0)
		memset(&machine, 0, sizeof(machine));
	fprintf(out, "format %u bits %zu ", CACHE_FORMAT, sizeof(long) * 8);
	describe_string(out, machine.machine);
	describe_string(out, machine.release);
	fputc('\n', out);
}

int seccomp_cache_key_make(const struct seccomp *seccomp, struct seccomp_cache_key *key)
{
	FILE *out = open_memstream(&key->text, &key->length);

	if (!out)
		return -1;
	describe_machine(out);
	fprintf(out, "default %d %d %u architectures %zu ", seccomp->default_action,
	        seccomp->default_errno_ret.set, seccomp->default_errno_ret.value,
	        seccomp->architectures.count);
	for (size_t i = 0; i < seccomp->architectures.count; i++)
		describe_string(out, seccomp->architectures.items[i]);
	fputc('\n', out);
	for (size_t i = 0; i < seccomp->syscalls.count; i++)
		describe_rule(out, &seccomp->syscalls.items[i]);
	if (fclose(out) != 0) {
		seccomp_cache_key_free(key);
		return -1;
	}
	snprintf(key->name, sizeof(key->name), "%016" PRIx64, hash(key->text, key->length));
	return 0;
}

void seccomp_cache_key_free(struct seccomp_cache_key *key)
{
	free(key->text);
	key->text = NULL;
}

static bool owned_alone(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The directory @name below @parent, made if missing; -1 unless it is ours alone. */
static int open_own_directory(int parent, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_fd_ int fd = openat(parent, name, flags);

	if (fd < 0 && errno == ENOENT && mkdirat(parent, name, 0700) == 0)
		fd = openat(parent, name, flags);
	if (fd < 0 || !owned_alone(fd, S_IFDIR))
		return -1;
	return take_fd(&fd);
}

/*
 * A directory of the user that we did not make: it may be a link and writable by his group. With
 * sudo, HOME can be another user's, where files of root would be in that user's way.
 */
static int open_users_directory(int parent, const char *path)
{
	_cleanup_fd_ int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid())
		return -1;
	return take_fd(&fd);
}

/* $XDG_CACHE_HOME when it is absolute (the XDG specification ignores it otherwise), or ~/.cache. */
static int open_base(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	_cleanup_fd_ int home_fd = -1;

	if (cache && cache[0] == '/')
		return open_users_directory(AT_FDCWD, cache);
	/* A home that is the root directory is a daemon's, which has no use for a /.cache. */
	if (!home || home[0] != '/' || home[1] == '\0')
		return -1;
	home_fd = open_users_directory(AT_FDCWD, home);
	if (home_fd < 0 ||
	    (faccessat(home_fd, ".cache", F_OK, 0) < 0 && mkdirat(home_fd, ".cache", 0700) < 0))
		return -1;
	return open_users_directory(home_fd, ".cache");
}

int seccomp_cache_open(void)
{
	_cleanup_fd_ int base = -1, program = -1;
	int fd;

	/* Whoever started a setuid program has chosen the environment. */
	if (getauxval(AT_SECURE))
		return -1;
	base = open_base();
	if (base >= 0)
		program = open_own_directory(base, "rootlet");
	fd = program < 0 ? -1 : open_own_directory(program, "seccomp");
	if (fd < 0)
		log_debug("seccomp: no cache directory that is ours alone");
	return fd;
}

static bool identify_library(const char *path, struct library_identity *identity)
{
	struct stat st;

	if (path[0] != '/' || stat(path, &st) < 0)
		return false;
	*identity = (struct library_identity){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.seconds = (uint64_t)st.st_mtim.tv_sec,
		.nanoseconds = (uint64_t)st.st_mtim.tv_nsec,
	};
	return true;
}

static uint64_t checksum(const char *file, size_t length)
{
	size_t start = offsetof(struct header, checksum) + sizeof(uint64_t);

	return hash(file + start, length - start);
}

/* Whether @file is whole, and of @key, and made by a library that is still the same. */
static bool entry_valid(const char *file, size_t length, const struct seccomp_cache_key *key,
                        const struct header *header)
{
	_cleanup_free_ char *library = NULL;
	struct library_identity identity;
	uint64_t expected;

	if (header->magic != CACHE_MAGIC || header->format != CACHE_FORMAT)
		return false;
	if (header->count == 0 || header->count > BPF_MAXINSNS || header->key_length != key->length)
		return false;
	expected = sizeof(*header) + (uint64_t)header->key_length + header->library_length +
	           header->count * sizeof(struct sock_filter);
	if (expected != length || header->checksum != checksum(file, length) ||
	    memcmp(file + sizeof(*header), key->text, key->length) != 0)
		return false;
	library = strndup(file + sizeof(*header) + header->key_length, header->library_length);
	return library && identify_library(library, &identity) &&
	       memcmp(&identity, &header->identity, sizeof(identity)) == 0;
}

bool seccomp_cache_load(int cache_fd, const struct seccomp_cache_key *key,
                        struct sock_filter **filter, unsigned short *count)
{
	_cleanup_free_ char *file = NULL;
	_cleanup_fd_ int fd = openat(cache_fd, key->name,
	                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct header header;
	size_t size;
	ssize_t n;

	if (fd < 0 || !owned_alone(fd, S_IFREG))
		return false;
	n = file_read_fd(fd, CACHE_MAX_FILE, &file);
	if (n < (ssize_t)sizeof(header))
		return false;
	memcpy(&header, file, sizeof(header));
	if (!entry_valid(file, (size_t)n, key, &header)) {
		log_debug("seccomp: cached filter %s is stale", key->name);
		return false;
	}
	size = header.count * sizeof(struct sock_filter);
	*filter = malloc(size);
	if (!*filter)
		return false;
	memcpy(*filter, file + (size_t)n - size, size);
	*count = (unsigned short)header.count;
	return true;
}

/*
 * Keep the directory bounded. Filters come in few kinds, so a full cache means that they are
 * generated ones, of which none deserves to be kept more than another.
 */
static void make_room(int cache_fd)
{
	_cleanup_dir_ DIR *dir = dir_open(cache_fd, ".");
	const struct dirent *entry;
	size_t count = 0;

	if (!dir)
		return;
	while (dir_read(dir))
		count++;
	/* "." and ".." are among them. */
	if (count < CACHE_MAX_FILES + 2)
		return;
	rewinddir(dir);
	while ((entry = dir_read(dir)))
		unlinkat(cache_fd, entry->d_name, 0);
}

void seccomp_cache_store(int cache_fd, const struct seccomp_cache_key *key, const char *library,
                         const struct sock_filter *filter, unsigned short count)
{
	struct header header = {
		.magic = CACHE_MAGIC,
		.format = CACHE_FORMAT,
		.key_length = (uint32_t)key->length,
		.library_length = (uint32_t)strlen(library),
		.count = count,
	};
	size_t filter_size = count * sizeof(*filter);
	size_t length = sizeof(header) + key->length + strlen(library) + filter_size;
	_cleanup_free_ char *file = NULL;
	char *next;

	if (length > CACHE_MAX_FILE || !identify_library(library, &header.identity))
		return;
	file = malloc(length);
	if (!file)
		return;
	memcpy(file, &header, sizeof(header));
	next = mempcpy(file + sizeof(header), key->text, key->length);
	next = mempcpy(next, library, strlen(library));
	memcpy(next, filter, filter_size);
	header.checksum = checksum(file, length);
	memcpy(file, &header, sizeof(header));

	make_room(cache_fd);
	if (file_replace_at(cache_fd, key->name, file, length, 0600) < 0)
		log_debug("seccomp: cannot keep the compiled filter: %s", strerror(errno));
}
