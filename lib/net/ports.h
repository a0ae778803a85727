/* SPDX-License-Identifier: Apache-2.0 */
/* Published ports: what users write ("8080:80"), and one struct for each port that is meant. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* So many ports a container can publish: each is a socket of the helper's. */
#define NET_PORTS_MAX 1024u

/* Bytes and no pointers: the helper gets it as it is. */
struct net_port {
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t family;   /* AF_INET or AF_INET6 */
	uint16_t host_port, container_port;
	uint8_t address[16]; /* of the host; network order, the first 4 bytes for AF_INET */
};

struct net_ports {
	struct net_port *items; /* NET_PORTS_MAX of them, owned */
	size_t count;
};

void net_ports_free(struct net_ports *ports);
#define _cleanup_ports_ _cleanup_(net_ports_free)

/*
 * net_ports_add - add what @spec says: [HOSTIP:]HOSTPORT:PORT[/tcp|udp]
 * @ports:	zeroed, or what was there before
 *
 * Ports may be ranges of equal length, an IPv6 address stands in brackets, host port 0 means a free
 * one. A port that is there already is refused. Return: 0, or -1 with *err.
 */
int net_ports_add(struct net_ports *ports, const char *spec, struct error **err);

/* Whether the two cannot both be had: the same port on addresses of which one includes the other. */
bool net_ports_clash(const struct net_port *a, const struct net_port *b);

/* "127.0.0.1:8080:80/tcp": what net_ports_add() reads. */
#define NET_PORT_TEXT_SIZE 80
void net_port_format(const struct net_port *port, char text[NET_PORT_TEXT_SIZE]);

/* The host's side of it: "127.0.0.1:8080" or "[::1]:8080". */
void net_port_format_host(const struct net_port *port, char text[NET_PORT_TEXT_SIZE]);

/* The port as an address for bind(2) and the like. Return: its length. */
socklen_t net_port_sockaddr(const struct net_port *port, struct sockaddr_storage *address);
