/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a spec is read from its end, where the protocol is, to its front, where an
 * address may have colons of its own, but then it stands in brackets.
 */
#include "net/ports.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/number.h"

#define PORT_MAX 65535u

struct range {
	uint32_t first, last;
};

void net_ports_free(struct net_ports *ports)
{
	free(ports->items);
	*ports = (struct net_ports){ 0 };
}

static int malformed(const char *spec, struct error **err)
{
	return error_set(err, 0,
	                 "publish %s: expected [HOSTIP:]HOSTPORT:PORT[/tcp|udp], with an IPv6 "
	                 "address in brackets",
	                 spec);
}

static int parse_port(const char *text, uint32_t minimum, const char *spec, uint32_t *port,
                      struct error **err)
{
	if (!number_parse_u32(text, port))
		return malformed(spec, err);
	if (*port < minimum || *port > PORT_MAX)
		return error_set(err, 0, "publish %s: %s is no port, which is %u to %u", spec, text,
		                 minimum, PORT_MAX);
	return 0;
}

/* "80" or "80-90"; only a single host port may be 0. */
static int parse_range(char *text, uint32_t minimum, const char *spec, struct range *range,
                       struct error **err)
{
	char *dash = strchr(text, '-');

	if (!dash) {
		if (parse_port(text, minimum, spec, &range->first, err) < 0)
			return -1;
		range->last = range->first;
		return 0;
	}
	*dash = '\0';
	if (parse_port(text, 1, spec, &range->first, err) < 0 ||
	    parse_port(dash + 1, 1, spec, &range->last, err) < 0)
		return -1;
	if (range->last < range->first)
		return error_set(err, 0, "publish %s: the range %u-%u ends before it begins", spec,
		                 range->first, range->last);
	return 0;
}

static int parse_protocol(char *text, const char *spec, uint8_t *protocol, struct error **err)
{
	char *slash = strchr(text, '/');

	*protocol = IPPROTO_TCP;
	if (!slash)
		return 0;
	*slash = '\0';
	if (strcmp(slash + 1, "tcp") == 0)
		return 0;
	*protocol = IPPROTO_UDP;
	return strcmp(slash + 1, "udp") == 0
	               ? 0
	               : error_set(err, 0, "publish %s: \"%s\" is neither tcp nor udp", spec,
	                           slash + 1);
}

static int parse_address6(const char *text, const char *spec, struct net_port *port,
                          struct error **err)
{
	struct in6_addr address;

	if (inet_pton(AF_INET6, text, &address) != 1)
		return error_set(err, 0, "publish %s: \"%s\" is no IPv6 address", spec, text);
	if (IN6_IS_ADDR_LINKLOCAL(&address) || IN6_IS_ADDR_V4MAPPED(&address) ||
	    IN6_IS_ADDR_MULTICAST(&address))
		return error_set(err, 0, "publish %s: %s cannot be listened on", spec, text);
	port->family = AF_INET6;
	memcpy(port->address, &address, sizeof(address));
	return 0;
}

static int parse_address4(const char *text, const char *spec, struct net_port *port,
                          struct error **err)
{
	if (inet_pton(AF_INET, text, port->address) == 1)
		return 0;
	if (strchr(text, ':'))
		return error_set(err, 0, "publish %s: put the IPv6 address in brackets", spec);
	return error_set(err, 0, "publish %s: \"%s\" is no IP address", spec, text);
}

/* The address in front. Return: where the ports begin, NULL with *err. */
static char *parse_address(char *text, const char *spec, struct net_port *port, struct error **err)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	char *colon, *end;

	port->family = AF_INET;
	memcpy(port->address, loopback, sizeof(loopback));
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || end[1] != ':') {
			malformed(spec, err);
			return NULL;
		}
		*end = '\0';
		return parse_address6(text + 1, spec, port, err) < 0 ? NULL : end + 2;
	}
	colon = strrchr(text, ':');
	if (!colon) {
		malformed(spec, err);
		return NULL;
	}
	/* The colon before the last one, if there is one, ends the address. */
	*colon = '\0';
	end = strrchr(text, ':');
	*colon = ':';
	if (!end)
		return text;
	*end = '\0';
	return parse_address4(text, spec, port, err) < 0 ? NULL : end + 1;
}

static bool is_any(const struct net_port *port)
{
	static const uint8_t zero[16];

	return memcmp(port->address, zero, port->family == AF_INET ? 4 : 16) == 0;
}

bool net_ports_clash(const struct net_port *a, const struct net_port *b)
{
	if (a->protocol != b->protocol || a->family != b->family || a->host_port == 0 ||
	    a->host_port != b->host_port)
		return false;
	return is_any(a) || is_any(b) || memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static int add_port(struct net_ports *ports, const struct net_port *port, const char *spec,
                    struct error **err)
{
	char text[NET_PORT_TEXT_SIZE];

	if (ports->count == NET_PORTS_MAX)
		return error_set(err, 0, "publish %s: more than %u ports", spec, NET_PORTS_MAX);
	for (size_t i = 0; i < ports->count; i++) {
		if (!net_ports_clash(&ports->items[i], port))
			continue;
		net_port_format(&ports->items[i], text);
		return error_set(err, 0, "publish %s: overlaps with %s", spec, text);
	}
	ports->items[ports->count++] = *port;
	return 0;
}

static int add_ranges(struct net_ports *ports, struct net_port *port, const struct range *host,
                      const struct range *container, const char *spec, struct error **err)
{
	const uint32_t length = host->last - host->first;

	if (length != container->last - container->first)
		return error_set(err, 0, "publish %s: the ranges differ in length (%u and %u)",
		                 spec, length + 1, container->last - container->first + 1);
	for (uint32_t i = 0; i <= length; i++) {
		port->host_port = (uint16_t)(host->first + i);
		port->container_port = (uint16_t)(container->first + i);
		if (add_port(ports, port, spec, err) < 0)
			return -1;
	}
	return 0;
}

int net_ports_add(struct net_ports *ports, const char *spec, struct error **err)
{
	_cleanup_free_ char *copy = strdup(spec);
	struct net_port port = { 0 };
	struct range host, container;
	char *text, *colon;

	if (!ports->items)
		ports->items = calloc(NET_PORTS_MAX, sizeof(*ports->items));
	if (!ports->items || !copy)
		return error_set(err, ENOMEM, "publish %s", spec);
	if (parse_protocol(copy, spec, &port.protocol, err) < 0)
		return -1;
	text = parse_address(copy, spec, &port, err);
	if (!text)
		return -1;
	colon = strchr(text, ':');
	if (!colon || strchr(colon + 1, ':'))
		return malformed(spec, err);
	*colon = '\0';
	if (parse_range(text, 0, spec, &host, err) < 0 ||
	    parse_range(colon + 1, 1, spec, &container, err) < 0)
		return -1;
	return add_ranges(ports, &port, &host, &container, spec, err);
}

void net_port_format_host(const struct net_port *port, char text[NET_PORT_TEXT_SIZE])
{
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(port->family, port->address, address, sizeof(address));
	snprintf(text, NET_PORT_TEXT_SIZE, port->family == AF_INET6 ? "[%s]:%u" : "%s:%u", address,
	         port->host_port);
}

void net_port_format(const struct net_port *port, char text[NET_PORT_TEXT_SIZE])
{
	size_t length;

	net_port_format_host(port, text);
	length = strlen(text);
	snprintf(text + length, NET_PORT_TEXT_SIZE - length, ":%u/%s", port->container_port,
	         port->protocol == IPPROTO_UDP ? "udp" : "tcp");
}

socklen_t net_port_sockaddr(const struct net_port *port, struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = port->family;
	if (port->family == AF_INET) {
		in->sin_port = htons(port->host_port);
		memcpy(&in->sin_addr, port->address, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	in6->sin6_port = htons(port->host_port);
	memcpy(&in6->sin6_addr, port->address, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}
