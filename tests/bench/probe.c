/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe serve ADDRESS PORT		echo server, one connection after the other; says "ready"
 * probe rtt ADDRESS PORT N		N one-byte messages there and back: microseconds each
 * probe connect ADDRESS PORT N		N connections with one byte there and back: per second
 *
 * ADDRESS is IPv4. What it prints is a number, the median of ten parts of the N.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PARTS       10
#define PATIENCE_S  20
#define BUFFER_SIZE 65536

static void give_up(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int make_socket(void)
{
	const int on = 1;
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		give_up("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void echo(int fd)
{
	static char buffer[BUFFER_SIZE];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		if (write(fd, buffer, (size_t)n) != n)
			break;
	close(fd);
}

static int serve(const struct sockaddr_in *address)
{
	const int on = 1;
	int listener = make_socket(), fd;

	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0 },
	           sizeof(struct timeval));
	if (bind(listener, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    listen(listener, SOMAXCONN) < 0)
		give_up("listen");
	puts("ready");
	fflush(stdout);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		echo(fd);
	}
	return 1;
}

static int open_connection(const struct sockaddr_in *address)
{
	int fd = make_socket();

	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		give_up("connect");
	return fd;
}

static void exchange(int fd)
{
	char byte = 'x';

	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
		give_up("a byte there and back");
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double parts[PARTS])
{
	qsort(parts, PARTS, sizeof(*parts), compare);
	return (parts[PARTS / 2 - 1] + parts[PARTS / 2]) / 2;
}

static int measure_rtt(const struct sockaddr_in *address, int count)
{
	double parts[PARTS];
	int fd = open_connection(address);

	exchange(fd);
	for (int i = 0; i < PARTS; i++) {
		double start = now();

		for (int j = 0; j < count / PARTS; j++)
			exchange(fd);
		parts[i] = (now() - start) / (count / PARTS) * 1e6;
	}
	printf("%.2f\n", median(parts));
	return 0;
}

static int measure_connect(const struct sockaddr_in *address, int count)
{
	double parts[PARTS];

	for (int i = 0; i < PARTS; i++) {
		double start = now();

		for (int j = 0; j < count / PARTS; j++) {
			int fd = open_connection(address);

			exchange(fd);
			close(fd);
		}
		parts[i] = count / PARTS / (now() - start);
	}
	printf("%.0f\n", median(parts));
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int count = argc > 4 ? atoi(argv[4]) : 0;

	if (argc < 4 || inet_pton(AF_INET, argv[2], &address.sin_addr) != 1)
		return 2;
	address.sin_port = htons((uint16_t)atoi(argv[3]));
	signal(SIGPIPE, SIG_IGN);
	if (strcmp(argv[1], "serve") == 0)
		return serve(&address);
	if (count < PARTS)
		return 2;
	if (strcmp(argv[1], "rtt") == 0)
		return measure_rtt(&address, count);
	return strcmp(argv[1], "connect") == 0 ? measure_connect(&address, count) : 2;
}
