/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of an option table that `create` and `run` share, and what they are read into. */
#pragma once

#include "command.h"

/* The library's options, and what is read in another shape. */
struct create_values {
	struct rootlet_create_options options;
	struct option_strings publish;
};

/* The options as the library takes them. */
static inline struct rootlet_create_options create_options_of(const struct create_values *values)
{
	struct rootlet_create_options options = values->options;

	options.publish = values->publish.items;
	return options;
}

#define CREATE_AT(member) offsetof(struct create_values, options.member)

/* clang-format off */
#define CREATE_OPTIONS \
	{ "bundle", 'b', OPTION_PATH, CREATE_AT(bundle), "DIR", \
	  "the bundle (default: the current directory)" }, \
	{ "config", 'f', OPTION_PATH, CREATE_AT(config), "FILE", \
	  "read FILE instead of config.json in the bundle" }, \
	{ "console-socket", 0, OPTION_PATH, CREATE_AT(console_socket), "SOCKET", \
	  "send the terminal's master there" }, \
	{ "pidfd-socket", 0, OPTION_PATH, CREATE_AT(pidfd_socket), "SOCKET", \
	  "send a pidfd of the container's process there" }, \
	{ "pid-file", 0, OPTION_PATH, CREATE_AT(pid_file), "FILE", \
	  "write the pid of the container's process to FILE" }, \
	{ "preserve-fds", 0, OPTION_NUMBER, CREATE_AT(preserve_fds), "N", \
	  "pass on N descriptors from 3 on" }, \
	{ "no-pivot", 0, OPTION_FLAG, CREATE_AT(no_pivot), NULL, \
	  "do without pivot_root (for an initramfs)" }, \
	{ "network", 0, OPTION_STRING, CREATE_AT(network), "none|host|slirp", \
	  "the network; slirp has options, see rootlet-network(7)" }, \
	{ "publish", 'p', OPTION_STRINGS, offsetof(struct create_values, publish), "SPEC", \
	  "publish [HOSTIP:]HOSTPORT:PORT[/tcp|udp]; may be repeated" }, \
	{ "no-new-keyring", 0, OPTION_FLAG, CREATE_AT(no_new_keyring), NULL, \
	  "keep the caller's session keyring" }
/* clang-format on */
