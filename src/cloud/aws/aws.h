/* aws.h - what all products of this cloud share. */
#pragma once
#include "cloud/vendor.h"

extern const struct vendor aws_vendor;
