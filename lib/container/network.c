/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the flag or the annotation becomes a net_plan. "host" takes the network
 * namespace out of the config, so that everything behind it sees a container that has none. With
 * "slirp" init makes the tap, the helper gets it, and the state says who the helper is: whether it
 * lives is seen by whether it listens at its control socket.
 */
#include "container/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/socket.h"
#include "container/verbs.h"
#include "spec/validate.h"

#define RESOLV_CONF    "/etc/resolv.conf"
#define HOSTS          "/etc/hosts"
#define HOST_FILE_SIZE (64u * 1024)

/* --- decide ---------------------------------------------------------------------------------- */

static void remove_namespace(struct config *config, enum namespace_type type)
{
	size_t kept = 0;

	for (size_t i = 0; i < config->linux.namespaces.count; i++)
		if (config->linux.namespaces.items[i].type != (int)type)
			config->linux.namespaces.items[kept++] = config->linux.namespaces.items[i];
	config->linux.namespaces.count = kept;
}

static int check_namespace(const struct creation *creation, const char *where, struct error **err)
{
	const struct namespace_config *listed = config_namespace(creation->config,
	                                                         NAMESPACE_NETWORK);
	const char *mode = net_mode_name(creation->network.mode);

	if (listed && listed->path)
		return error_set(
			err, 0,
			"%s %s: config.json joins the network namespace %s; take it out, or "
			"do without %s",
			where, mode, listed->path, where);
	if (!listed && creation->network.mode != NET_HOST)
		return error_set(err, 0,
		                 "%s %s: the container has the host's network; add { \"type\": "
		                 "\"network\" } to linux.namespaces",
		                 where, mode);
	return 0;
}

static int parse_ports(struct creation *creation, struct error **err)
{
	char *const *specs = creation->options->publish;

	if (!specs || !*specs)
		return 0;
	if (creation->network.mode != NET_SLIRP)
		return error_set(err, 0,
		                 "publish %s: the container has no network to publish from; add "
		                 "--network slirp",
		                 *specs);
	for (; *specs; specs++)
		if (net_ports_add(&creation->ports, *specs, err) < 0)
			return -1;
	return 0;
}

int network_decide(struct creation *creation, struct error **err)
{
	const char *text = creation->options->network, *where = "--network";

	if (!text) {
		text = config_annotation(creation->config, NET_ANNOTATION);
		where = "annotation " NET_ANNOTATION;
	}
	if (!text)
		return parse_ports(creation, err);
	if (net_plan_parse(text, where, &creation->network, err) < 0 ||
	    check_namespace(creation, where, err) < 0 || parse_ports(creation, err) < 0)
		return -1;
	creation->container.state.network = (char *)net_mode_name(creation->network.mode);
	if (creation->network.mode == NET_HOST) {
		remove_namespace(creation->config, NAMESPACE_NETWORK);
		/* Such as sysctls, which would be the host's now. */
		return config_validate(creation->config, err);
	}
	if (creation->network.mode == NET_SLIRP)
		creation->plan.network = &creation->network;
	return net_plan_check(&creation->network, where, err);
}

/* --- files ----------------------------------------------------------------------------------- */

/* Whether the document mounts something there, or over a directory above. */
static bool is_mounted(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const char *destination = config->mounts.items[i].destination;
		size_t length = strlen(destination);

		while (length > 1 && destination[length - 1] == '/')
			length--;
		if (length > 1 && strncmp(destination, path, length) == 0 &&
		    (path[length] == '/' || path[length] == '\0'))
			return true;
	}
	return false;
}

/* The host's search domains and options are the container's too; its name servers are not. */
static void print_resolv_conf(FILE *out, const struct net_plan *plan)
{
	_cleanup_free_ char *host = NULL;
	const bool over_ipv6 = strchr(plan->dns_server, ':');
	char address[INET6_ADDRSTRLEN] = "", *rest = NULL;

	if (over_ipv6)
		inet_ntop(AF_INET6, &plan->nameserver6, address, sizeof(address));
	else
		inet_ntop(AF_INET, &plan->nameserver, address, sizeof(address));
	if (file_read_at(AT_FDCWD, RESOLV_CONF, HOST_FILE_SIZE, &host) > 0)
		for (char *line = strtok_r(host, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			if (strncmp(line, "search", 6) == 0 || strncmp(line, "domain", 6) == 0 ||
			    strncmp(line, "options", 7) == 0)
				fprintf(out, "%s\n", line);
	fprintf(out, "nameserver %s\n", address);
}

static void print_hosts(FILE *out, const struct creation *creation)
{
	const struct net_plan *plan = &creation->network;
	const char *hostname = creation->config->hostname;
	char address[INET6_ADDRSTRLEN] = "127.0.1.1";

	fprintf(out, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	if (!hostname || !*hostname)
		return;
	if (plan->mode == NET_SLIRP)
		inet_ntop(AF_INET, &plan->address, address, sizeof(address));
	fprintf(out, "%s\t%s\n", address, hostname);
	if (plan->mode != NET_SLIRP || !plan->ipv6)
		return;
	inet_ntop(AF_INET6, &plan->address6, address, sizeof(address));
	fprintf(out, "%s\t%s\n", address, hostname);
}

/* Absolute, as the state directory may be relative to where we are. */
static char *path_in_state(const struct creation *creation, const char *name, struct error **err)
{
	char link[64], path[PATH_MAX];
	char *result;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", creation->container.dir_fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0) {
		error_set(err, errno, "%s", link);
		return NULL;
	}
	path[n] = '\0';
	result = arena_printf(creation->config->arena, "%s/%s", path, name);
	if (!result)
		error_set(err, ENOMEM, "%s", name);
	return result;
}

static int add_file(struct creation *creation, const char *name, const char *text, size_t length,
                    const char *destination, struct error **err)
{
	char *path;

	if (file_create_at(creation->container.dir_fd, name, text, length, 0644) < 0)
		return error_set(err, errno, "cannot make the container's %s", destination);
	path = path_in_state(creation, name, err);
	if (!path)
		return -1;
	rootfs_plan_add_bind(&creation->rootfs, path, destination);
	return 0;
}

static int make_resolv_conf(struct creation *creation, struct error **err)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return error_set(err, ENOMEM, RESOLV_CONF);
	print_resolv_conf(out, &creation->network);
	if (fclose(out) != 0)
		return error_set(err, ENOMEM, RESOLV_CONF);
	return add_file(creation, CONTAINER_RESOLV_CONF, text, length, RESOLV_CONF, err);
}

static int make_hosts(struct creation *creation, struct error **err)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return error_set(err, ENOMEM, HOSTS);
	print_hosts(out, creation);
	if (fclose(out) != 0)
		return error_set(err, ENOMEM, HOSTS);
	return add_file(creation, CONTAINER_HOSTS, text, length, HOSTS, err);
}

/* With the host's network the host's files fit; as they are now. */
static int copy_from_host(struct creation *creation, const char *path, const char *name,
                          struct error **err)
{
	_cleanup_free_ char *text = NULL;
	ssize_t length = file_read_at(AT_FDCWD, path, HOST_FILE_SIZE, &text);

	if (length < 0)
		return 0;
	return add_file(creation, name, text, (size_t)length, path, err);
}

int network_make_files(struct creation *creation, struct error **err)
{
	const struct config *config = creation->config;
	const bool host = creation->network.mode == NET_HOST;

	if (creation->network.mode == NET_UNSPECIFIED)
		return 0;
	if (!is_mounted(config, HOSTS) &&
	    (host ? copy_from_host(creation, HOSTS, CONTAINER_HOSTS, err)
	          : make_hosts(creation, err)) < 0)
		return -1;
	if (is_mounted(config, RESOLV_CONF) || creation->network.mode == NET_NONE ||
	    !creation->network.dns)
		return 0;
	return host ? copy_from_host(creation, RESOLV_CONF, CONTAINER_RESOLV_CONF, err)
	            : make_resolv_conf(creation, err);
}

/* --- the helper ------------------------------------------------------------------------------ */

int network_start(struct creation *creation, int *tap, struct error **err)
{
	struct state *state = &creation->container.state;
	_cleanup_fd_ int control = -1, frames = take_fd(tap);
	int result;

	control = socket_listen_at(creation->container.dir_fd, CONTAINER_NETWORK, SOCK_SEQPACKET);
	if (control < 0)
		return error_set(err, errno, "the network helper's socket");
	result = net_helper_start(&(struct net_helper_start){ .plan = &creation->network,
	                                                      .ports = &creation->ports,
	                                                      .tap = frames,
	                                                      .init_pidfd = creation->init.pidfd,
	                                                      .control = control },
	                          &creation->helper, err);
	state->network_helper = creation->helper.pid;
	state->network_helper_start = creation->helper.start_time;
	return result;
}

/* @state's list of ports becomes @ports. */
static int record_ports(struct state *state, const struct net_ports *ports, struct arena *arena,
                        struct error **err)
{
	char text[NET_PORT_TEXT_SIZE];

	state->ports = (struct strings){ 0 };
	if (ports->count == 0)
		return 0;
	state->ports.items = arena_alloc(arena, (ports->count + 1) * sizeof(*state->ports.items));
	if (!state->ports.items)
		return error_set(err, ENOMEM, "the container's ports");
	for (size_t i = 0; i < ports->count; i++) {
		net_port_format(&ports->items[i], text);
		state->ports.items[i] = arena_strdup(arena, text);
		if (!state->ports.items[i])
			return error_set(err, ENOMEM, "the container's ports");
		state->ports.count++;
	}
	return 0;
}

int network_wait(struct creation *creation, struct error **err)
{
	if (creation->helper.socket < 0)
		return 0;
	if (net_helper_wait(&creation->helper, &creation->ports, creation->init.pidfd,
	                    creation->interrupt_fd, err) < 0)
		return -1;
	return record_ports(&creation->container.state, &creation->ports, creation->config->arena,
	                    err);
}

/* --- the state and its annotations ----------------------------------------------------------- */

static bool helper_listens(const struct container *container)
{
	_cleanup_fd_ int socket = socket_connect_at(container->dir_fd, CONTAINER_NETWORK,
	                                            SOCK_SEQPACKET);

	return socket >= 0;
}

static char *join_ports(const struct strings *ports, struct arena *arena)
{
	char *text = arena_strdup(arena, ports->count > 0 ? ports->items[0] : "");

	for (size_t i = 1; text && i < ports->count; i++)
		text = arena_printf(arena, "%s,%s", text, ports->items[i]);
	return text;
}

/* Keys of ours that the config has are replaced. */
static void set_annotation(struct string_map *map, const char *key, char *value)
{
	size_t i = 0;

	while (i < map->count && strcmp(map->items[i].key, key) != 0)
		i++;
	map->items[i] = (struct key_value){ (char *)key, value };
	if (i == map->count)
		map->count++;
}

int network_annotate(struct container *container, struct arena *arena, struct error **err)
{
	struct state *state = &container->state;
	struct string_map map = { .count = state->annotations.count };
	const bool lives = container->status != STATUS_STOPPED;

	if (!container->has_state || !state->network)
		return 0;
	map.items = arena_alloc(arena, (map.count + 3) * sizeof(*map.items));
	if (!map.items)
		return error_set(err, ENOMEM, "the container's state");
	if (map.count > 0)
		memcpy(map.items, state->annotations.items, map.count * sizeof(*map.items));
	set_annotation(&map, NET_ANNOTATION, state->network);
	if (state->network_helper > 0 && lives)
		set_annotation(&map, NET_ANNOTATION ".helper",
		               (char *)(helper_listens(container) ? "running" : "dead"));
	if (state->ports.count > 0 && lives) {
		char *ports = join_ports(&state->ports, arena);

		if (!ports)
			return error_set(err, ENOMEM, "the container's state");
		set_annotation(&map, NET_ANNOTATION ".ports", ports);
	}
	state->annotations = map;
	return 0;
}

/* --- changing ports -------------------------------------------------------------------------- */

static int read_ports(const struct state *state, struct net_ports *ports, struct error **err)
{
	for (size_t i = 0; i < state->ports.count; i++)
		if (net_ports_add(ports, state->ports.items[i], err) < 0)
			return -1;
	return 0;
}

static bool same_port(const struct net_port *a, const struct net_port *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* @ports without those of @gone. */
static int subtract(struct net_ports *ports, const struct net_ports *gone, const char *spec,
                    struct error **err)
{
	for (size_t i = 0; i < gone->count; i++) {
		size_t at = 0;

		while (at < ports->count && !same_port(&ports->items[at], &gone->items[i]))
			at++;
		if (at == ports->count)
			return error_set(err, 0, "%s: not published", spec);
		memmove(&ports->items[at], &ports->items[at + 1],
		        (ports->count - at - 1) * sizeof(*ports->items));
		ports->count--;
	}
	return 0;
}

static int ask_helper(const struct container *container, bool remove, struct net_ports *change,
                      struct error **err)
{
	_cleanup_fd_ int socket = socket_connect_at(container->dir_fd, CONTAINER_NETWORK,
	                                            SOCK_SEQPACKET);

	if (socket < 0)
		return error_set(err, errno, "the network helper of container \"%s\" is gone",
		                 container->id);
	return net_helper_change(socket, remove, change, err);
}

static int save_ports(struct container *container, const struct net_ports *ports,
                      struct error **err)
{
	_cleanup_free_ char *text = NULL;

	if (record_ports(&container->state, ports, container->arena, err) < 0)
		return -1;
	text = state_format(&container->state, err);
	if (!text)
		return -1;
	if (file_replace_at(container->dir_fd, CONTAINER_STATE_FILE, text, strlen(text), 0600) < 0)
		return error_set(err, errno, "cannot write the container's state");
	return 0;
}

static int change_ports(struct container *container, const char *spec, bool remove,
                        struct error **err)
{
	_cleanup_ports_ struct net_ports now = { 0 }, change = { 0 };
	const size_t count = container->state.ports.count;

	if (read_ports(&container->state, &now, err) < 0 || net_ports_add(&change, spec, err) < 0)
		return -1;
	/* What overlaps, or is not there, is said before the helper is asked. */
	if (remove ? subtract(&now, &change, spec, err) < 0 : net_ports_add(&now, spec, err) < 0)
		return -1;
	if (ask_helper(container, remove, &change, err) < 0)
		return -1;
	if (!remove)
		memcpy(&now.items[count], change.items, change.count * sizeof(*now.items));
	return save_ports(container, &now, err);
}

int verb_port_change(const struct rootlet_context *context, const char *id, const char *spec,
                     bool remove, struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;

	if (container_open(context, id, CONTAINER_LOCK, &container, err) != 0)
		return -1;
	if (!container.has_state || container.status == STATUS_STOPPED)
		return container_wrong_status(&container, "change the ports of", err);
	if (container.state.network_helper <= 0)
		return error_set(err, 0,
		                 "container \"%s\" has no network to publish from; create it with "
		                 "--network slirp",
		                 id);
	return change_ports(&container, spec, remove, err);
}

int verb_ports(const struct rootlet_context *context, const char *id, struct net_ports *ports,
               struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;

	if (container_open(context, id, CONTAINER_NO_LOCK, &container, err) != 0)
		return -1;
	if (!container.has_state || container.status == STATUS_STOPPED)
		return container_wrong_status(&container, "list the ports of", err);
	return read_ports(&container.state, ports, err);
}
