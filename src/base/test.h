/* test.h - what every unit test begins with: cmocka with the headers it wants, and an arena per test. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEST_ARENA(name) cleanup(arena_free_p) struct arena *name = arena_new(ARENA_JOB_BYTES)
