/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile-frames PORT: send malformed frames through the container's tap, and TCP and UDP packets
 * for PORT of addresses that mean the host itself, some of which become so only where their checksum
 * is completed. Prints "sent".
 * hostile-frames PORT ADDRESS COUNT: SYNs from COUNT ports to that address.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_ll link_address;
static int fd;

static void send_frame(const uint8_t *frame, size_t length)
{
	sendto(fd, frame, length, 0, (struct sockaddr *)&link_address, sizeof(link_address));
}

static uint16_t checksum(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A TCP SYN, or a UDP packet with @data, from 10.0.2.100:@from to @address:@port, with good checksums. */
static void send_packet(uint16_t from, const char *address, uint16_t port, uint8_t protocol,
                        const void *data, size_t size)
{
	uint8_t frame[14 + 20 + 20 + 64] = { 0x52, 0x55, 10, 0, 2, 2, 2, 0, 0, 0, 0, 1, 8, 0 };
	uint8_t *ip = frame + 14, *body = ip + 20;
	size_t length = protocol == IPPROTO_TCP ? 20 : 8 + size;
	uint32_t sum = protocol + (uint32_t)length;
	uint16_t check;

	ip[0] = 0x45;
	ip[3] = (uint8_t)(20 + length);
	ip[8] = 64;
	ip[9] = protocol;
	inet_pton(AF_INET, "10.0.2.100", ip + 12);
	inet_pton(AF_INET, address, ip + 16);
	check = checksum(ip, 20, 0);
	ip[10] = (uint8_t)(check >> 8);
	ip[11] = (uint8_t)check;
	body[0] = (uint8_t)(from >> 8);
	body[1] = (uint8_t)from;
	body[2] = (uint8_t)(port >> 8);
	body[3] = (uint8_t)port;
	if (protocol == IPPROTO_TCP) {
		body[12] = 5 << 4;
		body[13] = 2; /* SYN */
		body[14] = 16;
		for (int i = 12; i < 20; i += 2)
			sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
		check = checksum(body, length, sum);
		body[16] = (uint8_t)(check >> 8);
		body[17] = (uint8_t)check;
	} else {
		body[5] = (uint8_t)length;
		memcpy(body + 8, data, size);
	}
	send_frame(frame, 34 + length);
}

static void send_to(uint16_t from, const char *address, uint16_t port, uint8_t protocol)
{
	send_packet(from, address, port, protocol, "x", 1);
}

/* From the published port 53 to libslirp's TFTP server: its answer is none from a client of that port. */
static void send_tftp(void)
{
	static const char request[] = "\0\1file\0octet";

	for (int i = 0; i < 4; i++) {
		send_packet(53, "10.0.2.2", 69, IPPROTO_UDP, request, sizeof(request));
		usleep(50000);
	}
}

/*
 * A UDP packet for 8.8.0.1:@port, of which the device is asked to put the checksum where the address
 * begins, and @data makes that 127.0: the IP header's own checksum is good for what becomes of it.
 */
static void send_completed(uint16_t port)
{
	struct {
		struct virtio_net_hdr prefix;
		uint8_t frame[14 + 20 + 8 + 22];
	} packet = { .prefix = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 30 },
		     .frame = { 0x52, 0x55, 10, 0, 2, 2, 2, 0, 0, 0, 0, 1, 8, 0 } };
	uint8_t *ip = packet.frame + 14, *udp = ip + 20, *data = udp + 8;
	const int on = 1, off = 0;
	uint16_t check;

	ip[0] = 0x45;
	ip[3] = 20 + 8 + 22;
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	inet_pton(AF_INET, "10.0.2.100", ip + 12);
	inet_pton(AF_INET, "127.0.0.1", ip + 16);
	check = checksum(ip, 20, 0);
	ip[10] = (uint8_t)(check >> 8);
	ip[11] = (uint8_t)check;
	ip[16] = ip[17] = 8;
	udp[0] = 40000 >> 8;
	udp[1] = 40000 & 0xff;
	udp[2] = (uint8_t)(port >> 8);
	udp[3] = (uint8_t)port;
	udp[5] = 8 + 22;
	/* The sum from there to the end is to be ~0x7f00. */
	check = checksum(ip + 16, 4 + 8 + 22, 0x7f00);
	data[0] = (uint8_t)(check >> 8);
	data[1] = (uint8_t)check;
	setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on));
	if (sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&link_address,
	           sizeof(link_address)) < 0)
		perror("hostile-frames");
	setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &off, sizeof(off));
}

static void send_malformed(uint16_t port)
{
	static const char *const addresses[] = { "127.0.0.1", "127.1.2.3", "0.0.0.0",
		                                 "255.255.255.255", "10.0.2.2" };
	static const uint16_t types[] = { ETHERTYPE_IP, ETHERTYPE_IPV6, ETHERTYPE_ARP, 0x8100, 0 };
	uint8_t frame[2048];

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		send_to(40000, addresses[i], port, IPPROTO_TCP);
		send_to(40000, addresses[i], port, IPPROTO_UDP);
	}
	send_completed(port);
	send_tftp();
	srandom(1);
	for (int i = 0; i < 200000; i++) {
		size_t length = 14 + (size_t)random() % (i % 8 ? 100 : sizeof(frame) - 14);
		uint16_t type = types[i % 5];

		for (size_t j = 0; j < length; j++)
			frame[j] = (uint8_t)random();
		frame[12] = (uint8_t)(type >> 8);
		frame[13] = (uint8_t)type;
		/* Half of them look right on the outside. */
		if (type == ETHERTYPE_IP && (i & 1) && length >= 34) {
			uint16_t check;

			frame[14] = (uint8_t)(0x40 | (5 + random() % 4));
			frame[16] = (uint8_t)((length - 14) >> 8);
			frame[17] = (uint8_t)(length - 14);
			frame[23] = (uint8_t)((i & 2)   ? IPPROTO_TCP
			                      : (i & 4) ? IPPROTO_UDP
			                                : IPPROTO_ICMP);
			memset(frame + 24, 0, 2);
			/* Nowhere: documentation addresses. */
			inet_pton(AF_INET, "198.51.100.1", frame + 30);
			check = checksum(
				frame + 14,
				(frame[14] & 15u) * 4u <= length - 14 ? (frame[14] & 15u) * 4u : 20,
				0);
			frame[24] = (uint8_t)(check >> 8);
			frame[25] = (uint8_t)check;
		}
		/* In the test's namespace there is no way out; still, nothing for real networks. */
		if (type == ETHERTYPE_IPV6 && length >= 54) {
			frame[14] = 0x60;
			inet_pton(AF_INET6, "2001:db8:1::1", frame + 38);
		}
		send_frame(frame, length);
	}
}

int main(int argc, char **argv)
{
	uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 0;

	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	link_address.sll_family = AF_PACKET;
	link_address.sll_ifindex = (int)if_nametoindex("tap0");
	link_address.sll_halen = ETH_ALEN;
	if (fd < 0 || link_address.sll_ifindex == 0) {
		perror("hostile-frames");
		return 1;
	}
	if (argc > 3)
		for (int i = 0; i < atoi(argv[3]); i++)
			send_to((uint16_t)(1024 + i), argv[2], port, IPPROTO_TCP);
	else
		send_malformed(port);
	puts("sent");
	return 0;
}
