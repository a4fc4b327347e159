#include "api/access_edit.h"

#include "cloud/cloud.h"
#include "codec/text.h"
#include <string.h>

static const char *const clouds[] = {"aliyun", "tencent", "aws", "huawei"};

struct access_row access_blank(struct store *store, const char *cloud)
{
    return (struct access_row){.id = store_new_id(store),
                               .owner = "",
                               .cloud = cloud,
                               .site = strcmp(cloud, "aws") == 0 ? "international" : "china",
                               .key_id = "",
                               .key_source = "",
                               .secret_command = "",
                               .role = "",
                               .external_id = "",
                               .regions = "[]",
                               .gateway = "",
                               .ca_file = "",
                               .proxy = "",
                               .account_id = "",
                               .state = "unchecked",
                               .state_text = ""};
}

static bool cloud_known(const char *cloud)
{
    for (size_t i = 0; i < countof(clouds); i++)
        if (strcmp(clouds[i], cloud) == 0)
            return true;
    return false;
}

bool access_text_check(const char *what, const char *text, struct err *err)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= 0x20 || *p == 0x7F)
            return err_set(err, ERR_INPUT, "%s must not hold blanks or control characters", what);
    return *text || err_set(err, ERR_INPUT, "%s is empty", what);
}

/* Where the keys come from, and what they are exchanged for. */
static bool check_key_source(const struct access_row *row, struct err *err)
{
    bool command = strcmp(row->key_source, "command") == 0, machine = strcmp(row->key_source, "machine") == 0;
    if (machine && strcmp(row->cloud, "aliyun") != 0 && strcmp(row->cloud, "aws") != 0)
        return err_set(err, ERR_INPUT, "keys of the machine are known for aliyun and aws only");
    if (command && row->secret_command[0] != '/')
        return err_set(
            err, ERR_INPUT,
            "secret_command \"%.60s\": begin with the absolute path of a program; it is run without a shell",
            row->secret_command);
    if (*row->external_id && !*row->role)
        return err_set(err, ERR_INPUT, "an external id belongs to a role");
    if (*row->role && !access_text_check("the role", row->role, err))
        return false;
    return machine || (command && !*row->key_id) || access_text_check("the key id", row->key_id, err);
}

bool access_check(struct arena *a, const struct access_row *row, struct err *err)
{
    struct url url;
    bool known_site = strcmp(row->site, "china") == 0 || strcmp(row->site, "international") == 0;
    if (!cloud_known(row->cloud))
        return err_set(err, ERR_INPUT,
                       "cloud \"%s\": aliyun, tencent, aws or huawei; other clouds are not supported",
                       row->cloud);
    if (!known_site)
        return err_set(err, ERR_INPUT, "site \"%s\": china or international", row->site);
    if (!check_key_source(row, err) || !access_text_check("the name", row->name, err) ||
        !request_name_check(row->name, err) || !cloud_gateway_check(a, row, err))
        return false;
    if (*row->proxy && !url_parse(a, row->proxy, &url, err))
        return err_add(err, "proxy");
    if (*row->ca_file && row->ca_file[0] != '/')
        return err_set(err, ERR_INPUT, "ca_file %s: give an absolute path", row->ca_file);
    return true;
}
