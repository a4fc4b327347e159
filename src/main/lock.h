/* lock.h - DIR/lock: who owns the store. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct store_lock {
    int fd; /* -1: not held */
    long owner_pid;
    bool owner_engine;
};

/* Tries to own the directory. *ret_held false, with the owner's facts in lock, when another process does. */
must_use bool lock_try(const char *directory, bool engine, struct store_lock *lock, bool *ret_held,
                       struct err *err);
void lock_release(struct store_lock *lock);
