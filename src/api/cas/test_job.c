/* Tasks and accesses by the API. */
#include "api/cas/test_surface.h"
#include "base/clock.h"
#include "store/approval.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int64_t new_access(struct surface *s, const char *cloud)
{
    struct access_row row = yard_access(s->y, cloud);
    row.owner = "";
    row.cloud = cloud;
    row.key_id = arena_printf(s->y->a, "KEY-%s", cloud);
    row.read_only = false;
    row.regions = "[]";
    row.gateway = "http://127.0.0.1:9"; /* nobody answers there */
    row.state = "normal";
    assert_ok(s->y, store_access_add(s->y->db, &row, bench_secret(s->y->b, "s"), NULL, &s->y->err));
    return row.id;
}

static int64_t new_resource(struct surface *s, int64_t access, const char *product, const char *domain,
                            size_t bound_count)
{
    struct resource_name name = {domain, EVIDENCE_DOMAIN};
    const char *names[] = {domain};
    struct bound bound[2] = {{.slot = "default",
                              .ref = "old",
                              .name = "old",
                              .fingerprint = "",
                              .serial = "",
                              .key_type = "",
                              .issuer = "",
                              .names = names,
                              .name_count = 1},
                             {.slot = "sni",
                              .ref = "old2",
                              .name = "old2",
                              .fingerprint = "",
                              .serial = "",
                              .key_type = "",
                              .issuer = "",
                              .names = names,
                              .name_count = 1}};
    struct resource r = {.access_id = access,
                         .owner = "",
                         .product = product,
                         .region = "",
                         .vendor_id = domain,
                         .title = domain,
                         .names = &name,
                         .name_count = 1,
                         .https = true,
                         .bound = bound,
                         .bound_count = bound_count,
                         .host = "",
                         .reach = "public",
                         .lock = arena_printf(s->y->a, "x:%s", domain),
                         .alias_of = "",
                         .managed_by = "",
                         .unfit = "",
                         .extra = "{}",
                         .generation = 1};
    assert_ok(s->y, store_resource_put(s->y->db, s->y->s, &r, &s->y->err));
    struct answer list = good(s, "ListCloudResources", arena_printf(s->y->a, "Keyword=%s", domain));
    assert_int_equal(number_at(&list, "/Total"), 1);
    return number_at(&list, "/Data/0/Id");
}

static int64_t new_contact(struct surface *s)
{
    struct answer made = good(s, "CreateContact", "Name=Ops&Mobile=13800138000");
    return number_at(&made, "/ContactId");
}

static const char *job_of(struct surface *s, const char *type, int64_t cert, const char *resources,
                          int64_t contact)
{
    return arena_printf(s->y->a,
                        "Name=job%%20%%281%%29&JobType=%s&CertIds=%lld&ResourceIds=%s&ContactIds=%lld", type,
                        (long long)cert, resources, (long long)contact);
}

static const char *text_of(struct surface *s, int64_t id)
{
    return arena_printf(s->y->a, "%lld", (long long)id);
}

static void R92_R104_a_task_is_made_changed_and_deleted_in_editing(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    int64_t own = new_access(s, "aliyun"), contact = new_contact(s),
            cert = upload(s, "wide", "*.example.com", &leaf);
    int64_t a = new_resource(s, own, "aliyun/cdn", "a.example.com", 1),
            b = new_resource(s, own, "aliyun/cdn", "b.example.com", 1),
            odd = new_resource(s, own, "aliyun/cdn", "odd.example.org", 1);
    const char *all = arena_printf(s->y->a, "%lld,%lld,%lld,%lld", (long long)a, (long long)b, (long long)odd,
                                   (long long)a);
    struct answer made = good(s, "CreateDeploymentJob", job_of(s, "user", cert, all, contact));
    int64_t job = number_at(&made, "/JobId");
    const char *id = with_id(s, "JobId", job, "");
    struct answer one = good(s, "DescribeDeploymentJob", id);
    assert_string_equal(json_get(one.json, "/Status"), "editing");
    assert_string_equal(json_get(one.json, "/Name"), "job (1)");
    assert_string_equal(json_get(one.json, "/CertType"), "upload");
    assert_string_equal(json_get(one.json, "/ProductName"), "CDN");
    assert_string_equal(json_get(one.json, "/CasContacts/0/Id"), text_of(s, contact));
    assert_int_equal(strncmp(json_get(one.json, "/InstanceId"), "cas-job-user-", 13), 0);
    struct answer status = good(s, "DescribeDeploymentJobStatus", id);
    assert_int_equal(number_at(&status, "/WorkerCount"), 3); /* R73 */
    assert_int_equal(number_at(&status, "/MatchWorkerCount"), 2);
    assert_int_equal(number_at(&status, "/FailedCount"), 0);
    assert_int_equal(number_at(&status, "/CostCount"), 2);
    struct answer workers = good(s, "ListWorkerResource", id);
    assert_int_equal(number_at(&workers, "/Total"), 3);
    assert_string_equal(json_get(workers.json, "/Data/0/Status"), "editing");
    assert_int_equal(number_at(&workers, "/Data/2/ResourceId"), odd);
    assert_true(*json_get(workers.json, "/Data/2/ErrorMessage"));
    for (int page = 1; page <= 3; page++) {
        struct answer part =
            good(s, "ListWorkerResource",
                 with_id(s, "JobId", job, arena_printf(s->y->a, "&ShowSize=1&CurrentPage=%d", page)));
        assert_int_equal(json_count(json_at(part.json, "/Data")), 1);
        assert_int_equal(number_at(&part, "/Total"), 3);
        assert_int_equal(number_at(&part, "/Data/0/Id"),
                         number_at(&workers, arena_printf(s->y->a, "/Data/%d/Id", page - 1)));
    }
    for (int i = 1; i <= 2; i++)
        good(s, "DeleteWorkerResource",
             with_id(s, "JobId", job,
                     arena_printf(s->y->a, "&WorkerId=%lld",
                                  (long long)number_at(&workers, arena_printf(s->y->a, "/Data/%d/Id", i)))));
    status = good(s, "DescribeDeploymentJobStatus", id);
    assert_int_equal(number_at(&status, "/MatchWorkerCount"), 1);
    good(s, "UpdateDeploymentJob",
         with_id(s, "JobId", job, arena_printf(s->y->a, "&Name=other&ResourceIds=%lld", (long long)b)));
    struct answer resources = good(s, "ListDeploymentJobResource", id);
    assert_int_equal(json_count(json_at(resources.json, "/Data")), 1);
    assert_int_equal(number_at(&resources, "/Data/0/Id"), b);
    struct answer certs = good(s, "ListDeploymentJobCert", id);
    assert_int_equal(number_at(&certs, "/Data/0/CertId"), cert);
    struct answer list = good(s, "ListDeploymentJob", "JobType=user&Status=editing");
    assert_string_equal(json_get(list.json, "/Data/0/Name"), "other");
    good(s, "DeleteDeploymentJob", id);
    struct answer gone = call(s, "DescribeDeploymentJob", id);
    assert_refusal(&gone, 404, "NotFound");
}

static void R67_R92_a_submitted_task_waits_for_its_time_or_goes_back(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    int64_t own = new_access(s, "aliyun"), contact = new_contact(s),
            cert = upload(s, "wide", "*.example.com", &leaf);
    int64_t a = new_resource(s, own, "aliyun/cdn", "a.example.com", 1);
    int64_t later = s->y->clock.now_ms + DAY_MS;
    struct answer made =
        good(s, "CreateDeploymentJob",
             arena_printf(s->y->a, "%s&ScheduleTime=%lld", job_of(s, "user", cert, text_of(s, a), contact),
                          (long long)later));
    const char *id = with_id(s, "JobId", number_at(&made, "/JobId"), "");
    const char *pending = arena_printf(s->y->a, "%s&Status=pending", id),
               *editing = arena_printf(s->y->a, "%s&Status=editing", id),
               *now = arena_printf(s->y->a, "%s&Status=scheduling", id);
    struct answer said = good(s, "UpdateDeploymentJobStatus", pending);
    assert_string_equal(json_get(said.json, "/Data"), "[]");
    struct answer one = good(s, "DescribeDeploymentJob", id);
    assert_string_equal(json_get(one.json, "/Status"), "pending");
    assert_string_equal(json_get(one.json, "/ScheduleTime"), text_of(s, later));
    struct answer refused = call(s, "UpdateDeploymentJob", arena_printf(s->y->a, "%s&Name=x", id));
    assert_refusal(&refused, 400, "InvalidOperation"); /* R104 */
    refused = call(s, "DeleteDeploymentJob", id);
    assert_refusal(&refused, 400, "InvalidOperation"); /* C6 */
    good(s, "UpdateDeploymentJobStatus", editing);
    good(s, "UpdateDeploymentJobStatus", pending);
    good(s, "UpdateDeploymentJobStatus", now);
    one = good(s, "DescribeDeploymentJob", id);
    assert_string_equal(json_get(one.json, "/Status"), "scheduling");
    refused = call(s, "UpdateDeploymentJobStatus", editing);
    assert_refusal(&refused, 400, "InvalidOperation");
    struct answer workers = good(s, "ListWorkerResource", id);
    assert_string_equal(json_get(workers.json, "/Data/0/Status"), "scheduling");
    refused = call(s, "UpdateWorkerResourceStatus",
                   arena_printf(s->y->a, "%s&Status=rollback&WorkerId=%lld", id,
                                (long long)number_at(&workers, "/Data/0/Id")));
    assert_refusal(&refused, 400, "InvalidOperation"); /* R106 */
}

/* Takes connections and says nothing. */
static int silent_gateway(struct surface *s, const char **ret_url)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 16) == 0 &&
                getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *ret_url = arena_printf(s->y->a, "http://127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

static void R135_no_call_waits_for_a_cloud(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    struct access_row row;
    int64_t own = new_access(s, "aliyun"), begun_ms = clock_monotonic_ms(&clock_system);
    assert_ok(s->y, store_access_load(s->y->db, s->y->a, own, &row, &s->y->err));
    int fd = silent_gateway(s, &row.gateway);
    assert_ok(s->y, store_access_update(s->y->db, &row, NULL, NULL, &s->y->err));
    int64_t contact = new_contact(s), cert = upload(s, "wide", "*.example.com", &leaf);
    int64_t a = new_resource(s, own, "aliyun/cdn", "a.example.com", 1);
    good(s, "AddCloudAccess", "CloudName=Tencent&SecretId=AKID1&SecretKey=s");
    good(s, "DescribeCloudResourceStatus", "");
    good(s, "GetMatchedResources", with_id(s, "CertIds", cert, ""));
    struct answer made = good(s, "CreateDeploymentJob", job_of(s, "user", cert, text_of(s, a), contact));
    good(s, "UpdateDeploymentJobStatus", with_id(s, "JobId", number_at(&made, "/JobId"), "&Status=pending"));
    assert_true(clock_monotonic_ms(&clock_system) - begun_ms < 3000); /* all of them together */
    close(fd);
}

static void what_wants_a_second_person_waits_for_that_one(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    int64_t own = new_access(s, "aliyun"), contact = new_contact(s),
            cert = upload(s, "wide", "*.example.com", &leaf);
    int64_t a = new_resource(s, own, "aliyun/cdn", "a.example.com", 1);
    struct group_row group = {.id = yard_id(s->y), .owner = "", .name = "guarded", .second_person = true};
    assert_ok(s->y, store_group_add(s->y->db, &group, &s->y->err));
    assert_ok(s->y, store_group_accesses_set(s->y->db, group.id, &own, 1, &s->y->err));
    struct answer made = good(s, "CreateDeploymentJob", job_of(s, "user", cert, text_of(s, a), contact));
    const char *id = with_id(s, "JobId", number_at(&made, "/JobId"), "");
    const char *pending = arena_printf(s->y->a, "%s&Status=pending", id);
    struct approval_row approval;
    struct task_row task;
    int64_t job = number_at(&made, "/JobId");
    good(s, "UpdateDeploymentJobStatus", pending);
    struct answer one = good(s, "DescribeDeploymentJob", id);
    assert_string_equal(json_get(one.json, "/Status"), "pending"); /* it waits */
    assert_ok(s->y, store_task_load(s->y->db, s->y->a, job, &task, &s->y->err));
    assert_string_equal(task.state, "editing"); /* and nothing was started */
    assert_ok(s->y, store_approval_of(s->y->db, s->y->a, job, &approval, &s->y->err));
    assert_int_equal(approval.task_version, task.version);
    assert_int_equal(approval.who_id, s->key.id);
    good(s, "UpdateDeploymentJobStatus", arena_printf(s->y->a, "%s&Status=editing", id));
    assert_err(s->y, ERR_NOT_FOUND, store_approval_of(s->y->db, s->y->a, job, &approval, &s->y->err));
    assert_ok(s->y, store_group_accesses_set(s->y->db, group.id, NULL, 0, &s->y->err));
    good(s, "UpdateDeploymentJobStatus", pending);
    one = good(s, "DescribeDeploymentJob", id);
    assert_string_equal(json_get(one.json, "/Status"), "scheduling");
}

static void R88_a_task_that_matches_nothing_fails_when_it_is_submitted(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    int64_t own = new_access(s, "aliyun"), contact = new_contact(s),
            cert = upload(s, "wide", "*.example.com", &leaf);
    int64_t odd = new_resource(s, own, "aliyun/cdn", "odd.example.org", 1);
    struct answer made = good(s, "CreateDeploymentJob", job_of(s, "user", cert, text_of(s, odd), contact));
    const char *id = with_id(s, "JobId", number_at(&made, "/JobId"), "");
    good(s, "UpdateDeploymentJobStatus", arena_printf(s->y->a, "%s&Status=pending", id));
    struct answer status = good(s, "DescribeDeploymentJobStatus", id);
    assert_int_equal(number_at(&status, "/WorkerCount"), 1);
    assert_int_equal(number_at(&status, "/FailedCount"), 1); /* R101 */
    struct answer list = good(s, "ListDeploymentJob", "Status=error");
    assert_int_equal(number_at(&list, "/Total"), 1);
    struct answer workers = good(s, "ListWorkerResource", arena_printf(s->y->a, "%s&Status=error", id));
    assert_int_equal(number_at(&workers, "/Data/0/ResourceId"), odd);
}

static void R20_R103_types_and_listeners_are_kept_apart(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    int64_t own = new_access(s, "aliyun"), far = new_access(s, "tencent"), contact = new_contact(s),
            cert = upload(s, "wide", "*.example.com", &leaf);
    int64_t a = new_resource(s, own, "aliyun/cdn", "a.example.com", 1),
            clb = new_resource(s, own, "aliyun/clb", "b.example.com", 2),
            t = new_resource(s, far, "tencent/cdn", "c.example.com", 1);
    const char *two = arena_printf(s->y->a, "%lld,%lld", (long long)a, (long long)clb);
    struct answer refused = call(s, "CreateDeploymentJob", job_of(s, "user", cert, two, contact));
    assert_refusal(&refused, 400, "ResourceNotSupportCert");
    refused = call(s, "CreateDeploymentJob", job_of(s, "user", cert, text_of(s, t), contact));
    assert_refusal(&refused, 400, "InvalidJobType");
    refused = call(s, "CreateDeploymentJob", job_of(s, "cloud", cert, text_of(s, a), contact));
    assert_refusal(&refused, 400, "InvalidJobType");
    struct answer made = good(s, "CreateDeploymentJob", job_of(s, "cloud", cert, text_of(s, t), contact));
    struct answer list = good(s, "ListDeploymentJob", "JobType=cloud");
    assert_int_equal(number_at(&list, "/Data/0/Id"), number_at(&made, "/JobId"));
    struct answer matched = good(s, "GetMatchedResources", with_id(s, "CertIds", cert, ""));
    assert_int_equal(json_count(json_at(matched.json, "/Data")), 3);
    struct answer counts = good(s, "DescribeCloudResourceStatus", "SecretId=KEY-tencent");
    const struct json *cdn = json_find(json_at(counts.json, "/Data"), "/CloudProduct", "TencentCDN");
    assert_int_equal(json_int(json_at(cdn, "/TotalCount"), 0), 1);
}

static void R60_accesses_of_others_are_listed_without_secrets(void **state)
{
    struct surface *s = *state;
    new_access(s, "aliyun"); /* its gateway is taken for new ones, too: nobody answers there */
    good(s, "AddCloudAccess", "CloudName=tencent&SecretId=AKIDabc&SecretKey=TOPSECRET");
    struct answer twice = call(s, "AddCloudAccess", "CloudName=Tencent&SecretId=AKIDabc&SecretKey=TOPSECRET");
    assert_refusal(&twice, 400, "InvalidSecretId");
    struct answer list = good(s, "ListCloudAccess", "CloudName=Tencent&ShowSize=20");
    assert_int_equal(number_at(&list, "/TotalCount"), 1);
    assert_int_equal(number_at(&list, "/ShowSize"), 20);
    assert_string_equal(json_get(list.json, "/CloudAccessList/0/SecretId"), "AKIDabc");
    assert_null(strstr(list.http.body, "TOPSECRET"));
    struct access_row row;
    assert_ok(s->y, store_access_find(s->y->db, s->y->a, "tencent-AKIDabc", &row, &s->y->err));
    assert_string_equal(row.gateway, "http://127.0.0.1:9");
    good(s, "DeleteCloudAccess", with_id(s, "AccessId", row.id, ""));
    list = good(s, "ListCloudAccess", "");
    assert_int_equal(number_at(&list, "/TotalCount"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        surface_test(R92_R104_a_task_is_made_changed_and_deleted_in_editing),
        surface_test(R67_R92_a_submitted_task_waits_for_its_time_or_goes_back),
        surface_test(R135_no_call_waits_for_a_cloud),
        surface_test(what_wants_a_second_person_waits_for_that_one),
        surface_test(R88_a_task_that_matches_nothing_fails_when_it_is_submitted),
        surface_test(R20_R103_types_and_listeners_are_kept_apart),
        surface_test(R60_accesses_of_others_are_listed_without_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
