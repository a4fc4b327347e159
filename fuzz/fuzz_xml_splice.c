/* path, element, then the document: the tree's offsets hold, and splicing changes nothing but the element. */
#include "codec/xml.h"
#include "fuzz.h"

static void check_node(struct arena *a, const char *text, size_t size, const struct xml *node)
{
    must(node->begin < node->inner_begin && node->inner_begin <= node->inner_end);
    must(node->inner_end <= node->end && node->end <= size);
    must(text[node->begin] == '<' && text[node->end - 1] == '>');
    const struct xml *alone;
    char *excerpt = xml_excerpt(a, text, node);
    must(xml_parse(a, excerpt, strlen(excerpt), &alone, NULL));
    must(strcmp(alone->name, node->name) == 0 && strcmp(alone->text, node->text) == 0);
    (void)xml_int(node, "", 0);
    for (const struct xml *child = node->child; child; child = child->next) {
        must(child->parent == node);
        must(child->begin >= node->inner_begin && child->end <= node->inner_end);
        must(!child->next || child->next->begin >= child->end);
        must(xml_count(node, child->name) >= 1);
    }
}

static void check_tree(struct arena *a, const char *text, size_t size, const struct xml *root)
{
    size_t left = 64; /* each node is parsed alone: enough of them */
    for (const struct xml *node = root; node && left; left--) {
        check_node(a, text, size, node);
        while (node && !node->child && !node->next)
            node = node->parent;
        node = !node ? NULL : node->child && left % 2 ? node->child : node->next;
    }
}

static void check_splice(struct arena *a, const char *text, size_t size, const struct xml *root,
                         const char *path, const char *element)
{
    const struct xml *node = xml_at(root, path), *again;
    char *spliced;
    struct err err;
    if (!xml_splice(a, text, size, path, element, &spliced, NULL))
        return;
    size_t element_size = strlen(element);
    if (node) {
        must(strlen(spliced) == size - (node->end - node->begin) + element_size);
        must(memcmp(spliced, text, node->begin) == 0);
        must(memcmp(spliced + node->begin, element, element_size) == 0);
        must(memcmp(spliced + node->begin + element_size, text + node->end, size - node->end) == 0);
    }
    must(xml_parse(a, spliced, strlen(spliced), &again, &err) || strstr(err.text, "nested too deeply") ||
         strstr(err.text, "too many elements"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES * 4);
    const char *path = fuzz_line(a, &data, &size), *element = fuzz_line(a, &data, &size);
    const char *text = arena_copy(a, data, size);
    const struct xml *root;
    if (size > 1 << 16)
        return 0;
    char *escaped = arena_printf(a, "<a b='%s'>%s</a>", xml_escape(a, text), xml_escape(a, text));
    must(xml_parse(a, escaped, strlen(escaped), &root, NULL));
    if (!xml_parse(a, text, size, &root, NULL))
        return 0;
    check_tree(a, text, size, root);
    check_splice(a, text, size, root, path, element);
    return 0;
}
