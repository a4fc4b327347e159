#include "cloud/vendor.h"

#include "cloud/aliyun/aliyun.h"
#include "cloud/aws/aws.h"
#include "cloud/huawei/huawei.h"
#include "cloud/tencent/tencent.h"
#include <string.h>

const struct vendor *const vendors[] = {&aliyun_vendor, &tencent_vendor, &aws_vendor, &huawei_vendor, NULL};

const struct vendor *vendor_find(const char *cloud)
{
    for (size_t i = 0; vendors[i]; i++)
        if (strcmp(vendors[i]->cloud, cloud) == 0)
            return vendors[i];
    return NULL;
}
