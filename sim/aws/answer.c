#include "codec/xml.h"
#include "sim/aws/aws.h"

#include <string.h>

enum { ANSWER_BYTES = 16 << 20 };

const char *const aws_regions[3] = {"us-east-1", "eu-west-1", "ap-southeast-1"};

void aws_open(struct aws_xml *x, const char *name)
{
    buf_printf(&x->body, "<%s>", name);
}

void aws_close(struct aws_xml *x, const char *name)
{
    buf_printf(&x->body, "</%s>", name);
}

void aws_text(struct aws_xml *x, const char *name, const char *text)
{
    buf_printf(&x->body, "<%s>%s</%s>", name, xml_escape(x->arena, text), name);
}

static const char *namespace_of(const struct sim_service *s)
{
    if (!strcmp(s->code, "iam"))
        return "https://iam.amazonaws.com/doc/2010-05-08/";
    if (!strcmp(s->code, "sts"))
        return "https://sts.amazonaws.com/doc/2011-06-15/";
    if (!strcmp(s->code, "ec2"))
        return "http://ec2.amazonaws.com/doc/2016-11-15/";
    return strcmp(s->code, "elb") ? "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
                                  : "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/";
}

static struct aws_xml *begin(struct sim_call *c)
{
    struct aws_xml *x = arena_make(c->arena, struct aws_xml);
    *x = (struct aws_xml){c->arena, buf_new(c->arena, ANSWER_BYTES)};
    buf_printf(&x->body, "<%sResponse xmlns=\"%s\">", c->operation->name, namespace_of(c->service));
    return x;
}

static void end(struct sim_call *c, struct aws_xml *x)
{
    if (!strcmp(c->service->style, "query"))
        buf_printf(&x->body, "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>", c->request_id);
    buf_printf(&x->body, "</%sResponse>", c->operation->name);
    sim_reply_header(c, "x-amzn-RequestId", c->request_id);
    sim_reply(c, 200, "text/xml", x->body.data);
}

struct aws_xml *aws_begin(struct sim_call *c)
{
    struct aws_xml *x = begin(c);
    if (!strcmp(c->service->style, "ec2"))
        aws_text(x, "requestId", c->request_id);
    else
        buf_printf(&x->body, "<%sResult>", c->operation->name);
    return x;
}

void aws_end(struct sim_call *c, struct aws_xml *x)
{
    if (!strcmp(c->service->style, "query"))
        buf_printf(&x->body, "</%sResult>", c->operation->name);
    end(c, x);
}

void aws_reply_empty(struct sim_call *c)
{
    end(c, begin(c));
}

void aws_reply_json(struct sim_call *c, const char *json)
{
    sim_reply_header(c, "x-amzn-RequestId", c->request_id);
    sim_reply(c, 200, "application/x-amz-json-1.1", json);
}

/* ---- pages ---- */

bool aws_page_open(struct sim_call *c, struct aws_page *p, const char *size_arg, size_t fallback)
{
    const char *marker = sim_arg(c, "Marker");
    *p = (struct aws_page){.size = (size_t)sim_arg_int(c, size_arg, (int64_t)fallback)};
    if (!marker || sim_page_token_read(marker, &p->from))
        return true;
    c->vendor->refuse(c, REFUSE_BAD_PARAMETER, "Marker");
    return false;
}

bool aws_page_holds(struct aws_page *p)
{
    size_t i = p->seen++;
    return i >= p->from && i < p->from + p->size;
}

const char *aws_page_next(struct sim_call *c, const struct aws_page *p)
{
    return p->from + p->size < p->seen ? sim_page_token(c->arena, p->from + p->size) : NULL;
}

bool aws_is_asked(struct sim_call *c, const char *pattern, const char *value)
{
    const char *item;
    for (size_t i = 0; (item = sim_arg_item(c, pattern, i)); i++)
        if (!strcmp(item, value))
            return true;
    return !sim_arg_count(c, pattern);
}
