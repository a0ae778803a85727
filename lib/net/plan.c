/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: options are a table. The addresses follow from the network: its host .2 is
 * the gateway, .3 the name server, .100 the container, as slirp users know them; in a network too
 * small for that, the last one is the container's.
 */
#include "net/plan.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "base/number.h"
#include "net/helper.h"

#define TUN_DEVICE      "/dev/net/tun"
#define MTU_MIN         68u   /* RFC 791 */
#define MTU_MIN_IPV6    1280u /* RFC 8200, section 5 */
#define MTU_MAX         65520u
#define PREFIX_MIN      8u
#define PREFIX_MAX      29u /* gateway, name server, container, and the two ends */
#define HOST_GATEWAY    2u
#define HOST_NAMESERVER 3u
#define HOST_CONTAINER  100u
#define DEFAULT_NETWORK "10.0.2.0"
#define DEFAULT_PREFIX  24u

/* In this order, where the host is in one of them itself. */
static const char *const default_networks[] = { DEFAULT_NETWORK, "10.41.2.0", "10.97.2.0",
	                                        "172.29.102.0", "192.168.202.0" };

const char *net_mode_name(enum net_mode mode)
{
	static const char *const names[] = { NULL, "none", "host", "slirp" };

	return names[mode];
}

/* --- options --------------------------------------------------------------------------------- */

static void set_network(struct net_plan *plan, struct in_addr network, uint32_t prefix)
{
	const uint32_t mask = ~UINT32_C(0) << (32 - prefix), base = ntohl(network.s_addr) & mask;
	const uint32_t last = ~mask - 1;

	plan->prefix = prefix;
	plan->netmask.s_addr = htonl(mask);
	plan->network.s_addr = htonl(base);
	plan->gateway.s_addr = htonl(base + HOST_GATEWAY);
	plan->nameserver.s_addr = htonl(base + HOST_NAMESERVER);
	plan->address.s_addr = htonl(base + (last < HOST_CONTAINER ? last : HOST_CONTAINER));
}

static void set_defaults(struct net_plan *plan)
{
	static const uint8_t default_mac[] = { 0x52, 0x55, 0x00, 0x00, 0x00, 0x64 };
	struct in_addr network;

	*plan = (struct net_plan){ .mtu = NET_MTU_DEFAULT, .ipv6 = true, .dns = true };
	inet_pton(AF_INET, DEFAULT_NETWORK, &network);
	set_network(plan, network, DEFAULT_PREFIX);
	inet_pton(AF_INET6, "fd00::", &plan->network6);
	inet_pton(AF_INET6, "fd00::2", &plan->gateway6);
	inet_pton(AF_INET6, "fd00::3", &plan->nameserver6);
	inet_pton(AF_INET6, "fd00::100", &plan->address6);
	plan->prefix6 = 64;
	/* Locally administered, and the same everywhere: the link has but two ends. */
	memcpy(plan->mac, default_mac, sizeof(default_mac));
}

static int parse_mtu(struct net_plan *plan, const char *value, struct error **err)
{
	if (!number_parse_u32(value, &plan->mtu) || plan->mtu < MTU_MIN || plan->mtu > MTU_MAX)
		return error_set(err, 0, "mtu=%s: expected a number from %u to %u", value, MTU_MIN,
		                 MTU_MAX);
	return 0;
}

static int parse_cidr(struct net_plan *plan, const char *value, struct error **err)
{
	_cleanup_free_ char *copy = strdup(value);
	struct in_addr network;
	char *slash = copy ? strchr(copy, '/') : NULL;
	uint32_t prefix = 0;

	if (slash)
		*slash = '\0';
	if (!slash || inet_pton(AF_INET, copy, &network) != 1 ||
	    !number_parse_u32(slash + 1, &prefix) || prefix > 32)
		return error_set(err, 0, "cidr=%s: expected an IPv4 network such as 10.0.2.0/24",
		                 value);
	if (prefix > PREFIX_MAX || prefix < PREFIX_MIN)
		return error_set(
			err, 0, "cidr=%s: the network is too %s, use a prefix from /%u to /%u",
			value, prefix > PREFIX_MAX ? "small" : "large", PREFIX_MIN, PREFIX_MAX);
	if (ntohl(network.s_addr) & (~UINT32_C(0) >> prefix))
		return error_set(err, 0, "cidr=%s: the address has bits behind its prefix", value);
	/* 0/8, 127/8, and multicast upwards are nobody's network. */
	if (ntohl(network.s_addr) >> 24 == IN_LOOPBACKNET || ntohl(network.s_addr) >> 24 == 0 ||
	    ntohl(network.s_addr) >> 28 >= 14)
		return error_set(err, 0, "cidr=%s: not a network that a container can have", value);
	set_network(plan, network, prefix);
	plan->cidr_given = true;
	return 0;
}

static int parse_ipv6(struct net_plan *plan, const char *value, struct error **err)
{
	plan->ipv6 = strcmp(value, "on") == 0;
	return plan->ipv6 || strcmp(value, "off") == 0
	               ? 0
	               : error_set(err, 0, "ipv6=%s: expected on or off", value);
}

static int parse_outbound(struct net_plan *plan, const char *value, struct error **err)
{
	if (inet_pton(AF_INET, value, &plan->outbound) == 1) {
		plan->has_outbound = true;
		return 0;
	}
	if (inet_pton(AF_INET6, value, &plan->outbound6) == 1) {
		plan->has_outbound6 = true;
		return 0;
	}
	if (!*value || strlen(value) >= sizeof(plan->outbound_interface) || strchr(value, '/'))
		return error_set(err, 0, "outbound=%s: expected an address or an interface", value);
	memcpy(plan->outbound_interface, value, strlen(value) + 1);
	return 0;
}

static int parse_dns(struct net_plan *plan, const char *value, struct error **err)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, value, address) != 1 && inet_pton(AF_INET6, value, address) != 1)
		return error_set(err, 0, "dns=%s: expected the IP address of a name server", value);
	inet_ntop(strchr(value, ':') ? AF_INET6 : AF_INET, address, plan->dns_server,
	          sizeof(plan->dns_server));
	return 0;
}

static int parse_mac(struct net_plan *plan, const char *value, struct error **err)
{
	char rest;

	if (strlen(value) == 17 &&
	    sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &plan->mac[0], &plan->mac[1],
	           &plan->mac[2], &plan->mac[3], &plan->mac[4], &plan->mac[5], &rest) == 6 &&
	    !(plan->mac[0] & 1))
		return 0;
	return error_set(err, 0, "mac=%s: expected a unicast address such as 52:55:0a:00:02:64",
	                 value);
}

static int set_no_dns(struct net_plan *plan, const char *value, struct error **err)
{
	(void)value;
	(void)err;
	plan->dns = false;
	return 0;
}

static int set_allow_host_loopback(struct net_plan *plan, const char *value, struct error **err)
{
	(void)value;
	(void)err;
	plan->allow_host_loopback = true;
	return 0;
}

static const struct {
	const char *name;
	bool has_value;
	int (*set)(struct net_plan *plan, const char *value, struct error **err);
} options[] = {
	{ "mtu", true, parse_mtu },   { "cidr", true, parse_cidr },
	{ "ipv6", true, parse_ipv6 }, { "outbound", true, parse_outbound },
	{ "dns", true, parse_dns },   { "no-dns", false, set_no_dns },
	{ "mac", true, parse_mac },   { "allow-host-loopback", false, set_allow_host_loopback },
};

static int parse_option(struct net_plan *plan, char *word, struct error **err)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(options[i].name, word) != 0)
			continue;
		if (options[i].has_value != (value != NULL))
			return error_set(err, 0, "%s: takes %s value", word,
			                 options[i].has_value ? "a" : "no");
		return options[i].set(plan, value, err);
	}
	error_set(err, 0, "unknown option \"%s\"", word);
	return error_hint(err, "slirp has mtu, cidr, ipv6, outbound, dns, no-dns, mac and "
	                       "allow-host-loopback");
}

static int check_together(const struct net_plan *plan, struct error **err)
{
	if (plan->ipv6 && plan->mtu < MTU_MIN_IPV6)
		return error_set(err, 0, "mtu=%u: IPv6 needs %u; add ipv6=off", plan->mtu,
		                 MTU_MIN_IPV6);
	if (!plan->dns && *plan->dns_server)
		return error_set(err, 0, "dns=%s: contradicts no-dns", plan->dns_server);
	if (!plan->ipv6 && strchr(plan->dns_server, ':'))
		return error_set(err, 0, "dns=%s: contradicts ipv6=off", plan->dns_server);
	return 0;
}

int net_plan_parse(const char *text, const char *where, struct net_plan *plan, struct error **err)
{
	_cleanup_free_ char *copy = strdup(text);
	char *words = copy, *word;

	set_defaults(plan);
	if (!copy)
		return error_set(err, ENOMEM, "%s", where);
	word = strsep(&words, ":");
	for (enum net_mode mode = NET_NONE; mode <= NET_SLIRP; mode++)
		if (strcmp(net_mode_name(mode), word) == 0)
			plan->mode = mode;
	if (plan->mode == NET_UNSPECIFIED)
		return error_set(err, 0, "%s %s: unknown; expected none, host or slirp[:OPTION,…]",
		                 where, text);
	if (words && plan->mode != NET_SLIRP)
		return error_set(err, 0, "%s %s: \"%s\" has no options", where, text, word);
	while ((word = strsep(&words, ",")))
		if (parse_option(plan, word, err) < 0)
			return error_prefix(err, "%s slirp", where);
	return check_together(plan, err) < 0 ? error_prefix(err, "%s slirp", where) : 0;
}

/* --- what the host has to say ---------------------------------------------------------------- */

static int check_tun(const char *where, struct error **err)
{
	if (access(TUN_DEVICE, R_OK | W_OK) == 0)
		return 0;
	error_set(err, errno, "%s slirp: " TUN_DEVICE, where);
	if (errno == ENOENT)
		return error_hint(err, "load the module with `sudo modprobe tun`, or use --network "
		                       "none or host");
	if (errno == EACCES)
		return error_hint(err, "permit it with `sudo chmod 0666 " TUN_DEVICE
		                       "`, or use --network none or host");
	return -1;
}

static bool overlaps(const struct net_plan *plan, const struct ifaddrs *entry)
{
	const struct sockaddr_in *address = (const struct sockaddr_in *)entry->ifa_addr;
	const struct sockaddr_in *netmask = (const struct sockaddr_in *)entry->ifa_netmask;
	in_addr_t common;

	if (!address || address->sin_family != AF_INET || !netmask)
		return false;
	/* Either network contains the other's first address: their shorter prefix decides. */
	common = netmask->sin_addr.s_addr & plan->netmask.s_addr;
	return ((address->sin_addr.s_addr ^ plan->network.s_addr) & common) == 0;
}

static const struct ifaddrs *find_clash(const struct net_plan *plan, const struct ifaddrs *all)
{
	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next)
		if (overlaps(plan, entry))
			return entry;
	return NULL;
}

/* The container could not reach what its own network hides. */
static int choose_network(struct net_plan *plan, const struct ifaddrs *all, struct error **err)
{
	const struct ifaddrs *clash = find_clash(plan, all);
	char text[INET_ADDRSTRLEN];
	struct in_addr network;

	if (!clash)
		return 0;
	for (size_t i = 1; !plan->cidr_given && i < ARRAY_SIZE(default_networks); i++) {
		inet_pton(AF_INET, default_networks[i], &network);
		set_network(plan, network, DEFAULT_PREFIX);
		if (!find_clash(plan, all))
			return 0;
	}
	inet_ntop(AF_INET, &plan->network, text, sizeof(text));
	return error_set(err, 0,
	                 "cidr=%s/%u: clashes with the host's network on %s; choose another one",
	                 text, plan->prefix, clash->ifa_name);
}

static int resolve_outbound(struct net_plan *plan, const struct ifaddrs *all, struct error **err)
{
	if (!*plan->outbound_interface)
		return 0;
	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
		if (strcmp(entry->ifa_name, plan->outbound_interface) != 0 || !entry->ifa_addr)
			continue;
		if (entry->ifa_addr->sa_family == AF_INET && !plan->has_outbound) {
			plan->outbound = ((struct sockaddr_in *)entry->ifa_addr)->sin_addr;
			plan->has_outbound = true;
		}
		if (entry->ifa_addr->sa_family == AF_INET6 && !plan->has_outbound6) {
			plan->outbound6 = ((struct sockaddr_in6 *)entry->ifa_addr)->sin6_addr;
			plan->has_outbound6 = !IN6_IS_ADDR_LINKLOCAL(&plan->outbound6);
		}
	}
	if (plan->has_outbound || plan->has_outbound6)
		return 0;
	return error_set(err, 0, "outbound=%s: no such interface, or it has no address",
	                 plan->outbound_interface);
}

int net_plan_check(struct net_plan *plan, const char *where, struct error **err)
{
	struct ifaddrs *all;
	int result;

	if (plan->mode != NET_SLIRP)
		return 0;
	if (net_helper_check(err) < 0 || check_tun(where, err) < 0)
		return -1;
	if (getifaddrs(&all) < 0)
		return error_set(err, errno, "the host's addresses");
	result = choose_network(plan, all, err) < 0 ? -1 : resolve_outbound(plan, all, err);
	freeifaddrs(all);
	return result < 0 ? error_prefix(err, "%s slirp", where) : 0;
}

bool net_available(void)
{
	return net_helper_check(NULL) == 0 && access(TUN_DEVICE, R_OK | W_OK) == 0;
}
