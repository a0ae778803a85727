/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoded config.json must fulfil beyond its types (private to spec/). */
#pragma once

#include "base/error.h"
#include "spec/config.h"

/* config_validate - messages name the place in the document, without its name */
int config_validate(const struct config *config, struct error **err);
