/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What network a container gets: the words of --network and of the annotation org.rootlet.network,
 * and what can be said against them before anything exists. rootlet-network(7) documents them.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define NET_ANNOTATION "org.rootlet.network"

/* The helper's default; the largest frame that libslirp takes. */
#define NET_MTU_DEFAULT 65520u

enum net_mode {
	NET_UNSPECIFIED, /* as config.json has it */
	NET_NONE,        /* its own namespace, with loopback */
	NET_HOST,
	NET_SLIRP,
};

/* Bytes and no pointers: the helper gets it as it is. Addresses are in network order. */
struct net_plan {
	uint32_t mode; /* enum net_mode */
	uint32_t mtu;
	struct in_addr network, netmask, gateway, nameserver, address;
	uint32_t prefix;
	struct in6_addr network6, gateway6, nameserver6, address6;
	uint32_t prefix6;
	bool ipv6;
	bool dns; /* the nameservers above answer */
	bool allow_host_loopback;
	bool cidr_given;
	uint8_t mac[6];                   /* of the container's interface */
	bool has_outbound, has_outbound6; /* source of connections to the outside */
	struct in_addr outbound;
	struct in6_addr outbound6;
	char dns_server[INET6_ADDRSTRLEN]; /* "": the host's */
	char outbound_interface[16];       /* "": none; net_plan_check() looks it up */
};

/*
 * net_plan_parse - read none, host, or slirp[:OPTION[,OPTION]…]
 * @where:	how messages call it: "--network" or the annotation
 */
int net_plan_parse(const char *text, const char *where, struct net_plan *plan, struct error **err);

/*
 * net_plan_check - whether this host can give what was asked for
 *
 * Looks at the helper, /dev/net/tun and the host's addresses, which the container's network must
 * not hide: a default network that would gives way, one that was asked for is an error.
 */
int net_plan_check(struct net_plan *plan, const char *where, struct error **err);

/* Whether a network of its own can be had here, without saying why not. */
bool net_available(void);

/* "none", "host" or "slirp"; NULL when it is not specified. */
const char *net_mode_name(enum net_mode mode);
