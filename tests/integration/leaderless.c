/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaderless FILE: a process of a session of its own whose first thread has ended, while another one
 * goes on for a thousand seconds. FILE is made when it is so. This one sleeps as long.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *ready;

/* Whether the first thread is a zombie: " Z " behind the name. */
static int has_ended(void)
{
	char path[64], text[512] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		exit(1);
	close(fd);
	return strstr(text, ") Z ") != NULL;
}

static void *go_on(void *data)
{
	(void)data;
	while (!has_ended())
		usleep(1000);
	close(open(ready, O_WRONLY | O_CREAT, 0644));
	sleep(1000);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 2)
		return 1;
	ready = argv[1];
	if (fork() != 0) {
		sleep(1000);
		return 0;
	}
	setsid();
	if (pthread_create(&thread, NULL, go_on, NULL) != 0)
		return 1;
	/* Not exit(2) of the process: of this thread alone. */
	syscall(SYS_exit, 0);
}
