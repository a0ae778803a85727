/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's settings as properties of its systemd unit (systemd.resource-control(5),
 * org.freedesktop.systemd1(5)).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "cgroup/resources.h"
#include "spec/config.h"

/* By the signature that D-Bus has for it. */
enum property_type {
	PROPERTY_BOOL,           /* b */
	PROPERTY_INT32,          /* i */
	PROPERTY_UINT32,         /* u */
	PROPERTY_INT64,          /* x */
	PROPERTY_UINT64,         /* t */
	PROPERTY_STRING,         /* s */
	PROPERTY_STRINGS,        /* as */
	PROPERTY_BYTES,          /* ay: a set of numbers, number N is bit N % 8 of byte N / 8 */
	PROPERTY_DEVICE_NUMBERS, /* a(st) */
	PROPERTY_DEVICE_STRINGS, /* a(ss) */
};

struct property_item {
	const char *text;
	uint64_t number;
	const char *more;
};

struct unit_property {
	const char *name;
	enum property_type type;
	uint64_t number;             /* signed ones by their bit pattern */
	const char *text;            /* a string; or the bytes */
	size_t size;                 /* of the bytes */
	struct property_item *items; /* of an array of strings or pairs */
	size_t count;
	bool recent; /* not known to all systemd from 247 on: may be left out */
};

/* One for each name: what is added later replaces, or for devices adds to, what is there. */
struct unit_properties {
	struct unit_property *items;
	size_t count;
};

/*
 * unit_properties_add_settings - what systemd has to know of @settings, so that it does not undo
 * them
 *
 * It writes all files of a controller when it reloads or one property changes. A setting that has
 * no property, or a value that its property cannot take, is left out: the file alone has it, and
 * systemd knows nothing of that file (or, for values out of its range, may reset it). Strings live
 * in @arena.
 *
 * Return: 0, or -1 with *err (out of memory).
 */
int unit_properties_add_settings(const struct cgroup_settings *settings, struct arena *arena,
                                 struct unit_properties *properties, struct error **err);

/*
 * unit_properties_add_devices - the device rules, as far as DeviceAllow= can say them
 * @rules, @count:	linux.resources.devices
 *
 * Never less than the rules and what every container may: the exact ones are in a program of our
 * own (devices.h). Nothing when the rules allow all that they do not name.
 */
int unit_properties_add_devices(const struct device_rule *rules, size_t count, struct arena *arena,
                                struct unit_properties *properties, struct error **err);

/*
 * unit_properties_add_annotations - annotations org.systemd.property.NAME, as runc and crun have
 * them
 *
 * The value is in GVariant's text form: true, 5, uint64 5, 'text', ['a', 'b']; NAMESec with a
 * number of seconds means NAMEUSec. Names that the runtime decides about are refused.
 */
int unit_properties_add_annotations(const struct string_map *annotations, struct arena *arena,
                                    struct unit_properties *properties, struct error **err);
