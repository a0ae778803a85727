/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: systemd is reached over a message bus, and by a socket of its own
 * (systemd/private in the runtime directory), which systemctl uses. The bus comes first, although
 * it is a process in between: on its own socket systemd sends every signal to everybody, so that a
 * hundred clients, each waiting for its own container, cost it ten thousand messages. Where there
 * is no bus, as on a small server without dbus-daemon, its own socket does.
 *
 * sd-bus has blocking calls, but some of its waits have no bound (the authentication). So
 * everything is asynchronous here: a call is queued, and one loop around poll(2) drives the
 * connection until a condition holds, the deadline is over, or a signal asks us to give up.
 *
 * A job's end is a signal (JobRemoved), which systemd sends after the answer that names the job.
 * The signal may be in the queue already when the answer is looked at; the filter runs only when
 * the loop goes on, and by then the job's name is known (on_answer()).
 */
#include "cgroup/bus.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "base/log.h"

#define MANAGER_NAME         "org.freedesktop.systemd1"
#define MANAGER_PATH         "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE    "org.freedesktop.systemd1.Manager"
#define UNIT_INTERFACE       "org.freedesktop.systemd1.Unit"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

#define CONNECT_RETRY_MS     10

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the library ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset;
} library_symbols[] = {
#define SYMBOL(function)                                                       \
	{                                                                      \
		"sd_bus_" #function, offsetof(struct sd_bus_library, function) \
	}
	SYMBOL(new),
	SYMBOL(set_fd),
	SYMBOL(set_address),
	SYMBOL(set_bus_client),
	SYMBOL(start),
	SYMBOL(is_ready),
	SYMBOL(get_fd),
	SYMBOL(get_events),
	SYMBOL(process),
	SYMBOL(close),
	SYMBOL(unref),
	SYMBOL(add_filter),
	SYMBOL(call_async),
	SYMBOL(send),
	SYMBOL(message_new_method_call),
	SYMBOL(message_ref),
	SYMBOL(message_unref),
	SYMBOL(message_set_expect_reply),
	SYMBOL(message_append),
	SYMBOL(message_append_array),
	SYMBOL(message_open_container),
	SYMBOL(message_close_container),
	SYMBOL(message_is_signal),
	SYMBOL(message_is_method_error),
	SYMBOL(message_get_error),
	SYMBOL(message_read),
#undef SYMBOL
};

static int library_open(struct sd_bus_library *library, struct error **err)
{
	library->handle = dlopen(SD_BUS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle) {
		error_set(err, 0, "the systemd cgroup manager: %s", dlerror());
		return error_hint(err, "install libsystemd, or use --cgroup-manager cgroupfs");
	}
	for (size_t i = 0; i < ARRAY_SIZE(library_symbols); i++) {
		void *symbol = dlsym(library->handle, library_symbols[i].name);

		if (!symbol)
			return error_set(err, 0,
			                 "the systemd cgroup manager: " SD_BUS_LIBRARY
			                 " has no %s()",
			                 library_symbols[i].name);
		/* POSIX lets an object pointer hold a function's address, and C does not. */
		memcpy((char *)library + library_symbols[i].offset, &symbol, sizeof(symbol));
	}
	return 0;
}

static void set_deadline(struct bus *bus, int limit_ms)
{
	bus->limit_ms = limit_ms;
	bus->deadline = now_ms() + limit_ms;
}

/* --- driving the connection ------------------------------------------------------------------ */

static int wait_more(struct bus *bus, struct error **err)
{
	int events = bus->library.get_events(bus->connection);
	struct pollfd fds[] = {
		{ .fd = bus->library.get_fd(bus->connection),
		  .events = (short)(events > 0 ? events : POLLIN) },
		{ .fd = bus->interrupt_fd, .events = POLLIN },
	};
	int64_t left = bus->deadline - now_ms();
	int n = left > 0 ? poll(fds, ARRAY_SIZE(fds), (int)left) : 0;

	if (n < 0 && errno != EINTR)
		return error_set(err, errno, "waiting for systemd");
	if (n == 0) {
		error_set(err, ETIMEDOUT, "%s systemd did not answer within %d s",
		          bus->user ? "the user's" : "the system's", bus->limit_ms / 1000);
		return error_hint(err, "look what `systemctl %sstatus` says",
		                  bus->user ? "--user " : "");
	}
	return fds[1].revents ? error_set(err, EINTR, "given up on a signal") : 0;
}

static int run_until(struct bus *bus, bool (*done)(const struct bus *), struct error **err)
{
	while (!done(bus)) {
		int n = bus->library.process(bus->connection, NULL);

		if (n < 0)
			return error_set(err, -n, "the connection to systemd");
		if (n == 0 && !done(bus) && wait_more(bus, err) < 0)
			return -1;
	}
	return 0;
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	struct bus *bus = userdata;
	const char *job, *unit, *result;
	uint32_t id;

	(void)ret_error;
	if (!bus->object || bus->job_result ||
	    bus->library.message_is_signal(message, MANAGER_INTERFACE, "JobRemoved") <= 0 ||
	    bus->library.message_read(message, "uoss", &id, &job, &unit, &result) < 0 ||
	    strcmp(job, bus->object) != 0)
		return 0;
	bus->job_result = strdup(result);
	return bus->job_result ? 0 : -ENOMEM;
}

static void forget_object(struct bus *bus)
{
	free_pointer(&bus->object);
	free_pointer(&bus->job_result);
	bus->object = bus->job_result = NULL;
}

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	struct bus *bus = userdata;
	const char *object;

	(void)ret_error;
	bus->answer = bus->library.message_ref(message);
	if (bus->library.message_is_method_error(message, NULL) > 0 ||
	    bus->library.message_read(message, "o", &object) <= 0)
		return 1;
	bus->object = strdup(object);
	return bus->object ? 1 : -ENOMEM;
}

static bool is_ready(const struct bus *bus)
{
	return bus->library.is_ready(bus->connection) > 0;
}

static bool is_answered(const struct bus *bus)
{
	return bus->answer != NULL;
}

static bool is_job_over(const struct bus *bus)
{
	return bus->job_result != NULL;
}

/* --- connecting ------------------------------------------------------------------------------ */

/* Sockets to try, in this order. */
struct address {
	char *path;
	const char *text; /* instead of a path: as D-Bus writes addresses */
	bool is_bus;      /* a message bus; else systemd itself */
};

struct addresses {
	struct address items[3];
	size_t count;
};

static void addresses_free(struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		free(addresses->items[i].path);
	addresses->count = 0;
}

__attribute__((format(printf, 3, 4))) static void add_path(struct addresses *addresses, bool is_bus,
                                                           const char *format, ...)
{
	struct address *address = &addresses->items[addresses->count];
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&address->path, format, arguments) >= 0) {
		address->is_bus = is_bus;
		addresses->count++;
	}
	va_end(arguments);
}

/*
 * XDG_RUNTIME_DIR is not set in a shell from su(1) or cron; systemd-logind's directory is there
 * all the same when the user has a service manager.
 */
static void find_addresses(bool user, struct addresses *addresses)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *bus = getenv("DBUS_SESSION_BUS_ADDRESS");
	char own[32];

	if (!user) {
		add_path(addresses, true, "/run/dbus/system_bus_socket");
		add_path(addresses, false, "/run/systemd/private");
		return;
	}
	snprintf(own, sizeof(own), "/run/user/%u", geteuid());
	if (!runtime || runtime[0] != '/')
		runtime = own;
	add_path(addresses, true, "%s/bus", runtime);
	add_path(addresses, false, "%s/systemd/private", runtime);
	/* Perhaps one that systemd is not on (dbus-run-session), hence the last. */
	if (bus && *bus)
		addresses->items[addresses->count++] = (struct address){ .text = bus,
			                                                 .is_bus = true };
}

/* Whether somebody may be there. Of anything but a path, as it mostly is, only connecting tells. */
static bool is_there(const struct address *address)
{
	static const char unix_path[] = "unix:path=";
	const size_t prefix = sizeof(unix_path) - 1;
	char path[PATH_MAX];

	if (address->path)
		return access(address->path, W_OK) == 0;
	if (strncmp(address->text, unix_path, prefix) != 0 ||
	    address->text[strcspn(address->text, "%;")] != '\0')
		return true;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(address->text + prefix, ","),
	         address->text + prefix);
	return access(path, W_OK) == 0;
}

bool bus_available(bool user)
{
	_cleanup_(addresses_free) struct addresses addresses = { 0 };

	find_addresses(user, &addresses);
	for (size_t i = 0; i < addresses.count; i++)
		if (is_there(&addresses.items[i]))
			return true;
	return false;
}

/* By /proc/self/fd, because a path may be longer than a socket's address. */
static int connect_path(struct bus *bus, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int node = open(path, O_PATH | O_CLOEXEC);
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (node < 0 || fd < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", node);
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		/* EAGAIN: many others are waiting to be accepted, and there is no event to poll for. */
		if ((errno != EAGAIN && errno != EINTR) || now_ms() >= bus->deadline)
			return -1;
		poll(NULL, 0, CONNECT_RETRY_MS);
	}
	return take_fd(&fd);
}

static void disconnect(struct bus *bus)
{
	if (!bus->connection)
		return;
	bus->library.close(bus->connection);
	bus->library.unref(bus->connection);
	bus->connection = NULL;
}

/* Return: 0, or -1 with errno. Authentication is under way then. */
static int start_connection(struct bus *bus, const struct address *address)
{
	const struct sd_bus_library *library = &bus->library;
	_cleanup_fd_ int fd = -1;
	int n = library->new (&bus->connection);

	if (n >= 0 && address->is_bus)
		n = library->set_bus_client(bus->connection, 1);
	if (n >= 0 && address->path) {
		fd = connect_path(bus, address->path);
		n = fd < 0 ? -errno : library->set_fd(bus->connection, fd, fd);
		if (n >= 0)
			fd = -1; /* sd-bus closes it */
	} else if (n >= 0) {
		n = library->set_address(bus->connection, address->text);
	}
	if (n >= 0)
		n = library->add_filter(bus->connection, NULL, on_message, bus);
	if (n >= 0)
		n = library->start(bus->connection);
	if (n >= 0)
		return 0;
	disconnect(bus);
	errno = -n;
	return -1;
}

int bus_explain_absence(bool user, struct error **err)
{
	_cleanup_(addresses_free) struct addresses addresses = { 0 };

	find_addresses(user, &addresses);
	if (addresses.count > 0 && addresses.items[0].path)
		error_set(err, 0, "no connection to %s systemd: there is no %s",
		          user ? "the user's" : "the system's", addresses.items[0].path);
	else
		error_set(err, ENOMEM, "the connection to systemd");
	if (!user)
		return error_hint(err, "use --cgroup-manager cgroupfs where systemd is not pid 1");
	return error_hint(err,
	                  "log in with a session of your own (ssh, `machinectl shell`), or have "
	                  "`loginctl enable-linger` keep your systemd running");
}

static int connect_any(struct bus *bus, struct address *connected, struct error **err)
{
	_cleanup_(addresses_free) struct addresses addresses = { 0 };
	const char *place = NULL;
	int errnum = ENOENT;

	find_addresses(bus->user, &addresses);
	if (addresses.count == 0)
		return error_set(err, ENOMEM, "the address of systemd");
	for (size_t i = 0; i < addresses.count; i++) {
		if (start_connection(bus, &addresses.items[i]) == 0) {
			log_debug("systemd is spoken to by %s", addresses.items[i].path
			                                                ? addresses.items[i].path
			                                                : addresses.items[i].text);
			connected->is_bus = addresses.items[i].is_bus;
			return 0;
		}
		/* What is there and does not work is worth a word. */
		if (errno != ENOENT && errno != ENOTDIR) {
			errnum = errno;
			place = addresses.items[i].path ? addresses.items[i].path
			                                : addresses.items[i].text;
		}
	}
	if (!place)
		return bus_explain_absence(bus->user, err);
	return error_set(err, errnum, "no connection to %s systemd: %s",
	                 bus->user ? "the user's" : "the system's", place);
}

static int send_without_answer(struct bus *bus, sd_bus_message *message)
{
	int n = bus->library.message_set_expect_reply(message, 0);

	if (n >= 0)
		n = bus->library.send(bus->connection, message, NULL);
	bus->library.message_unref(message);
	return n;
}

/*
 * On a message bus signals come to those who ask for them, on either end. What follows is handled
 * after it, so there is no need for an answer.
 */
static int subscribe(struct bus *bus, struct error **err)
{
	static const char match[] = "type='signal',sender='" MANAGER_NAME
				    "',interface='" MANAGER_INTERFACE "',member='JobRemoved'";
	sd_bus_message *message = NULL;
	int n = bus->library.message_new_method_call(
		bus->connection, &message, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		"org.freedesktop.DBus", "AddMatch");

	if (n >= 0)
		n = bus->library.message_append(message, "s", match);
	if (n >= 0)
		n = send_without_answer(bus, message);
	else
		bus->library.message_unref(message);
	if (n < 0)
		return error_set(err, -n, "a message to the bus");
	if (bus_message(bus, "Subscribe", &message, err) < 0)
		return -1;
	n = send_without_answer(bus, message);
	return n < 0 ? error_set(err, -n, "a message to systemd") : 0;
}

/*
 * The pids that we name have to be those that systemd knows. A socket's peer is who listens:
 * systemd, also for dbus-daemon. In a pid namespace that it is not in, it has pid 0.
 */
static int check_pid_namespace(struct bus *bus, struct error **err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd = bus->library.get_fd(bus->connection);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return error_set(err, errno, "the connection to systemd");
	if (peer.pid > 0)
		return 0;
	error_set(err, 0, "systemd is in another pid namespace than rootlet");
	return error_hint(err, "use --cgroup-manager cgroupfs");
}

int bus_connect(bool user, int timeout_ms, int interrupt_fd, struct bus **bus, struct error **err)
{
	_cleanup_bus_ struct bus *new = calloc(1, sizeof(*new));
	struct address address = { 0 };

	if (!new)
		return error_set(err, ENOMEM, "the connection to systemd");
	new->user = user;
	new->timeout_ms = timeout_ms;
	new->interrupt_fd = interrupt_fd;
	set_deadline(new,
	             timeout_ms < BUS_CONNECT_TIMEOUT_MS ? timeout_ms : BUS_CONNECT_TIMEOUT_MS);
	if (library_open(&new->library, err) < 0 || connect_any(new, &address, err) < 0 ||
	    check_pid_namespace(new, err) < 0 || run_until(new, is_ready, err) < 0)
		return -1;
	if (address.is_bus && subscribe(new, err) < 0)
		return -1;
	*bus = take_pointer(new);
	return 0;
}

void bus_close(struct bus **bus)
{
	struct bus *old = *bus;

	if (!old)
		return;
	if (old->answer)
		old->library.message_unref(old->answer);
	disconnect(old);
	forget_object(old);
	/* Not dlclose(): libsystemd and what it loads keep thread-local data and exit handlers. */
	free(old);
	*bus = NULL;
}

/* --- calls ----------------------------------------------------------------------------------- */

static int new_message(struct bus *bus, const char *path, const char *interface, const char *member,
                       sd_bus_message **message, struct error **err)
{
	int n = bus->library.message_new_method_call(bus->connection, message, MANAGER_NAME, path,
	                                             interface, member);

	return n < 0 ? error_set(err, -n, "a message to systemd") : 0;
}

int bus_message(struct bus *bus, const char *member, sd_bus_message **message, struct error **err)
{
	return new_message(bus, MANAGER_PATH, MANAGER_INTERFACE, member, message, err);
}

int bus_message_end(struct bus *bus, sd_bus_message **message, int n, struct error **err)
{
	if (n >= 0)
		return bus_send(bus, message, err);
	bus->library.message_unref(*message);
	*message = NULL;
	return error_set(err, -n, "a message to systemd");
}

int bus_send(struct bus *bus, sd_bus_message **message, struct error **err)
{
	int n;

	if (bus->answer)
		bus->library.message_unref(bus->answer);
	bus->answer = NULL;
	forget_object(bus);
	set_deadline(bus, bus->timeout_ms);
	n = bus->library.call_async(bus->connection, NULL, *message, on_answer, bus, UINT64_MAX);
	bus->library.message_unref(*message);
	*message = NULL;
	return n < 0 ? error_set(err, -n, "a message to systemd") : 0;
}

int bus_answer(struct bus *bus, const char **name, struct error **err)
{
	const sd_bus_error *error;

	if (name)
		*name = "";
	if (run_until(bus, is_answered, err) < 0)
		return -1;
	if (bus->library.message_is_method_error(bus->answer, NULL) <= 0)
		return 0;
	error = bus->library.message_get_error(bus->answer);
	if (name && error && error->name)
		*name = error->name;
	return error_set(err, 0, "systemd: %s",
	                 error && error->message ? error->message : "an error without words");
}

int bus_job(struct bus *bus, const char *what, struct error **err)
{
	if (!bus->object)
		return error_set(err, EPROTO, "systemd: no job for %s", what);
	set_deadline(bus, bus->timeout_ms);
	if (run_until(bus, is_job_over, err) < 0)
		return error_prefix(err, "%s", what);
	if (strcmp(bus->job_result, "done") == 0)
		return 0;
	error_set(err, 0, "systemd: the job for %s ended with \"%s\"", what, bus->job_result);
	return error_hint(err, "`journalctl %s` may say why", bus->user ? "--user" : "--system");
}

static int get_unit(struct bus *bus, const char *unit, const char **name, struct error **err)
{
	sd_bus_message *message = NULL;

	if (bus_message(bus, "GetUnit", &message, err) < 0 ||
	    bus_message_end(bus, &message, bus->library.message_append(message, "s", unit), err) <
	            0)
		return -1;
	if (bus_answer(bus, name, err) < 0)
		return -1;
	return bus->object ? 0 : error_set(err, EPROTO, "systemd: no object for %s", unit);
}

char *bus_unit_text(struct bus *bus, const char *unit, const char *property, const char **name,
                    struct error **err)
{
	sd_bus_message *message = NULL;
	const char *value = NULL;
	char *text;
	int n;

	*name = "";
	if (get_unit(bus, unit, name, err) < 0 ||
	    new_message(bus, bus->object, PROPERTIES_INTERFACE, "Get", &message, err) < 0)
		return NULL;
	n = bus->library.message_append(message, "ss", UNIT_INTERFACE, property);
	if (bus_message_end(bus, &message, n, err) < 0 || bus_answer(bus, name, err) < 0)
		return NULL;
	n = bus->library.message_read(bus->answer, "v", "s", &value);
	text = n > 0 ? strdup(value) : NULL;
	if (!text)
		error_set(err, n > 0 ? ENOMEM : EPROTO, "systemd: the %s of %s", property, unit);
	return text;
}
