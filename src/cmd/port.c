/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet port: the published ports of a container: list, add, remove. */
#include <string.h>

#include "base/cleanup.h"
#include "command.h"

enum port_format { PORT_TABLE, PORT_JSON };

struct port_values {
	int format;
};

static const struct option_choice formats[] = {
	{ "table", PORT_TABLE },
	{ "json", PORT_JSON },
	{ NULL, 0 },
};

static const struct option_spec options[] = {
	{ "format", 'f', OPTION_CHOICE, offsetof(struct port_values, format), "table|json",
	  "lines that --publish reads, or a JSON array", formats },
	{ NULL },
};

static void print_line(const struct rootlet_port *port)
{
	const bool brackets = strchr(port->host_ip, ':');

	printf("%s%s%s:%u:%u/%s\n", brackets ? "[" : "", port->host_ip, brackets ? "]" : "",
	       port->host_port, port->container_port, port->udp ? "udp" : "tcp");
}

/* All that varies is digits, and addresses made by inet_ntop(3). */
static void print_json(const struct rootlet_port *ports, size_t count)
{
	putchar('[');
	for (size_t i = 0; i < count; i++)
		printf("%s{\"protocol\":\"%s\",\"hostIP\":\"%s\",\"hostPort\":%u,"
		       "\"containerPort\":%u}",
		       i ? "," : "", ports[i].udp ? "udp" : "tcp", ports[i].host_ip,
		       ports[i].host_port, ports[i].container_port);
	puts("]");
}

static int list(const struct invocation *invocation, const char *id, struct error **err)
{
	const struct port_values *values = invocation->values;
	_cleanup_free_ struct rootlet_port *ports = NULL;
	struct rootlet_error error = { 0 };
	size_t count = 0;

	if (rootlet_ports(&invocation->context, id, &ports, &count, &error) < 0)
		return command_failed(err, &error);
	if (values->format == PORT_JSON) {
		print_json(ports, count);
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		print_line(&ports[i]);
	return 0;
}

static int run(const struct invocation *invocation, struct error **err)
{
	char *const *operands = invocation->operands.items;
	const bool remove = strcmp(operands[0], "remove") == 0;
	struct rootlet_error error = { 0 };

	if (invocation->operands.count == 1)
		return list(invocation, operands[0], err);
	if (!remove && strcmp(operands[0], "add") != 0)
		return command_misused(err, "\"%s\" is neither add nor remove", operands[0]);
	if (invocation->operands.count == 2)
		return command_misused(err, "missing argument, expected add|remove ID SPEC");
	if ((remove ? rootlet_port_remove : rootlet_port_add)(&invocation->context, operands[1],
	                                                      operands[2], &error) < 0)
		return command_failed(err, &error);
	return 0;
}

const struct command command_port = {
	.name = "port",
	.summary = "list the published ports of a container, add or remove some",
	.operands = "[add|remove] ID [SPEC]",
	.operands_min = 1,
	.operands_max = 3,
	.options = options,
	.values_size = sizeof(struct port_values),
	.prints = true,
	.run = run,
};
