/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp echo PORT: send each datagram back, on all addresses.
 * udp tcp PORT: the same for TCP connections, many at once.
 * udp send ADDRESS PORT TEXT: send TEXT until an answer comes, and print that.
 */
#include <arpa/inet.h>
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
	if (argc == 3)
		return echo(atoi(argv[2]));
	return argc == 5 ? ask(argv[2], atoi(argv[3]), argv[4]) : 2;
}
