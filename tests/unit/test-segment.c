/* SPDX-License-Identifier: Apache-2.0 */
/* Segments as the network helper reads and writes them, and the rings that hold their data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "net/bytes.h"
#include "net/ring.h"
#include "tcp-world.h"

static void segments_that_are_not_whole_are_none(void **state)
{
	struct world world = { .our_port = OUR_PORT, .scale = -1, .mss = 1460, .sequence = 1 };
	struct segment segment;
	uint8_t frame[256];
	size_t size = make_frame(&world, 80, TCP_SYN, "abcd", 4, frame);

	(void)state;
	assert_true(segment_parse(frame, size, &segment));
	assert_int_equal(segment.length, 4);
	assert_int_equal(segment.mss, 1460);
	assert_int_equal(segment.flow.peer_port, 80);
	for (size_t i = 0; i < size; i++)
		assert_false(segment_parse(frame, i, &segment));
	frame[ETH_HLEN + 20 + 12] = 4 << 4; /* a header shorter than a header */
	assert_false(segment_parse(frame, size, &segment));
	frame[ETH_HLEN + 20 + 12] = 15 << 4; /* and longer than the packet */
	assert_false(segment_parse(frame, size, &segment));
	frame[ETH_HLEN + 20 + 12] = 7 << 4;
	frame[ETH_HLEN + 6] = 0x20; /* more fragments */
	assert_false(segment_parse(frame, size, &segment));
}

static void options_that_lie_about_their_length_are_ignored(void **state)
{
	struct world world = { .our_port = OUR_PORT, .scale = -1, .mss = 1460, .sequence = 1 };
	struct segment segment;
	uint8_t frame[256];
	size_t size = make_frame(&world, 80, TCP_SYN, "", 0, frame);

	(void)state;
	for (int length = 0; length < 256; length++) {
		frame[ETH_HLEN + 20 + 20 + 1] = (uint8_t)length;
		assert_true(segment_parse(frame, size, &segment));
		assert_int_equal(segment.mss, length == 4 ? 1460 : 0);
	}
}

/* The sum over header, data and pseudo header, as a receiver makes it. */
static void checksums_are_completed(void **state)
{
	struct world world = { .our_port = OUR_PORT, .scale = -1, .mss = 1460, .sequence = 1 };
	const struct virtio_net_hdr prefix = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		                               .csum_start = ETH_HLEN + 20,
		                               .csum_offset = 16 };
	uint8_t frame[256];
	size_t size = make_frame(&world, 80, TCP_ACK, "abc", 3, frame), tcp = ETH_HLEN + 20;
	uint32_t sum = IPPROTO_TCP + (uint32_t)(size - tcp);

	(void)state;
	assert_true(frame_complete(&prefix, frame, size));
	sum = sum_bytes(frame + ETH_HLEN + 12, 8, sum);
	assert_int_equal(sum_fold(sum_bytes(frame + tcp, size - tcp, sum)), 0xffff);
	assert_int_equal(sum_fold(sum_bytes(frame + ETH_HLEN, 20, 0)), 0xffff);
	assert_false(frame_complete(&prefix, frame, tcp + 17));
	assert_false(frame_complete(&prefix, frame, 3));
}

/* A program with CAP_NET_RAW says where the sum goes, and what it is: it is no way past the filter. */
static void checksums_do_not_change_ip_headers(void **state)
{
	struct world world = { .our_port = OUR_PORT, .scale = -1, .mss = 1460, .sequence = 1 };
	struct virtio_net_hdr prefix = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
	uint8_t frame[256], before[256];
	size_t size = make_frame(&world, 80, TCP_ACK, "abc", 3, frame);

	(void)state;
	memcpy(before, frame, size);
	for (uint16_t start = 0; start < ETH_HLEN + 20; start++)
		for (uint16_t offset = 0; offset < 40; offset++) {
			prefix.csum_start = start;
			prefix.csum_offset = offset;
			assert_false(frame_complete(&prefix, frame, size));
			assert_memory_equal(frame, before, size);
		}
	write_u16(frame + 12, ETHERTYPE_IPV6);
	prefix.csum_start = ETH_HLEN + 39;
	assert_false(frame_complete(&prefix, frame, size));
	write_u16(frame + 12, ETHERTYPE_ARP);
	assert_false(frame_complete(&prefix, frame, size));
}

static void rings_keep_the_order_of_bytes(void **state)
{
	struct ring ring = { 0 };
	struct iovec parts[2];
	uint8_t in = 0, out = 0;

	(void)state;
	for (uint32_t round = 0; round < 2000; round++) {
		const uint32_t count = round * 37 % 300, drop = round * 53 % 310;

		for (uint32_t i = 0; i < count; i++) {
			assert_int_equal(ring_reserve(&ring, 1), 0);
			ring_append(&ring, &in, 1);
			in++;
		}
		for (uint32_t i = 0; i < drop && ring.length > 0; i++) {
			assert_int_equal(ring_parts(&ring, 0, 1, parts), 1);
			assert_int_equal(*(uint8_t *)parts[0].iov_base, out);
			ring_drop(&ring, 1);
			out++;
		}
	}
	ring_free(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_that_are_not_whole_are_none),
		cmocka_unit_test(options_that_lie_about_their_length_are_ignored),
		cmocka_unit_test(checksums_are_completed),
		cmocka_unit_test(checksums_do_not_change_ip_headers),
		cmocka_unit_test(rings_keep_the_order_of_bytes),
	};

	return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
