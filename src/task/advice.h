/* advice.h - what to do about a failure (R58, R94, R95, R100): one sentence per class, more exact per code. */
#pragma once
#include "base/err.h"

/* Never NULL; product is a code such as "tencent/cdn", code the vendor's or "". */
const char *advice_for(const char *product, enum err_kind kind, const char *code);
