/* SPDX-License-Identifier: Apache-2.0 */
/* The remedy for a refused user namespace, apart from reading the sysctls. Private to idmap/. */
#pragma once

/* Values of the sysctls, -1: the kernel does not have it. */
struct userns_sysctls {
	long max_user_namespaces;
	long unprivileged_userns_clone;
	long apparmor_restrict_unprivileged_userns;
};

/* What to do when the kernel refused with @errnum; NULL when nothing is known. Static storage. */
const char *userns_remedy(int errnum, const struct userns_sysctls *sysctls);
