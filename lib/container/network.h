/* SPDX-License-Identifier: Apache-2.0 */
/* The network in a creation: what is decided, the files in the state directory, the helper. */
#pragma once

#include "container/creation.h"

/*
 * network_decide - read what is asked for, and change the namespaces of the config accordingly
 *
 * Before anything exists. Costs nothing where no network is asked for.
 */
int network_decide(struct creation *creation, struct error **err);

/* Make the files that are bound into the container (resolv.conf, hosts), and plan the binds. */
int network_make_files(struct creation *creation, struct error **err);

/* Give the helper the tap that init has made; *@tap is closed. */
int network_start(struct creation *creation, int *tap, struct error **err);

/* Wait until the helper serves, if there is one, or init ends; the state has its ports then. */
int network_wait(struct creation *creation, struct error **err);

/* What @state says about the network, as annotations of its own beside the config's. */
int network_annotate(struct container *container, struct arena *arena, struct error **err);
