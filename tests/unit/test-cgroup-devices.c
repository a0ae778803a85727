/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program for linux.resources.devices, run by an interpreter of the few instructions that it is
 * made of; tests/integration/root-cgroup-devices.bats has the kernel run it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <string.h>

#include "cgroup/devices.h"

#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD

static bool compare(uint8_t operation, uint64_t a, uint64_t b)
{
	assert_true(operation == BPF_JNE || operation == BPF_JEQ);
	return operation == BPF_JNE ? a != b : a == b;
}

static uint64_t calculate(uint8_t operation, uint64_t a, uint64_t b)
{
	switch (operation) {
	case BPF_MOV:
		return b;
	case BPF_AND:
		return a & b;
	case BPF_RSH:
		return a >> b;
	default:
		fail_msg("unknown operation 0x%x", operation);
		return 0;
	}
}

/* What r0 is in the end. */
static uint64_t run(const struct device_program *program, const struct bpf_cgroup_dev_ctx *context)
{
	uint64_t registers[11] = { 0 };
	size_t next = 0;

	for (int steps = 0; steps < 10000; steps++) {
		const struct bpf_insn *i = &program->instructions[next++];
		uint64_t *to = &registers[i->dst_reg];
		uint64_t operand = BPF_SRC(i->code) == BPF_X ? registers[i->src_reg]
		                                             : (uint64_t)(int64_t)i->imm;
		uint32_t word;

		assert_true(next <= program->count);
		switch (BPF_CLASS(i->code)) {
		case BPF_LDX:
			memcpy(&word, (const char *)context + i->off, sizeof(word));
			*to = word;
			break;
		case BPF_ALU:
			*to = (uint32_t)calculate(BPF_OP(i->code), *to, operand);
			break;
		case BPF_ALU64:
			*to = calculate(BPF_OP(i->code), *to, operand);
			break;
		default:
			if (BPF_OP(i->code) == BPF_EXIT)
				return registers[0];
			assert_true(i->off >= 0);
			if (compare(BPF_OP(i->code), *to, operand))
				next += (size_t)i->off;
		}
	}
	fail_msg("the program does not end");
	return 0;
}

static bool allows(struct device_rule *rules, size_t count, char kind, uint32_t major,
                   uint32_t minor, uint32_t access)
{
	struct resources resources = { .devices = { rules, count } };
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct bpf_cgroup_dev_ctx context = {
		.access_type = access << 16 |
		               (kind == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = major,
		.minor = minor,
	};
	struct device_program program;

	assert_int_equal(cgroup_devices_plan(&resources, arena, &program, NULL), 0);
	return run(&program, &context) == 1;
}

#define ALLOWS(rules, ...) allows(rules, ARRAY_SIZE(rules), __VA_ARGS__)
#define NUMBER(number)                         \
	{                                      \
		.set = true, .value = (number) \
	}

static void default_devices_are_allowed_whatever_the_rules_say(void **state)
{
	struct device_rule rules[] = { { .allow = false, .access = (char *)"rwm" } };

	(void)state;
	for (uint32_t minor = 0; minor < 16; minor++) {
		bool expected = minor == 3 || minor == 5 || minor == 7 || minor == 8 || minor == 9;

		assert_int_equal(ALLOWS(rules, 'c', 1, minor, R | W), expected);
	}
	assert_true(ALLOWS(rules, 'c', 5, 0, R | W));
	assert_true(ALLOWS(rules, 'c', 5, 2, R));
	assert_true(ALLOWS(rules, 'c', 136, 77, W));
	assert_false(ALLOWS(rules, 'b', 1, 3, R));
	assert_false(ALLOWS(rules, 'c', 10, 229, R));
}

static void making_a_node_is_allowed_using_it_is_not(void **state)
{
	struct device_rule rules[] = { { .allow = false, .access = (char *)"rwm" } };

	(void)state;
	assert_true(ALLOWS(rules, 'b', 8, 0, M));
	assert_false(ALLOWS(rules, 'b', 8, 0, M | R));
	assert_false(ALLOWS(rules, 'b', 8, 0, R));
}

static void what_no_rule_allows_is_denied(void **state)
{
	struct device_rule rules[] = { { .allow = true, .type = (char *)"c", .major = NUMBER(10) } };

	(void)state;
	assert_true(ALLOWS(rules, 'c', 10, 1, R | W));
	assert_false(ALLOWS(rules, 'c', 11, 1, R));
	assert_false(ALLOWS(rules, 'b', 10, 1, R));
}

static void the_last_rule_for_a_device_decides(void **state)
{
	struct device_rule rules[] = {
		{ .allow = true },
		{ .allow = false, .type = (char *)"b", .major = NUMBER(8) },
		{ .allow = true,
		  .type = (char *)"b",
		  .major = NUMBER(8),
		  .minor = NUMBER(1),
		  .access = (char *)"r" },
	};

	(void)state;
	assert_true(ALLOWS(rules, 'c', 8, 0, R | W));
	assert_true(ALLOWS(rules, 'b', 9, 0, R | W));
	assert_false(ALLOWS(rules, 'b', 8, 0, R));
	assert_true(ALLOWS(rules, 'b', 8, 1, R));
	assert_false(ALLOWS(rules, 'b', 8, 1, W));
	/* Both at once is more than reading. */
	assert_false(ALLOWS(rules, 'b', 8, 1, R | W));
}

static void reading_and_writing_may_come_from_different_rules(void **state)
{
	struct device_rule rules[] = {
		{ .allow = false },
		{ .allow = true, .major = NUMBER(7), .access = (char *)"w" },
		{ .allow = true, .minor = NUMBER(2), .access = (char *)"r" },
	};

	(void)state;
	assert_true(ALLOWS(rules, 'c', 7, 2, R | W));
	assert_false(ALLOWS(rules, 'c', 7, 3, R | W));
	assert_false(ALLOWS(rules, 'c', 6, 2, R | W));
}

static void denying_a_part_denies_what_needs_it(void **state)
{
	struct device_rule rules[] = {
		{ .allow = true },
		{ .allow = false, .type = (char *)"a", .access = (char *)"w" },
	};

	(void)state;
	assert_true(ALLOWS(rules, 'b', 8, 0, R));
	assert_false(ALLOWS(rules, 'b', 8, 0, R | W));
	assert_false(ALLOWS(rules, 'b', 8, 0, W));
}

static void a_number_of_minus_one_means_all(void **state)
{
	struct device_rule rules[] = {
		{ .allow = true, .major = NUMBER(-1), .minor = NUMBER(5), .access = (char *)"" },
	};

	(void)state;
	assert_true(ALLOWS(rules, 'c', 4000, 5, R | W | M));
	assert_false(ALLOWS(rules, 'c', 4000, 6, R));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_devices_are_allowed_whatever_the_rules_say),
		cmocka_unit_test(making_a_node_is_allowed_using_it_is_not),
		cmocka_unit_test(what_no_rule_allows_is_denied),
		cmocka_unit_test(the_last_rule_for_a_device_decides),
		cmocka_unit_test(reading_and_writing_may_come_from_different_rules),
		cmocka_unit_test(denying_a_part_denies_what_needs_it),
		cmocka_unit_test(a_number_of_minus_one_means_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
