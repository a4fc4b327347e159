/* v1_plan.h - what a preview says of the plan as a whole. */
#pragma once
#include "api/request.h"
#include "codec/json_format.h"
#include "task/task.h"

/* Members of an open object:
 *   "products": {"aliyun/cdn":12}                       deployments of each product
 *   "matches": [{"product","known","resources","slots","certificates"}]   R79, R87: of the resources known, those matched
 *   "copies":  [{"certificate","certificate_name","access","access_name","store","product","region","brought"}]: where keys are copied to, each place once
 *   "calls":   [{"access","access_name","reads","writes","uploads"}]: at least so many calls, by access
 */
must_use bool v1_plan_put(struct request *rq, struct json_writer *w, const struct task_view *view,
                          struct err *err);
