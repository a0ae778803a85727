/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: libseccomp turns the rules into a BPF program, and the kernel gets that
 * program from us by seccomp(2), not from libseccomp, for three reasons: the program can come
 * from a cache, in which case the library is never loaded (it costs more than the rest of a
 * container's start); it is compiled by the parent, before the container exists; and something
 * is put in front of it.
 *
 * That something is for system calls newer than the profile. A profile answers what it does not
 * name with its default action, mostly EPERM. A C library that probes for a new system call goes
 * back to an older one upon ENOSYS only. So each architecture gets a section that returns ENOSYS
 * for numbers above the largest that the profile names there: its author cannot have known
 * them, and the program inside is no worse off than on an older kernel.
 */
#include "process/seccomp.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/log.h"
#include "process/seccomp-cache.h"
#include "spec/names.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define SECCOMP_LIBRARY "libseccomp.so.2"
#define SYSCALL_ARGS    6

/* SCMP_FLTATR_CTL_OPTIMIZE, an enumerator that came with libseccomp 2.5; older ones refuse it. */
#define ATTRIBUTE_OPTIMIZE ((enum scmp_filter_attr)8)

/* From so many system calls on, a tree beats the linear search (and 0 rules break the tree). */
#define OPTIMIZE_FROM 32

/* What we use of libseccomp. Types and constants come from its header, functions from dlsym(). */
struct library {
	void *handle;
	const char *path; /* of the file, absolute; lives as long as the handle */
	__typeof__(seccomp_init) *init;
	__typeof__(seccomp_release) *release;
	__typeof__(seccomp_arch_native) *arch_native;
	__typeof__(seccomp_arch_add) *arch_add;
	__typeof__(seccomp_attr_set) *attr_set;
	__typeof__(seccomp_syscall_resolve_name) *resolve_name;
	__typeof__(seccomp_syscall_resolve_name_arch) *resolve_name_arch;
	__typeof__(seccomp_rule_add_array) *rule_add_array;
	__typeof__(seccomp_export_bpf) *export_bpf;
};

static const struct {
	const char *name;
	size_t offset;
} library_symbols[] = {
	{ "seccomp_init", offsetof(struct library, init) },
	{ "seccomp_release", offsetof(struct library, release) },
	{ "seccomp_arch_native", offsetof(struct library, arch_native) },
	{ "seccomp_arch_add", offsetof(struct library, arch_add) },
	{ "seccomp_attr_set", offsetof(struct library, attr_set) },
	{ "seccomp_syscall_resolve_name", offsetof(struct library, resolve_name) },
	{ "seccomp_syscall_resolve_name_arch", offsetof(struct library, resolve_name_arch) },
	{ "seccomp_rule_add_array", offsetof(struct library, rule_add_array) },
	{ "seccomp_export_bpf", offsetof(struct library, export_bpf) },
};

static void library_close(struct library *library)
{
	if (library->handle)
		dlclose(library->handle);
	library->handle = NULL;
}

static int library_open(struct library *library, struct error **err)
{
	Dl_info info;

	library->handle = dlopen(SECCOMP_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle) {
		error_set(err, 0, "linux.seccomp: %s", dlerror());
		return error_hint(err, "install libseccomp 2.4 or newer");
	}
	for (size_t i = 0; i < ARRAY_SIZE(library_symbols); i++) {
		void *symbol = dlsym(library->handle, library_symbols[i].name);

		if (!symbol)
			return error_set(err, 0, "linux.seccomp: " SECCOMP_LIBRARY " has no %s()",
			                 library_symbols[i].name);
		/* POSIX lets an object pointer hold a function's address, and C does not. */
		memcpy((char *)library + library_symbols[i].offset, &symbol, sizeof(symbol));
		if (i == 0)
			library->path = dladdr(symbol, &info) ? info.dli_fname : "";
	}
	return 0;
}

/* One compilation. */
struct build {
	struct library library;
	const struct seccomp *seccomp;
	scmp_filter_ctx filter;
	uint32_t default_action;
	/* The architectures of the filter, the machine's own first. */
	uint32_t *arches;
	size_t arch_count;
};

static void build_end(struct build *build)
{
	if (build->filter)
		build->library.release(build->filter);
	build->filter = NULL;
	library_close(&build->library);
	free_pointer(&build->arches);
}

static uint32_t action_code(int action, const struct opt_u32 *errno_ret)
{
	static const uint32_t codes[] = {
		[SECCOMP_ACTION_KILL_THREAD] = SCMP_ACT_KILL_THREAD,
		[SECCOMP_ACTION_KILL_PROCESS] = SCMP_ACT_KILL_PROCESS,
		[SECCOMP_ACTION_TRAP] = SCMP_ACT_TRAP,
		[SECCOMP_ACTION_ERRNO] = SCMP_ACT_ERRNO(0),
		[SECCOMP_ACTION_TRACE] = SCMP_ACT_TRACE(0),
		[SECCOMP_ACTION_ALLOW] = SCMP_ACT_ALLOW,
		[SECCOMP_ACTION_LOG] = SCMP_ACT_LOG,
		[SECCOMP_ACTION_NOTIFY] = SECCOMP_RET_USER_NOTIF,
	};
	uint32_t data = errno_ret->set ? errno_ret->value : EPERM;

	if (action != SECCOMP_ACTION_ERRNO && action != SECCOMP_ACTION_TRACE)
		return codes[action];
	return codes[action] | (data & SECCOMP_RET_DATA);
}

static enum scmp_compare operator_code(int operator)
{
	static const enum scmp_compare codes[] = {
		[SECCOMP_OP_NE] = SCMP_CMP_NE,
		[SECCOMP_OP_LT] = SCMP_CMP_LT,
		[SECCOMP_OP_LE] = SCMP_CMP_LE,
		[SECCOMP_OP_EQ] = SCMP_CMP_EQ,
		[SECCOMP_OP_GE] = SCMP_CMP_GE,
		[SECCOMP_OP_GT] = SCMP_CMP_GT,
		[SECCOMP_OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	return codes[operator];
}

static bool build_has_arch(const struct build *build, uint32_t arch)
{
	for (size_t i = 0; i < build->arch_count; i++) {
		if (build->arches[i] == arch)
			return true;
	}
	return false;
}

static int build_add_arch(struct build *build, size_t index, struct error **err)
{
	const char *name = build->seccomp->architectures.items[index];
	const struct name_value *found = name_find(seccomp_arch_names, name);
	uint32_t arch = found ? (uint32_t)found->value : 0;
	int ret;

	if (!found)
		return error_set(err, 0,
		                 "linux.seccomp.architectures[%zu]: unknown architecture %s", index,
		                 name);
	if (arch == SCMP_ARCH_NATIVE || build_has_arch(build, arch))
		return 0;
	ret = build->library.arch_add(build->filter, arch);
	if (ret == -EDOM || ret == -EINVAL) {
		/*
		 * Of the other byte order, or newer than libseccomp, which then cannot know it as the
		 * machine's own either: no process of this kernel can be of it.
		 */
		log_debug("seccomp: %s is not of this machine's kind, left out", name);
		return 0;
	}
	if (ret < 0)
		return error_set(err, -ret,
		                 "linux.seccomp.architectures[%zu]: libseccomp refuses %s", index,
		                 name);
	build->arches[build->arch_count++] = arch;
	return 0;
}

/* A filter of libseccomp always has the machine's own architecture; the listed ones come to it. */
static int build_add_arches(struct build *build, struct error **err)
{
	build->arches = calloc(build->seccomp->architectures.count + 1, sizeof(uint32_t));
	if (!build->arches)
		return error_set(err, ENOMEM, "linux.seccomp");
	build->arches[build->arch_count++] = build->library.arch_native();
	for (size_t i = 0; i < build->seccomp->architectures.count; i++) {
		if (build_add_arch(build, i, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * libseccomp refuses two conditions on one argument in one rule. In profiles of old they meant
 * alternatives, and that is what other runtimes make of them, too.
 */
static bool args_repeat(const struct seccomp_rule *rule)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < rule->args.count; i++) {
		unsigned int bit = 1u << rule->args.items[i].index;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

static struct scmp_arg_cmp condition(const struct seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){
		.arg = arg->index,
		.op = operator_code(arg->op),
		.datum_a = arg->value,
		.datum_b = arg->value_two,
	};
}

/* Return: 0, or what libseccomp returned, a negative errno value. */
static int build_add_call(struct build *build, const struct seccomp_rule *rule, uint32_t action,
                          int number)
{
	__typeof__(seccomp_rule_add_array) *add = build->library.rule_add_array;
	struct scmp_arg_cmp args[SYSCALL_ARGS];
	int ret = 0;

	if (args_repeat(rule)) {
		for (size_t i = 0; i < rule->args.count && ret == 0; i++) {
			args[0] = condition(&rule->args.items[i]);
			ret = add(build->filter, action, number, 1, args);
		}
		return ret;
	}
	/* Six different indexes at most, so they fit. */
	for (size_t i = 0; i < rule->args.count; i++)
		args[i] = condition(&rule->args.items[i]);
	return add(build->filter, action, number, (unsigned int)rule->args.count, args);
}

static int build_add_rule(struct build *build, size_t index, struct error **err)
{
	const struct seccomp_rule *rule = &build->seccomp->syscalls.items[index];
	uint32_t action = action_code(rule->action, &rule->errno_ret);

	for (size_t i = 0; i < rule->args.count; i++) {
		if (rule->args.items[i].index >= SYSCALL_ARGS)
			return error_set(
				err, 0,
				"linux.seccomp.syscalls[%zu].args[%zu].index: %u is above 5", index,
				i, rule->args.items[i].index);
	}
	/* It changes nothing, and libseccomp refuses it. */
	if (action == build->default_action)
		return 0;
	for (size_t i = 0; i < rule->names.count; i++) {
		const char *name = rule->names.items[i];
		int number = build->library.resolve_name(name), ret;

		if (number == __NR_SCMP_ERROR) {
			log_debug("seccomp: unknown system call %s, left out", name);
			continue;
		}
		ret = build_add_call(build, rule, action, number);
		if (ret == -EEXIST)
			return error_set(err, 0,
			                 "linux.seccomp.syscalls[%zu]: %s has another action in an "
			                 "earlier rule",
			                 index, name);
		if (ret < 0)
			return error_set(err, -ret,
			                 "linux.seccomp.syscalls[%zu]: libseccomp refuses the rule "
			                 "for %s",
			                 index, name);
	}
	return 0;
}

static int build_add_rules(struct build *build, struct error **err)
{
	size_t names = 0;

	for (size_t i = 0; i < build->seccomp->syscalls.count; i++)
		names += build->seccomp->syscalls.items[i].names.count;
	if (names >= OPTIMIZE_FROM &&
	    build->library.attr_set(build->filter, ATTRIBUTE_OPTIMIZE, 2) < 0)
		log_debug("seccomp: this libseccomp cannot make a tree of the rules");
	for (size_t i = 0; i < build->seccomp->syscalls.count; i++) {
		if (build_add_rule(build, i, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Up to where the numbers of an architecture are in the order of their invention. x32 shares
 * AUDIT_ARCH_X86_64 and has its numbers from bit 30 on; ARM has a few of its own far above the
 * others, which say nothing about how new a profile is.
 */
struct number_range {
	uint32_t arch; /* SCMP_ARCH_* */
	uint32_t audit_arch;
	uint32_t last;
};

static struct number_range arch_numbers(uint32_t arch)
{
	static const struct number_range ranges[] = {
		{ SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0x3fffffff },
		{ SCMP_ARCH_X32, AUDIT_ARCH_X86_64, 0x7fffffff },
		{ SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0x000effff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (ranges[i].arch == arch)
			return ranges[i];
	}
	return (struct number_range){ arch, arch, 0x7fffffff };
}

/* The largest number in @range that the profile names, -1 when it names none. */
static int largest_number(const struct build *build, const struct number_range *range)
{
	int largest = -1;

	for (size_t i = 0; i < build->seccomp->syscalls.count; i++) {
		const struct strings *names = &build->seccomp->syscalls.items[i].names;

		for (size_t k = 0; k < names->count; k++) {
			/* Negative: unknown, or a call that this architecture does not have. */
			int n = build->library.resolve_name_arch(range->arch, names->items[k]);

			if (n > largest && (uint32_t)n <= range->last)
				largest = n;
		}
	}
	return largest;
}

#define ENOSYS_SECTION 6

/* Jumps in BPF count from the next instruction; each that skips the section lands behind it. */
static void write_enosys_section(struct sock_filter *out, const struct number_range *range,
                                 uint32_t largest)
{
	const struct sock_filter section[ENOSYS_SECTION] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, range->audit_arch, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, range->last, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, largest, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	memcpy(out, section, sizeof(section));
}

/*
 * Where unnamed calls are let through, new ones are, too. A tracer likewise sees them and knows
 * what to say.
 */
static bool wants_enosys(const struct build *build)
{
	switch (build->seccomp->default_action) {
	case SECCOMP_ACTION_ALLOW:
	case SECCOMP_ACTION_LOG:
	case SECCOMP_ACTION_TRACE:
		return false;
	default:
		return build->default_action != SCMP_ACT_ERRNO(ENOSYS);
	}
}

/* Fill @out, which has room for a section per architecture. Return: instructions written. */
static size_t build_enosys(const struct build *build, struct sock_filter *out)
{
	size_t written = 0;

	if (!wants_enosys(build))
		return 0;
	for (size_t i = 0; i < build->arch_count; i++) {
		struct number_range range = arch_numbers(build->arches[i]);
		int largest = largest_number(build, &range);

		if (largest < 0)
			continue;
		write_enosys_section(out + written, &range, (uint32_t)largest);
		written += ENOSYS_SECTION;
	}
	return written;
}

/* What libseccomp makes of the rules. Return: bytes, or -1 with *err. */
static ssize_t build_export(const struct build *build, char **bytes, struct error **err)
{
	_cleanup_fd_ int fd = memfd_create("seccomp", MFD_CLOEXEC);
	ssize_t n = -1;
	int ret;

	if (fd < 0)
		return error_set(err, errno, "linux.seccomp: memfd_create");
	ret = build->library.export_bpf(build->filter, fd);
	if (ret < 0)
		return error_set(err, -ret, "linux.seccomp: libseccomp cannot compile the filter");
	if (lseek(fd, 0, SEEK_SET) == 0)
		n = file_read_fd(fd, (size_t)BPF_MAXINSNS * 16 * sizeof(struct sock_filter), bytes);
	if (n < 0)
		return error_set(err, errno, "linux.seccomp: reading the compiled filter");
	return n;
}

static int build_link(const struct build *build, struct seccomp_program *program,
                      struct error **err)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	_cleanup_free_ char *bytes = NULL;
	ssize_t n = build_export(build, &bytes, err);
	size_t length;

	if (n < 0)
		return -1;
	filter = calloc(1, build->arch_count * ENOSYS_SECTION * sizeof(*filter) + (size_t)n);
	if (!filter)
		return error_set(err, ENOMEM, "linux.seccomp");
	length = build_enosys(build, filter);
	memcpy(filter + length, bytes, (size_t)n);
	length += (size_t)n / sizeof(*filter);
	if (length > BPF_MAXINSNS)
		return error_set(
			err, 0,
			"linux.seccomp: the filter has %zu instructions, the kernel takes %d",
			length, BPF_MAXINSNS);
	program->filter = take_pointer(filter);
	program->length = (unsigned short)length;
	return 0;
}

/* SCMP_FLTATR_CTL_NNP and the flags stay out: they are for seccomp_load(), which we do not call. */
static int compile(const struct seccomp *seccomp, const struct seccomp_cache_key *key, int cache_fd,
                   struct seccomp_program *program, struct error **err)
{
	_cleanup_(build_end) struct build build = { .seccomp = seccomp };

	if (library_open(&build.library, err) < 0)
		return -1;
	build.default_action = action_code(seccomp->default_action, &seccomp->default_errno_ret);
	build.filter = build.library.init(build.default_action);
	if (!build.filter)
		return error_set(err, 0, "linux.seccomp.defaultAction: libseccomp refuses %s",
		                 name_of(seccomp_action_names, seccomp->default_action));
	if (build_add_arches(&build, err) < 0 || build_add_rules(&build, err) < 0 ||
	    build_link(&build, program, err) < 0)
		return -1;
	if (cache_fd >= 0)
		seccomp_cache_store(cache_fd, key, build.library.path, program->filter,
		                    program->length);
	return 0;
}

static bool has_notify(const struct seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		if (seccomp->syscalls.items[i].action == SECCOMP_ACTION_NOTIFY)
			return true;
	}
	return false;
}

static uint32_t install_flags(const struct seccomp *seccomp, bool notify)
{
	/*
	 * Without a word about flags, speculation stays as fast as it is outside: that is the
	 * kernel's own default from 5.16 on, and what other runtimes do.
	 */
	uint32_t flags = seccomp->flags_set ? seccomp->flags : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	/* There is but one thread, and the kernel refuses this one together with a listener. */
	flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC;
	if (!notify)
		return flags & ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return flags | SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

int seccomp_compile(const struct seccomp *seccomp, struct seccomp_program *program,
                    struct error **err)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = -1;

	*program = (struct seccomp_program){ .notify = has_notify(seccomp) };
	program->flags = install_flags(seccomp, program->notify);
	if (seccomp_cache_key_make(seccomp, &key) < 0)
		return error_set(err, ENOMEM, "linux.seccomp");
	cache_fd = seccomp_cache_open();
	if (cache_fd >= 0 &&
	    seccomp_cache_load(cache_fd, &key, &program->filter, &program->length)) {
		log_debug("seccomp: compiled filter %s found in the cache", key.name);
		return 0;
	}
	return compile(seccomp, &key, cache_fd, program, err);
}

static const char *install_hint(int errnum)
{
	static const struct {
		int errnum;
		const char *hint;
	} hints[] = {
		{ EACCES, "set process.noNewPrivileges, or keep CAP_SYS_ADMIN" },
		{ EBUSY, "another filter of this process has a listener already" },
		{ EINVAL, "this kernel lacks one of the filter's actions or linux.seccomp.flags" },
		{ ENOMEM, "this process has too many filters already" },
		{ ENOSYS, "this kernel is built without CONFIG_SECCOMP_FILTER" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
		if (hints[i].errnum == errnum)
			return hints[i].hint;
	}
	return NULL;
}

int seccomp_install(const struct seccomp_program *program, struct error **err)
{
	struct sock_fprog kernel_program = { .len = program->length, .filter = program->filter };
	long ret = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program->flags, &kernel_program);
	const char *hint;

	if (ret >= 0)
		return program->notify ? (int)ret : -2;
	hint = install_hint(errno);
	error_set(err, errno, "linux.seccomp: cannot install the filter");
	return hint ? error_hint(err, "%s", hint) : -1;
}

void seccomp_program_free(struct seccomp_program *program)
{
	free_pointer(&program->filter);
	program->filter = NULL;
}
