/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys add NAME CMD [ARG...]: run CMD in a new session keyring that holds the key NAME.
 * keys find NAME: print what the key NAME of our session says, or why there is none.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int find(const char *name)
{
	char text[64] = "";
	long key = syscall(SYS_request_key, "user", name, NULL, 0);

	if (key < 0)
		key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0);
	if (key < 0 || syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof(text) - 1) < 0)
		printf("none: %s\n", strerror(errno));
	else
		printf("found: %s\n", text);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "find") == 0)
		return find(argv[2]);
	if (argc < 4 || strcmp(argv[1], "add") != 0)
		return 2;
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
	    syscall(SYS_add_key, "user", argv[2], "host secret", strlen("host secret"),
	            KEY_SPEC_SESSION_KEYRING) < 0) {
		perror("keys");
		return 77;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
