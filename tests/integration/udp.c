/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp echo PORT: send each datagram back, on all addresses.
 * udp tcp PORT: the same for TCP connections, many at once.
 * udp send ADDRESS PORT TEXT: send TEXT until an answer comes, and print that.
 * udp flood ADDRESS COUNT: COUNT datagrams, from many ports to many ports; prints "flooded".
 * udp hold ADDRESS PORT: connect, write until nothing more is taken for a while; prints "stuck".
 * udp deaf PORT: take one TCP connection and never read from it.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <signal.h>
#include <unistd.h>

static int echo(int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_storage peer;
	static char data[65536];
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return 1;
	for (;;) {
		socklen_t length = sizeof(peer);
		ssize_t n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&peer, &length);

		if (n < 0)
			return 1;
		sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&peer, length);
	}
}

static int echo_tcp(int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	char data[4096];
	ssize_t n;

	signal(SIGCHLD, SIG_IGN);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 4096) < 0)
		return 1;
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (client >= 0 && fork() == 0) {
			while ((n = read(client, data, sizeof(data))) > 0 &&
			       write(client, data, (size_t)n) == n)
				continue;
			_exit(0);
		}
		close(client);
	}
}

static int flood(const char *address, int count)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = -1;

	inet_pton(AF_INET, address, &to.sin_addr);
	for (int i = 0; i < count; i++) {
		/* A port of ours for every ten of theirs. */
		if (i % 10 == 0) {
			close(fd);
			fd = socket(AF_INET, SOCK_DGRAM, 0);
		}
		to.sin_port = htons((uint16_t)(1024 + i % 60000));
		sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	}
	puts("flooded");
	return 0;
}

static int hold(const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct pollfd writable = { .fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLOUT };
	static char data[65536];

	inet_pton(AF_INET, address, &to.sin_addr);
	if (connect(writable.fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	while (poll(&writable, 1, 1000) > 0)
		if (send(writable.fd, data, sizeof(data), MSG_DONTWAIT) < 0)
			continue;
	puts("stuck");
	fflush(stdout);
	pause();
	return 0;
}

static int listen_deaf(int port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 1) < 0 ||
	    accept(fd, NULL, NULL) < 0)
		return 1;
	pause();
	return 0;
}

static int ask(const char *address, int port, const char *text)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	const struct timeval patience = { .tv_usec = 200000 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char answer[1024];

	inet_pton(AF_INET, address, &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (int i = 0; i < 50; i++) {
		ssize_t n;

		sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to));
		n = recv(fd, answer, sizeof(answer) - 1, 0);
		if (n < 0)
			continue;
		answer[n] = '\0';
		puts(answer);
		return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "tcp") == 0)
		return echo_tcp(atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "deaf") == 0)
		return listen_deaf(atoi(argv[2]));
	if (argc == 4 && strcmp(argv[1], "flood") == 0)
		return flood(argv[2], atoi(argv[3]));
	if (argc == 4)
		return hold(argv[2], atoi(argv[3]));
	if (argc == 3)
		return echo(atoi(argv[2]));
	return argc == 5 ? ask(argv[2], atoi(argv[3]), argv[4]) : 2;
}
