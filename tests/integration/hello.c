/* SPDX-License-Identifier: Apache-2.0 */
/* The program of the walkthrough: greets, so that one sees that a container has run. */
#include <stdio.h>

int main(void)
{
	puts("Hello from a container!");
	return 0;
}
