/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What we use of libsystemd's sd-bus, with the meanings of its manual pages (sd-bus(3)). The library
 * is loaded when a scope has to be talked about, and never linked; the functions are declared here,
 * so that a build does not need its headers, nor a system that has no systemd at all. They are all
 * in its first stable version of sd-bus (LIBSYSTEMD_221) but sd_bus_is_ready() (LIBSYSTEMD_237).
 */
#pragma once

#include <stdint.h>
#include <stddef.h>

#define SD_BUS_LIBRARY "libsystemd.so.0"

typedef struct sd_bus sd_bus;
typedef struct sd_bus_message sd_bus_message;
typedef struct sd_bus_slot sd_bus_slot;

typedef struct {
	const char *name, *message;
	int need_free;
} sd_bus_error;

typedef int (*sd_bus_handler)(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);

/* Return a negative errno value when they fail. */
struct sd_bus_library {
	void *handle;
	int (*new)(sd_bus **bus);
	int (*set_fd)(sd_bus *bus, int input_fd, int output_fd);
	int (*set_address)(sd_bus *bus, const char *address);
	int (*set_bus_client)(sd_bus *bus, int is_client);
	int (*start)(sd_bus *bus);
	int (*is_ready)(sd_bus *bus);
	int (*get_fd)(sd_bus *bus);
	int (*get_events)(sd_bus *bus);
	int (*process)(sd_bus *bus, sd_bus_message **message);
	void (*close)(sd_bus *bus);
	sd_bus *(*unref)(sd_bus *bus);
	int (*add_filter)(sd_bus *bus, sd_bus_slot **slot, sd_bus_handler handler, void *userdata);
	int (*call_async)(sd_bus *bus, sd_bus_slot **slot, sd_bus_message *message,
	                  sd_bus_handler handler, void *userdata, uint64_t usec);
	int (*send)(sd_bus *bus, sd_bus_message *message, uint64_t *cookie);
	int (*message_new_method_call)(sd_bus *bus, sd_bus_message **message,
	                               const char *destination, const char *path,
	                               const char *interface, const char *member);
	sd_bus_message *(*message_ref)(sd_bus_message *message);
	sd_bus_message *(*message_unref)(sd_bus_message *message);
	int (*message_set_expect_reply)(sd_bus_message *message, int expect);
	int (*message_append)(sd_bus_message *message, const char *types, ...);
	int (*message_append_array)(sd_bus_message *message, char type, const void *data,
	                            size_t size);
	int (*message_open_container)(sd_bus_message *message, char type, const char *contents);
	int (*message_close_container)(sd_bus_message *message);
	int (*message_is_signal)(sd_bus_message *message, const char *interface,
	                         const char *member);
	int (*message_is_method_error)(sd_bus_message *message, const char *name);
	const sd_bus_error *(*message_get_error)(sd_bus_message *message);
	int (*message_read)(sd_bus_message *message, const char *types, ...);
};
