/* file.h - reading and writing whole small files, and the clean-up functions for descriptors. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include <stdio.h>

/* Reads the whole file, or standard input when path is "-", into the arena, NUL-terminated. A file over max_bytes, a
 * directory, or one that cannot be read is refused with a sentence that names it. The arena must have room for
 * max_bytes and a little more.
 */
must_use bool file_read(struct arena *a, const char *path, size_t max_bytes, char **ret_data,
                        size_t *ret_size, struct err *err);

/* Replaces the file with exactly these bytes and this mode, or leaves what was there: written beside, synced, renamed. */
must_use bool file_write(const char *path, const void *data, size_t size, unsigned mode, struct err *err);

/* Puts on disk that the file or directory at this path is there under this name: what lost power would undo. */
must_use bool file_sync_folder(const char *path, struct err *err);

/* Makes the directory and its parents (0700) where absent, to stay when the power goes. */
must_use bool file_make_directory(const char *path, struct err *err);

void file_close(FILE **f);      /* for cleanup() */
void descriptor_close(int *fd); /* for cleanup(); -1 is closed already */
