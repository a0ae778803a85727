/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what is written to the files of a cgroup has been planned already
 * (resources.c: conversions, swap, unified keys last). The properties are made from that plan, not
 * from config.json, so that systemd and the files cannot disagree. A table says which file is which
 * property. The files are written as well, afterwards: a property may be rounded, be unknown to an
 * old systemd, or belong to a controller that this systemd does not delegate, and only the file
 * tells.
 */
#include "cgroup/properties.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"

#define DEFAULT_PERIOD 100000 /* microseconds, of the kernel's cpu.max */

/* CPUQuota= is written down with two digits of a percent. */
#define QUOTA_STEP 100

/* More CPUs than that are nobody's: NR_CPUS of a kernel is at most 8192. */
#define SET_LIMIT 8192

struct building {
	struct arena *arena;
	struct unit_properties *properties;
	struct error **err;
};

/* --- the list -------------------------------------------------------------------------------- */

static struct unit_property *find(const struct unit_properties *properties, const char *name)
{
	for (size_t i = 0; i < properties->count; i++)
		if (strcmp(properties->items[i].name, name) == 0)
			return &properties->items[i];
	return NULL;
}

static int no_memory(const struct building *building)
{
	return error_set(building->err, ENOMEM, "the properties of the container's unit");
}

/* The property @name, a new one when there is none yet; NULL with *err when out of memory. */
static struct unit_property *get(const struct building *building, const char *name,
                                 enum property_type type)
{
	struct unit_properties *properties = building->properties;
	struct unit_property *property = find(properties, name);

	if (property)
		return property;
	/* Room is made in steps: at 0, 1, 2, 4, 8 … */
	if ((properties->count & (properties->count - 1)) == 0) {
		size_t room = properties->count ? properties->count * 2 : 1;
		struct unit_property *items = arena_alloc(building->arena, room * sizeof(*items));

		if (!items) {
			no_memory(building);
			return NULL;
		}
		if (properties->count)
			memcpy(items, properties->items, properties->count * sizeof(*items));
		properties->items = items;
	}
	property = &properties->items[properties->count++];
	*property = (struct unit_property){ .name = name, .type = type };
	return property;
}

static int set_number(const struct building *building, const char *name, uint64_t number)
{
	struct unit_property *property = get(building, name, PROPERTY_UINT64);

	if (!property)
		return -1;
	property->number = number;
	return 0;
}

static int set_text(const struct building *building, const char *name, const char *text)
{
	struct unit_property *property = get(building, name, PROPERTY_STRING);

	if (!property)
		return -1;
	property->text = text;
	return 0;
}

/* Put @item behind the items of @property. */
static int add_item(const struct building *building, struct unit_property *property,
                    struct property_item item)
{
	struct property_item *items = arena_alloc(building->arena,
	                                          (property->count + 1) * sizeof(*items));

	if (!items)
		return no_memory(building);
	if (property->count)
		memcpy(items, property->items, property->count * sizeof(*items));
	items[property->count++] = item;
	property->items = items;
	return 0;
}

/* --- files ----------------------------------------------------------------------------------- */

struct conversion {
	const char *file;
	const char *property;
	int (*convert)(const struct building *building, const struct conversion *conversion,
	               const char *value);
	uint64_t least, most; /* what systemd takes; 0: no upper limit, and "max" is a value */
	bool recent;
};

/* "max" is systemd's infinity. */
static bool parse_limit(const char *text, uint64_t *number)
{
	if (strcmp(text, "max") != 0)
		return number_parse_u64(text, number);
	*number = UINT64_MAX;
	return true;
}

static int convert_number(const struct building *building, const struct conversion *conversion,
                          const char *value)
{
	struct unit_property *property;
	uint64_t number;

	if (!parse_limit(value, &number) || number < conversion->least ||
	    (conversion->most && number > conversion->most))
		return 0;
	property = get(building, conversion->property, PROPERTY_UINT64);
	if (!property)
		return -1;
	property->number = number;
	property->recent = conversion->recent;
	return 0;
}

/* CPUWeight=idle, number 0, is the weight that cpu.idle makes irrelevant. */
static int convert_cpu_weight(const struct building *building, const struct conversion *conversion,
                              const char *value)
{
	const struct unit_property *property = find(building->properties, conversion->property);

	if (property && property->number == 0)
		return 0;
	return convert_number(building, conversion, value);
}

static int convert_cpu_idle(const struct building *building, const struct conversion *conversion,
                            const char *value)
{
	const bool idle = strcmp(value, "1") == 0;
	struct unit_property *property;

	property = get(building, conversion->property, PROPERTY_UINT64);
	if (!property)
		return -1;
	/* Not idle: none is set, as in the kernel's file; what systemd had would be idle again. */
	property->number = idle ? 0 : UINT64_MAX;
	property->recent = idle && conversion->recent;
	return 0;
}

/* "50000 100000": so many microseconds in each period. */
static int convert_cpu_max(const struct building *building, const struct conversion *conversion,
                           const char *value)
{
	const char *space = strchr(value, ' ');
	char *first = arena_strndup(building->arena, value,
	                            space ? (size_t)(space - value) : strlen(value));
	uint64_t quota, period = DEFAULT_PERIOD, rate = UINT64_MAX;

	if (!first)
		return no_memory(building);
	if (!parse_limit(first, &quota) || (space && !number_parse_u64(space + 1, &period)) ||
	    period == 0 || quota == 0)
		return 0;
	if (quota != UINT64_MAX) {
		if (__builtin_mul_overflow(quota, UINT64_C(1000000), &rate))
			return 0;
		rate = rate / period + (rate % period != 0);
		rate = (rate + QUOTA_STEP - 1) / QUOTA_STEP * QUOTA_STEP;
	}
	if (space && set_number(building, "CPUQuotaPeriodUSec", period) < 0)
		return -1;
	return set_number(building, conversion->property, rate);
}

/* "0-3,7" as bits; false when it is something else. */
static bool parse_set(char *list, uint8_t *bits, size_t *size)
{
	char *rest = list, *range;

	while ((range = strsep(&rest, ","))) {
		char *last = strchr(range, '-');
		uint32_t from, to;

		if (last)
			*last++ = '\0';
		if (!number_parse_u32(range, &from) ||
		    !number_parse_u32(last ? last : range, &to) || to < from || to >= SET_LIMIT)
			return false;
		for (uint32_t i = from; i <= to; i++)
			bits[i / 8] |= (uint8_t)(1U << (i % 8));
		if (to / 8 + 1 > *size)
			*size = to / 8 + 1;
	}
	return true;
}

static int convert_set(const struct building *building, const struct conversion *conversion,
                       const char *value)
{
	char *list = arena_strdup(building->arena, value);
	uint8_t *bits = arena_alloc(building->arena, SET_LIMIT / 8);
	struct unit_property *property;
	size_t size = 0;

	if (!list || !bits)
		return no_memory(building);
	if (!parse_set(list, bits, &size))
		return 0;
	property = get(building, conversion->property, PROPERTY_BYTES);
	if (!property)
		return -1;
	property->text = (const char *)bits;
	property->size = size;
	return 0;
}

/* A device by its numbers "8:0", as a path that systemd finds it by. */
static int add_device_number(const struct building *building, const char *property_name,
                             const char *device, uint64_t number)
{
	struct unit_property *property = get(building, property_name, PROPERTY_DEVICE_NUMBERS);
	struct property_item item = { .number = number };

	if (!property)
		return -1;
	item.text = arena_printf(building->arena, "/dev/block/%s", device);
	if (!item.text)
		return no_memory(building);
	return add_item(building, property, item);
}

/* Split off the first word of *text; NULL at the end. */
static char *next_word(char **text)
{
	char *word;

	do {
		word = strsep(text, " ");
	} while (word && !*word);
	return word;
}

static bool is_device(const char *text)
{
	return text && strchr(text, ':') && strspn(text, "0123456789:") == strlen(text);
}

/* "100", "default 100" or "8:0 100". */
static int convert_io_weight(const struct building *building, const struct conversion *conversion,
                             const char *value)
{
	char *rest = arena_strdup(building->arena, value), *word, *text;
	uint64_t weight;

	if (!rest)
		return no_memory(building);
	word = next_word(&rest);
	text = next_word(&rest);
	if (!text) {
		text = word;
		word = NULL;
	}
	if (!text || !number_parse_u64(text, &weight) || weight < 1)
		return 0;
	/* systemd writes io.bfq.weight by this rule (BFQ_WEIGHT in its cgroup code) from IOWeight=. */
	if (strcmp(conversion->file, "io.bfq.weight") == 0 && weight > 100)
		weight = 100 + (weight - 100) * 11;
	if (weight > conversion->most)
		return 0;
	if (is_device(word))
		return add_device_number(building, "IODeviceWeight", word, weight);
	if (word && strcmp(word, "default") != 0)
		return 0;
	return set_number(building, conversion->property, weight);
}

/* "8:0 rbps=1048576 wiops=100". */
static int convert_io_max(const struct building *building, const struct conversion *conversion,
                          const char *value)
{
	static const struct {
		const char *key, *property;
	} rates[] = {
		{ "rbps", "IOReadBandwidthMax" },
		{ "wbps", "IOWriteBandwidthMax" },
		{ "riops", "IOReadIOPSMax" },
		{ "wiops", "IOWriteIOPSMax" },
	};
	char *rest = arena_strdup(building->arena, value), *device, *word;

	(void)conversion;
	if (!rest)
		return no_memory(building);
	device = next_word(&rest);
	if (!is_device(device))
		return 0;
	while ((word = next_word(&rest))) {
		char *key = strsep(&word, "=");
		uint64_t rate;

		if (!word || !parse_limit(word, &rate) || rate == 0)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
			if (strcmp(rates[i].key, key) == 0 &&
			    add_device_number(building, rates[i].property, device, rate) < 0)
				return -1;
	}
	return 0;
}

/* The kernel's OOM killer takes all of the cgroup, and systemd calls that the policy "kill". */
static int convert_oom_group(const struct building *building, const struct conversion *conversion,
                             const char *value)
{
	struct unit_property *property;

	if (strcmp(value, "1") != 0)
		return 0;
	property = get(building, conversion->property, PROPERTY_STRING);
	if (!property)
		return -1;
	property->text = "kill";
	property->recent = conversion->recent;
	return 0;
}

/* "recent": MemoryZSwapMax= and OOMPolicy= of scopes came with 253, CPUWeight=idle with 252. */
static const struct conversion conversions[] = {
	{ "memory.max", "MemoryMax", convert_number, .least = 1 },
	{ "memory.high", "MemoryHigh", convert_number, .least = 1 },
	{ "memory.low", "MemoryLow", convert_number },
	{ "memory.min", "MemoryMin", convert_number },
	{ "memory.swap.max", "MemorySwapMax", convert_number },
	{ "memory.zswap.max", "MemoryZSwapMax", convert_number, .recent = true },
	{ "memory.oom.group", "OOMPolicy", convert_oom_group, .recent = true },
	{ "cpu.weight", "CPUWeight", convert_cpu_weight, 1, 10000 },
	{ "cpu.idle", "CPUWeight", convert_cpu_idle, .recent = true },
	{ "cpu.max", "CPUQuotaPerSecUSec", convert_cpu_max },
	{ "cpuset.cpus", "AllowedCPUs", convert_set },
	{ "cpuset.mems", "AllowedMemoryNodes", convert_set },
	{ "pids.max", "TasksMax", convert_number, .least = 1 },
	{ "io.weight", "IOWeight", convert_io_weight, 1, 10000 },
	{ "io.bfq.weight", "IOWeight", convert_io_weight, 1, 10000 },
	{ "io.max", NULL, convert_io_max },
};

int unit_properties_add_settings(const struct cgroup_settings *settings, struct arena *arena,
                                 struct unit_properties *properties, struct error **err)
{
	const struct building building = { arena, properties, err };

	for (size_t i = 0; i < settings->count; i++) {
		const struct cgroup_setting *setting = &settings->items[i];

		for (size_t j = 0; j < ARRAY_SIZE(conversions); j++)
			if (strcmp(setting->file, conversions[j].file) == 0 &&
			    conversions[j].convert(&building, &conversions[j], setting->value) < 0)
				return -1;
	}
	return 0;
}

/* --- devices --------------------------------------------------------------------------------- */

static bool is_any(const struct opt_i64 *number)
{
	return !number->set || number->value < 0;
}

static bool is_all_types(const struct device_rule *rule)
{
	return !rule->type || strcmp(rule->type, "a") == 0;
}

static const char *access_of(const struct device_rule *rule)
{
	return rule->access && *rule->access ? rule->access : "rwm";
}

/* It says what holds for every device, so that no rule before it counts. */
static bool is_for_everything(const struct device_rule *rule)
{
	const char *access = access_of(rule);

	return is_all_types(rule) && is_any(&rule->major) && is_any(&rule->minor) &&
	       strchr(access, 'r') && strchr(access, 'w') && strchr(access, 'm');
}

static int allow_devices(const struct building *building, struct unit_property *allow,
                         const struct device_rule *rule, char type)
{
	const char *word = type == 'b' ? "block" : "char";
	struct property_item item = { .more = access_of(rule) };

	/* There is no pattern for a minor of any major: all of them contain it. */
	if (is_any(&rule->major))
		item.text = arena_printf(building->arena, "%s-*", word);
	else if (is_any(&rule->minor))
		item.text = arena_printf(building->arena, "%s-%lld", word,
		                         (long long)rule->major.value);
	else
		item.text = arena_printf(building->arena, "/dev/%s/%lld:%lld", word,
		                         (long long)rule->major.value,
		                         (long long)rule->minor.value);
	if (!item.text)
		return no_memory(building);
	return add_item(building, allow, item);
}

/* What every container may (default_rules of devices.c). */
static int allow_defaults(const struct building *building, struct unit_property *allow)
{
	static const struct property_item defaults[] = {
		{ .text = "char-*", .more = "m" },
		{ .text = "block-*", .more = "m" },
		{ .text = "/dev/char/1:3", .more = "rwm" },
		{ .text = "/dev/char/1:5", .more = "rwm" },
		{ .text = "/dev/char/1:7", .more = "rwm" },
		{ .text = "/dev/char/1:8", .more = "rwm" },
		{ .text = "/dev/char/1:9", .more = "rwm" },
		{ .text = "/dev/char/5:0", .more = "rwm" },
		{ .text = "/dev/char/5:2", .more = "rwm" },
		{ .text = "char-136", .more = "rwm" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (add_item(building, allow, defaults[i]) < 0)
			return -1;
	return 0;
}

static int collect_allowed(const struct building *building, const struct device_rule *rules,
                           size_t count, struct unit_property *allow, bool *all)
{
	for (size_t i = 0; i < count; i++) {
		const struct device_rule *rule = &rules[i];

		if (is_for_everything(rule)) {
			*all = rule->allow;
			allow->count = 0;
		} else if (rule->allow) {
			if ((is_all_types(rule) || *rule->type == 'b') &&
			    allow_devices(building, allow, rule, 'b') < 0)
				return -1;
			if ((is_all_types(rule) || *rule->type != 'b') &&
			    allow_devices(building, allow, rule, 'c') < 0)
				return -1;
		}
	}
	return 0;
}

int unit_properties_add_devices(const struct device_rule *rules, size_t count, struct arena *arena,
                                struct unit_properties *properties, struct error **err)
{
	const struct building building = { arena, properties, err };
	struct unit_property allow = { 0 }, *property;
	bool all = false;

	if (count == 0)
		return 0;
	if (collect_allowed(&building, rules, count, &allow, &all) < 0)
		return -1;
	if (all)
		return 0;
	if (allow_defaults(&building, &allow) < 0 ||
	    set_text(&building, "DevicePolicy", "strict") < 0)
		return -1;
	property = get(&building, "DeviceAllow", PROPERTY_DEVICE_STRINGS);
	if (!property)
		return -1;
	property->items = allow.items;
	property->count = allow.count;
	return 0;
}

/* --- annotations ----------------------------------------------------------------------------- */

#define ANNOTATION_PREFIX "org.systemd.property."

static int refuse_value(const struct building *building, const char *name, const char *value)
{
	error_set(building->err, 0,
	          "annotations[" ANNOTATION_PREFIX "%s]: \"%s\" is not understood", name, value);
	return error_hint(building->err,
	                  "write it as true, 5, uint64 5, 'text' or ['text', 'text']");
}

/* A string in quotes at *text, which then points behind it; NULL when there is none. */
static char *parse_quoted(const struct building *building, const char **text)
{
	const char *in = *text;
	char quote = *in++, *out, *string = arena_alloc(building->arena, strlen(in) + 1);

	if (!string || (quote != '\'' && quote != '"'))
		return NULL;
	for (out = string; *in && *in != quote; in++) {
		if (*in == '\\' && in[1])
			in++;
		*out++ = *in;
	}
	if (*in != quote)
		return NULL;
	*text = in + 1;
	return string;
}

static void skip_spaces(const char **text)
{
	*text += strspn(*text, " ");
}

/* Return: 1, 0 when it is not one, -1 with *err. */
static int parse_strings(const struct building *building, const char *value,
                         struct unit_property *property)
{
	property->type = PROPERTY_STRINGS;
	if (*value++ != '[')
		return 0;
	for (skip_spaces(&value); *value != ']'; skip_spaces(&value)) {
		struct property_item item = { .text = parse_quoted(building, &value) };

		if (!item.text)
			return 0;
		if (add_item(building, property, item) < 0)
			return -1;
		skip_spaces(&value);
		if (*value == ',')
			value++;
		else if (*value != ']')
			return 0;
	}
	return value[1] == '\0';
}

static bool parse_number(const char *value, struct unit_property *property)
{
	static const struct {
		const char *word;
		enum property_type type;
		int64_t least;
		uint64_t most;
	} kinds[] = {
		{ "int32 ", PROPERTY_INT32, INT32_MIN, INT32_MAX },
		{ "uint32 ", PROPERTY_UINT32, 0, UINT32_MAX },
		{ "int64 ", PROPERTY_INT64, INT64_MIN, INT64_MAX },
		{ "uint64 ", PROPERTY_UINT64, 0, UINT64_MAX },
		{ "", PROPERTY_INT32, INT32_MIN, INT32_MAX },
	};
	size_t i = 0;
	int64_t number;

	while (strncmp(value, kinds[i].word, strlen(kinds[i].word)) != 0)
		i++;
	value += strlen(kinds[i].word);
	skip_spaces(&value);
	property->type = kinds[i].type;
	if (*value != '-')
		return number_parse_u64(value, &property->number) &&
		       property->number <= kinds[i].most;
	if (!number_parse_i64(value, &number) || number < kinds[i].least)
		return false;
	property->number = (uint64_t)number;
	return true;
}

/* Return: 1, 0 when it is not understood, -1 with *err. */
static int parse_value(const struct building *building, const char *value,
                       struct unit_property *property)
{
	skip_spaces(&value);
	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
		property->type = PROPERTY_BOOL;
		property->number = *value == 't';
		return 1;
	}
	if (strncmp(value, "@as ", 4) == 0)
		value += 4;
	if (*value == '[')
		return parse_strings(building, value, property);
	if (*value == '\'' || *value == '"') {
		property->type = PROPERTY_STRING;
		property->text = parse_quoted(building, &value);
		return property->text && !*value;
	}
	return parse_number(value, property);
}

/* "TimeoutStopSec" with seconds is "TimeoutStopUSec" for D-Bus, always an uint64. */
static int convert_seconds(const struct building *building, struct unit_property *property)
{
	const char *name = property->name;
	size_t length = strlen(name);

	if (length < 4 || strcmp(name + length - 3, "Sec") != 0 || name[length - 4] < 'a' ||
	    name[length - 4] > 'z')
		return 1;
	switch (property->type) {
	case PROPERTY_INT32:
	case PROPERTY_INT64:
		if ((int64_t)property->number < 0)
			return 0;
		break;
	case PROPERTY_UINT32:
	case PROPERTY_UINT64:
		break;
	default:
		return 0;
	}
	property->type = PROPERTY_UINT64;
	if (__builtin_mul_overflow(property->number, UINT64_C(1000000), &property->number))
		return 0;
	property->name = arena_printf(building->arena, "%.*sUSec", (int)length - 3, name);
	return property->name ? 1 : no_memory(building);
}

static bool is_property_name(const char *name)
{
	if (*name < 'A' || *name > 'Z')
		return false;
	for (; *name; name++)
		if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
		      (*name >= '0' && *name <= '9')))
			return false;
	return true;
}

static int add_annotation(const struct building *building, const char *name, const char *value)
{
	static const char *const ours[] = { "PIDs", "PIDFDs", "Slice", "Delegate" };
	struct unit_property property = { .name = name }, *place;
	int n;

	if (!is_property_name(name))
		return error_set(building->err, 0,
		                 "annotations[" ANNOTATION_PREFIX
		                 "%s]: not the name of a property of a unit",
		                 name);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (strcmp(name, ours[i]) == 0)
			return error_set(building->err, 0,
			                 "annotations[" ANNOTATION_PREFIX
			                 "%s]: decided by the runtime",
			                 name);
	n = parse_value(building, value, &property);
	if (n > 0)
		n = convert_seconds(building, &property);
	if (n <= 0)
		return n < 0 ? -1 : refuse_value(building, name, value);
	place = get(building, property.name, property.type);
	if (!place)
		return -1;
	*place = property;
	return 0;
}

int unit_properties_add_annotations(const struct string_map *annotations, struct arena *arena,
                                    struct unit_properties *properties, struct error **err)
{
	const struct building building = { arena, properties, err };
	const size_t prefix = strlen(ANNOTATION_PREFIX);

	for (size_t i = 0; i < annotations->count; i++) {
		const struct key_value *annotation = &annotations->items[i];

		if (strncmp(annotation->key, ANNOTATION_PREFIX, prefix) == 0 &&
		    add_annotation(&building, annotation->key + prefix, annotation->value) < 0)
			return -1;
	}
	return 0;
}
