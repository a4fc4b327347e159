#include "base/utf8.h"

#include <string.h>

size_t utf8_size(const char *text, size_t left)
{
    const unsigned char *p = (const unsigned char *)text;
    if (!left)
        return 0;
    if (p[0] < 0x80)
        return 1;
    size_t size = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool outside = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
    return overlong || outside ? 0 : size;
}

void utf8_mend(char *text)
{
    for (size_t left = strlen(text), step; left; text += step, left -= step) {
        step = utf8_size(text, left);
        if (step)
            continue;
        *text = '?';
        step = 1;
    }
}
