/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the kernel asks the program for each open(2) and mknod(2) of a device in the
 * cgroup, with the device and with what is wanted: reading, writing, both at once, or making it.
 * The program holds in a register what of that is still undecided, and goes through the rules from
 * the last to the first. A rule for this device that allows takes away what it allows, and nothing
 * left means yes; one that denies any of what is left means no. Behind all rules stands no.
 *
 *	r2	kind of device (BPF_DEVCG_DEV_*)
 *	r3	what is wanted and undecided (bits BPF_DEVCG_ACC_*)
 *	r4, r5	major, minor
 *
 * bpf(2) is called as it is: a library would be larger than the program.
 */
#include "cgroup/devices.h"

#include <linux/bpf.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* Of one rule: kind 1, major 1, minor 1, access at most 4; kind needs none when it is any. */
#define RULE_INSNS_MAX 8
#define HEAD_INSNS     6
#define TAIL_INSNS     2

#define ACCESS_ALL     (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)
#define ANY            (-1)

struct rule {
	bool allow;
	int kind; /* BPF_DEVCG_DEV_*, ANY */
	int64_t major, minor;
	int access;
};

/*
 * What runc and crun allow in every container: the default devices of the specification, terminals,
 * and to make a node of any device, which is of no use where it may not be opened.
 */
static const struct rule default_rules[] = {
	{ true, BPF_DEVCG_DEV_CHAR, ANY, ANY, BPF_DEVCG_ACC_MKNOD },
	{ true, BPF_DEVCG_DEV_BLOCK, ANY, ANY, BPF_DEVCG_ACC_MKNOD },
	{ true, BPF_DEVCG_DEV_CHAR, 1, 3, ACCESS_ALL },     /* null */
	{ true, BPF_DEVCG_DEV_CHAR, 1, 5, ACCESS_ALL },     /* zero */
	{ true, BPF_DEVCG_DEV_CHAR, 1, 7, ACCESS_ALL },     /* full */
	{ true, BPF_DEVCG_DEV_CHAR, 1, 8, ACCESS_ALL },     /* random */
	{ true, BPF_DEVCG_DEV_CHAR, 1, 9, ACCESS_ALL },     /* urandom */
	{ true, BPF_DEVCG_DEV_CHAR, 5, 0, ACCESS_ALL },     /* tty */
	{ true, BPF_DEVCG_DEV_CHAR, 5, 2, ACCESS_ALL },     /* ptmx */
	{ true, BPF_DEVCG_DEV_CHAR, 136, ANY, ACCESS_ALL }, /* pts */
};

static const struct bpf_insn head[HEAD_INSNS] = {
	/* struct bpf_cgroup_dev_ctx: access << 16 | kind, major, minor */
	{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1, .off = 0 },
	{ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = BPF_REG_3, .src_reg = BPF_REG_2 },
	{ .code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = BPF_REG_2, .imm = 0xffff },
	{ .code = BPF_ALU | BPF_RSH | BPF_K, .dst_reg = BPF_REG_3, .imm = 16 },
	{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_4, .src_reg = BPF_REG_1, .off = 4 },
	{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_5, .src_reg = BPF_REG_1, .off = 8 },
};

static struct bpf_insn move(int reg, int32_t value)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		                  .dst_reg = (uint8_t)reg,
		                  .imm = value };
}

static struct bpf_insn jump(int condition, int reg, int32_t value)
{
	return (struct bpf_insn){ .code = (uint8_t)(BPF_JMP | condition | BPF_K),
		                  .dst_reg = (uint8_t)reg,
		                  .imm = value };
}

static const struct bpf_insn leave = { .code = BPF_JMP | BPF_EXIT };

static void put(struct device_program *program, struct bpf_insn instruction)
{
	program->instructions[program->count++] = instruction;
}

static void put_answer(struct device_program *program, bool allowed)
{
	put(program, move(BPF_REG_0, allowed));
	put(program, leave);
}

/* Jumps of a rule go to the next one: forward from where they stand. */
static void aim(struct device_program *program, size_t first)
{
	for (size_t i = first; i < program->count; i++) {
		struct bpf_insn *instruction = &program->instructions[i];

		if (BPF_CLASS(instruction->code) == BPF_JMP &&
		    BPF_OP(instruction->code) != BPF_EXIT)
			instruction->off = (int16_t)(program->count - i - 1);
	}
}

static void put_rule(struct device_program *program, const struct rule *rule)
{
	const size_t first = program->count;

	if (rule->kind != ANY)
		put(program, jump(BPF_JNE, BPF_REG_2, rule->kind));
	if (rule->major != ANY)
		put(program, jump(BPF_JNE, BPF_REG_4, (int32_t)rule->major));
	if (rule->minor != ANY)
		put(program, jump(BPF_JNE, BPF_REG_5, (int32_t)rule->minor));
	if (rule->allow) {
		put(program, (struct bpf_insn){ .code = BPF_ALU | BPF_AND | BPF_K,
		                                .dst_reg = BPF_REG_3,
		                                .imm = ACCESS_ALL & ~rule->access });
		put(program, jump(BPF_JNE, BPF_REG_3, 0));
		put_answer(program, true);
	} else {
		/* No jump for "none of these bits": with the bits in r0, and not used after. */
		put(program, (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X,
		                                .dst_reg = BPF_REG_0,
		                                .src_reg = BPF_REG_3 });
		put(program, (struct bpf_insn){ .code = BPF_ALU | BPF_AND | BPF_K,
		                                .dst_reg = BPF_REG_0,
		                                .imm = rule->access });
		put(program, jump(BPF_JEQ, BPF_REG_0, 0));
		put_answer(program, false);
	}
	aim(program, first);
}

static int access_of(const char *text)
{
	int access = 0;

	/* Absent means all, as an absent type does. */
	if (!text || !*text)
		return ACCESS_ALL;
	for (; *text; text++)
		access |= *text == 'r'   ? BPF_DEVCG_ACC_READ
		          : *text == 'w' ? BPF_DEVCG_ACC_WRITE
		                         : BPF_DEVCG_ACC_MKNOD;
	return access;
}

static struct rule rule_of(const struct device_rule *rule)
{
	const bool any = !rule->type || *rule->type == 'a';

	return (struct rule){
		.allow = rule->allow,
		.kind = any                  ? ANY
		        : *rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK
		                             : BPF_DEVCG_DEV_CHAR,
		.major = rule->major.set ? rule->major.value : ANY,
		.minor = rule->minor.set ? rule->minor.value : ANY,
		.access = access_of(rule->access),
	};
}

int cgroup_devices_plan(const struct resources *resources, struct arena *arena,
                        struct device_program *program, struct error **err)
{
	const size_t rules = resources->devices.count + ARRAY_SIZE(default_rules);
	const size_t size = HEAD_INSNS + rules * RULE_INSNS_MAX + TAIL_INSNS;

	program->count = 0;
	program->instructions = arena_alloc(arena, size * sizeof(*program->instructions));
	if (!program->instructions)
		return error_set(err, ENOMEM, "linux.resources.devices");
	for (size_t i = 0; i < HEAD_INSNS; i++)
		put(program, head[i]);
	for (size_t i = 0; i < ARRAY_SIZE(default_rules); i++)
		put_rule(program, &default_rules[i]);
	for (size_t i = resources->devices.count; i-- > 0;) {
		const struct rule rule = rule_of(&resources->devices.items[i]);

		put_rule(program, &rule);
	}
	put_answer(program, false);
	return 0;
}

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int load(const struct device_program *program)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program->instructions;
	attr.insn_cnt = (uint32_t)program->count;
	attr.license = (uintptr_t) "Apache-2.0";
	return bpf(BPF_PROG_LOAD, &attr);
}

/* Before Linux 5.11 a program counts as locked memory, of which even root has a limit. */
static int load_with_memory(const struct device_program *program)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit old;
	int fd = load(program), errnum = errno;

	if (fd >= 0 || errno != EPERM || getrlimit(RLIMIT_MEMLOCK, &old) < 0 ||
	    setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
		return fd;
	fd = load(program);
	errnum = errno;
	setrlimit(RLIMIT_MEMLOCK, &old);
	errno = errnum;
	return fd;
}

/* Beside other programs, such as systemd's: all of them must allow. */
static int attach(int cgroup_fd, int program_fd)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return bpf(BPF_PROG_ATTACH, &attr);
}

/* No such system call, no such kind of program, or not for us. */
static bool is_inability(int errnum)
{
	return errnum == ENOSYS || errnum == EINVAL || errnum == EPERM || errnum == EACCES;
}

static int failed(int errnum, struct error **err)
{
	error_set(err, errnum, "linux.resources.devices: the kernel takes no device program");
	return is_inability(errnum) ? 1 : -1;
}

int cgroup_devices_attach(int fd, const struct resources *resources, struct error **err)
{
	_cleanup_arena_ struct arena *arena = NULL;
	struct device_program program;
	_cleanup_fd_ int program_fd = -1;

	if (resources->devices.count == 0)
		return 0;
	arena = arena_new();
	if (!arena)
		return error_set(err, ENOMEM, "linux.resources.devices");
	if (cgroup_devices_plan(resources, arena, &program, err) < 0)
		return -1;
	program_fd = load_with_memory(&program);
	if (program_fd < 0 || attach(fd, program_fd) < 0)
		return failed(errno, err);
	return 0;
}
