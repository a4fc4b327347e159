/* metrics.h - /metrics: Prometheus' text. Names of certificates and resources are in it: it takes the right to oversee. */
#pragma once
#include "api/request.h"

route_fn metrics_show;
