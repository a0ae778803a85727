/* SPDX-License-Identifier: Apache-2.0 */
/* What users write about the network, and which frames the helper lets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "net/filter.h"
#include "net/plan.h"
#include "net/ports.h"

static void expect_ports(const char *spec, const char *const *texts)
{
	_cleanup_ports_ struct net_ports ports = { 0 };
	char text[NET_PORT_TEXT_SIZE];
	size_t i = 0;

	assert_int_equal(net_ports_add(&ports, spec, NULL), 0);
	for (; texts[i]; i++) {
		assert_true(i < ports.count);
		net_port_format(&ports.items[i], text);
		assert_string_equal(text, texts[i]);
	}
	assert_int_equal(ports.count, i);
}

static void good_specs_are_read(void **state)
{
	static const struct {
		const char *spec;
		const char *texts[4];
	} cases[] = {
		{ "8080:80", { "127.0.0.1:8080:80/tcp" } },
		{ "8080:80/tcp", { "127.0.0.1:8080:80/tcp" } },
		{ "53:53/udp", { "127.0.0.1:53:53/udp" } },
		{ "0:80", { "127.0.0.1:0:80/tcp" } },
		{ "0.0.0.0:65535:1", { "0.0.0.0:65535:1/tcp" } },
		{ "[::1]:80:81", { "[::1]:80:81/tcp" } },
		{ "[::]:80:81/udp", { "[::]:80:81/udp" } },
		{ "8000-8002:80-82",
		  { "127.0.0.1:8000:80/tcp", "127.0.0.1:8001:81/tcp", "127.0.0.1:8002:82/tcp" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_ports(cases[i].spec, cases[i].texts);
}

static void bad_specs_are_refused(void **state)
{
	static const char *const specs[] = {
		"",
		":",
		"80",
		"80:",
		":80",
		"70000:80",
		"80:70000",
		"80:0",
		"-1:80",
		"80:+80",
		"8-9:80",
		"8-9:80-82",
		"9-8:80-81",
		"0-1:80-81",
		"80:80/",
		"80:80/sctp",
		"80:80/tcp/",
		"::1:80:80",
		"[::1]80:80",
		"[::1:80:80",
		"[]:80:80",
		"1.2.3:80:8",
		"256.0.0.1:1:1",
		"[1.2.3.4]:1:1",
		"a:80:80",
		"80:80:80:80",
		"1-2000:1-2000",
		"[fe80::1]:1:1",
		"[::ffff:127.0.0.1]:1:1",
		"[ff02::1]:1:1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		_cleanup_ports_ struct net_ports ports = { 0 };
		_cleanup_error_ struct error *error = NULL;

		assert_int_equal(net_ports_add(&ports, specs[i], &error), -1);
		assert_non_null(strstr(error->message, "publish"));
	}
}

static void what_overlaps_is_refused(void **state)
{
	static const struct {
		const char *first, *second;
		int result;
	} cases[] = {
		{ "8080:80", "8080:81", -1 },
		{ "8080:80", "0.0.0.0:8080:80", -1 },
		{ "8000-8010:80-90", "8010:1", -1 },
		{ "8080:80", "8080:80/udp", 0 },
		{ "127.0.0.1:8080:80", "127.0.0.2:8080:80", 0 },
		{ "0.0.0.0:8080:80", "[::]:8080:80", 0 },
		{ "0:80", "0:80", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_ports_ struct net_ports ports = { 0 };

		assert_int_equal(net_ports_add(&ports, cases[i].first, NULL), 0);
		assert_int_equal(net_ports_add(&ports, cases[i].second, NULL), cases[i].result);
	}
}

static void options_reach_the_plan(void **state)
{
	struct net_plan plan;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	assert_int_equal(net_plan_parse("slirp:mtu=1500,cidr=10.9.0.0/16,outbound=192.0.2.1,"
	                                "allow-host-loopback,mac=52:55:0a:00:02:64,dns=::1",
	                                "x", &plan, NULL),
	                 0);
	assert_int_equal(plan.mode, NET_SLIRP);
	assert_int_equal(plan.mtu, 1500);
	assert_true(plan.allow_host_loopback && plan.has_outbound && plan.ipv6 && plan.dns);
	assert_string_equal(inet_ntop(AF_INET, &plan.address, text, sizeof(text)), "10.9.0.100");
	assert_string_equal(inet_ntop(AF_INET, &plan.gateway, text, sizeof(text)), "10.9.0.2");
	assert_string_equal(plan.dns_server, "::1");
	assert_int_equal(plan.mac[5], 0x64);
	/* The last address, where there is no .100. */
	assert_int_equal(net_plan_parse("slirp:cidr=10.9.0.8/29", "x", &plan, NULL), 0);
	assert_string_equal(inet_ntop(AF_INET, &plan.address, text, sizeof(text)), "10.9.0.14");
	assert_int_equal(net_plan_parse("slirp", "x", &plan, NULL), 0);
	assert_int_equal(plan.mtu, NET_MTU_DEFAULT);
	assert_false(plan.allow_host_loopback);
}

static void bad_options_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"slirp4netns",
		"slirp:",
		"slirp:mtu",
		"slirp:mtu=",
		"slirp:mtu=67",
		"slirp:mtu=65521",
		"slirp:mtu=1279",
		"slirp:cidr=10.0.2.0",
		"slirp:cidr=10.0.2.0/33",
		"slirp:cidr=10.0.2.0/30",
		"slirp:cidr=10.0.2.4/24",
		"slirp:cidr=127.0.0.0/8",
		"slirp:cidr=224.0.0.0/8",
		"slirp:ipv6",
		"slirp:no-dns,dns=192.0.2.1",
		"slirp:ipv6=off,dns=::1",
		"slirp:outbound=",
		"slirp:outbound=a/b",
		"slirp:mac=01:00:00:00:00:00",
		"slirp:mac=52:55:0a:00:02:6",
		"slirp:allow-host-loopback=1",
		"slirp:mtu=1500,,",
		"host:mtu=1500",
		"none:",
	};
	struct net_plan plan;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(net_plan_parse(texts[i], "x", &plan, NULL), -1);
}

/* A UDP packet with @payload bytes of data. Return: the length of the frame. */
static size_t make_udp(uint8_t *frame, const char *from, const char *to, uint16_t payload)
{
	const uint16_t total = (uint16_t)(28 + payload);

	memset(frame, 0, 14u + total);
	frame[12] = 8;
	frame[14] = 0x45;
	frame[16] = (uint8_t)(total >> 8);
	frame[17] = (uint8_t)total;
	frame[23] = IPPROTO_UDP;
	inet_pton(AF_INET, from, frame + 26);
	inet_pton(AF_INET, to, frame + 30);
	frame[34] = 0x10; /* 4096 to 8192 */
	frame[36] = 0x20;
	frame[39] = (uint8_t)(8 + payload);
	return 14u + total;
}

static void frames_for_the_host_itself_are_dropped(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "127.255.0.1", "0.0.0.0", "0.1.2.3",
		                                 "255.255.255.255" };
	static const char *const addresses6[] = { "::1", "::", "::ffff:127.0.0.1", "::7f00:1" };
	uint8_t frame[128];
	size_t length;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		length = make_udp(frame, "10.0.2.100", addresses[i], 4);
		assert_int_equal(frame_judge(frame, length), FRAME_DROP);
	}
	length = make_udp(frame, "10.0.2.100", "192.0.2.1", 4);
	assert_int_equal(frame_judge(frame, length), FRAME_PASS);
	for (size_t i = 0; i < length && i < 34; i++)
		assert_int_equal(frame_judge(frame, i), FRAME_DROP);
	frame[20] = 0x20; /* more fragments */
	assert_int_equal(frame_judge(frame, length), FRAME_DROP);
	memset(frame, 0, sizeof(frame));
	frame[12] = 0x86;
	frame[13] = 0xdd;
	frame[14] = 0x60;
	frame[20] = IPPROTO_UDP;
	for (size_t i = 0; i < ARRAY_SIZE(addresses6); i++) {
		inet_pton(AF_INET6, addresses6[i], frame + 38);
		assert_int_equal(frame_judge(frame, 54), FRAME_DROP);
	}
	inet_pton(AF_INET6, "2001:db8::1", frame + 38);
	assert_int_equal(frame_judge(frame, 54), FRAME_PASS);
	assert_int_equal(frame_judge(frame, 53), FRAME_DROP);
}

static void frames_of_other_protocols_are_dropped(void **state)
{
	/* Extension headers, fragments, and what else there is. */
	static const uint8_t others[] = { 0, 2, 4, 41, 43, 44, 47, 50, 51, 60, 132, 255 };
	uint8_t frame[128] = { 0 };
	size_t length;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		length = make_udp(frame, "10.0.2.100", "192.0.2.1", 4);
		frame[23] = others[i];
		assert_int_equal(frame_judge(frame, length), FRAME_DROP);
		memset(frame, 0, sizeof(frame));
		frame[12] = 0x86;
		frame[13] = 0xdd;
		frame[14] = 0x60;
		frame[20] = others[i];
		inet_pton(AF_INET6, "2001:db8::1", frame + 38);
		assert_int_equal(frame_judge(frame, 54), FRAME_DROP);
	}
	/* With a VLAN tag before the type. */
	length = make_udp(frame, "10.0.2.100", "192.0.2.1", 4);
	frame[12] = 0x81;
	assert_int_equal(frame_judge(frame, length), FRAME_DROP);
}

static void udp_is_taken_apart_only_when_it_is_whole(void **state)
{
	uint8_t frame[128];
	size_t length = make_udp(frame, "10.0.2.100", "192.0.2.1", 4), payload_length;
	const uint8_t *payload;
	struct udp_flow flow;

	(void)state;
	assert_true(frame_udp(frame, length, false, &flow, &payload, &payload_length));
	assert_int_equal(flow.port, 4096);
	assert_int_equal(flow.peer_port, 8192);
	assert_int_equal(flow.peer[0], 192);
	assert_int_equal(payload_length, 4);
	assert_ptr_equal(payload, frame + 42);
	for (size_t i = 0; i < length; i++)
		assert_false(frame_udp(frame, i, false, &flow, &payload, &payload_length));
	frame[39] = 13; /* longer than the packet */
	assert_false(frame_udp(frame, length, false, &flow, &payload, &payload_length));
	frame[39] = 7;
	assert_false(frame_udp(frame, length, false, &flow, &payload, &payload_length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_specs_are_read),
		cmocka_unit_test(bad_specs_are_refused),
		cmocka_unit_test(what_overlaps_is_refused),
		cmocka_unit_test(options_reach_the_plan),
		cmocka_unit_test(bad_options_are_refused),
		cmocka_unit_test(frames_for_the_host_itself_are_dropped),
		cmocka_unit_test(frames_of_other_protocols_are_dropped),
		cmocka_unit_test(udp_is_taken_apart_only_when_it_is_whole),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
