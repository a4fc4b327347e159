/* tencent.h - what all products of this cloud share. */
#pragma once
#include "cloud/vendor.h"

extern const struct vendor tencent_vendor;
