/* replay.c - the main of a fuzz target outside libFuzzer: runs it over the files of the folders named. */
#include "base/file.h"
#include "fuzz.h"
#include <dirent.h>
#include <stdio.h>

enum { INPUT_MAX_BYTES = 1 << 20 };

static bool replay_folder(const char *folder, size_t *count, struct err *err)
{
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, NULL, alphasort);
    if (found < 0)
        return err_set(err, ERR_INPUT, "%s: %m", folder);
    for (int i = 0; i < found; i++) {
        cleanup(arena_free_p) struct arena *a = arena_new(INPUT_MAX_BYTES * 2);
        char *path = arena_printf(a, "%s/%s", folder, entries[i]->d_name), *data;
        bool hidden = entries[i]->d_name[0] == '.';
        size_t size;
        free(entries[i]);
        if (hidden)
            continue;
        if (!file_read(a, path, INPUT_MAX_BYTES, &data, &size, err))
            return false;
        fprintf(stderr, "%s\n", path); /* names the culprit when the next line aborts */
        (void)LLVMFuzzerTestOneInput((const uint8_t *)data, size);
        (*count)++;
    }
    free(entries);
    return true;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    struct err err;
    for (int i = 1; i < argc; i++)
        if (!replay_folder(argv[i], &count, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
    printf("%zu inputs\n", count);
    return count ? 0 : 1;
}
