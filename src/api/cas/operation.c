#include "api/cas/operation.h"

#include "api/cas/access.h"
#include "api/cas/certificate.h"
#include "api/cas/contact.h"
#include "api/cas/job.h"
#include "api/cas/resource.h"
#include "api/cas/worker.h"

enum { OFTEN = 100, SELDOM = 10 };

const struct cas_operation cas_operations[] = {
    {"CreateDeploymentJob", ROLE_OPERATOR, OFTEN, "task", cas_create_job, cas_create_job_parameters},
    {"DeleteDeploymentJob", ROLE_OPERATOR, OFTEN, "task", cas_delete_job, cas_job_parameters},
    {"DescribeDeploymentJob", ROLE_VIEWER, OFTEN, NULL, cas_describe_job, cas_job_parameters},
    {"DescribeDeploymentJobStatus", ROLE_VIEWER, OFTEN, NULL, cas_describe_job_status,
     cas_job_or_none_parameters},
    {"ListDeploymentJob", ROLE_VIEWER, OFTEN, NULL, cas_list_jobs, cas_list_jobs_parameters},
    {"ListDeploymentJobCert", ROLE_VIEWER, OFTEN, NULL, cas_list_job_certificates, cas_job_parameters},
    {"ListDeploymentJobResource", ROLE_VIEWER, OFTEN, NULL, cas_list_job_resources, cas_job_parameters},
    {"UpdateDeploymentJob", ROLE_OPERATOR, OFTEN, "task", cas_update_job, cas_update_job_parameters},
    {"UpdateDeploymentJobStatus", ROLE_OPERATOR, OFTEN, "task", cas_update_job_status,
     cas_update_job_status_parameters},

    {"DeleteWorkerResource", ROLE_OPERATOR, OFTEN, "task", cas_delete_worker, cas_delete_worker_parameters},
    {"ListWorkerResource", ROLE_VIEWER, OFTEN, NULL, cas_list_workers, cas_list_workers_parameters},
    {"UpdateWorkerResourceStatus", ROLE_OPERATOR, OFTEN, "task", cas_update_worker_status,
     cas_update_worker_status_parameters},

    {"AddCloudAccess", ROLE_ADMIN, OFTEN, "access", cas_add_access, cas_add_access_parameters},
    {"DeleteCloudAccess", ROLE_ADMIN, OFTEN, "access", cas_delete_access, cas_delete_access_parameters},
    {"ListCloudAccess", ROLE_VIEWER, OFTEN, NULL, cas_list_accesses, cas_list_accesses_parameters},

    {"DescribeCloudResourceStatus", ROLE_VIEWER, OFTEN, NULL, cas_resource_status,
     cas_resource_status_parameters},
    {"GetMatchedResources", ROLE_VIEWER, SELDOM, NULL, cas_matched_resources,
     cas_matched_resources_parameters},
    {"ListCloudResources", ROLE_VIEWER, OFTEN, NULL, cas_list_resources, cas_list_resources_parameters},

    {"CreateContact", ROLE_OPERATOR, OFTEN, "contact", cas_create_contact, cas_create_contact_parameters},
    {"DeleteContact", ROLE_OPERATOR, OFTEN, "contact", cas_delete_contact, cas_delete_contact_parameters},
    {"GetContact", ROLE_VIEWER, OFTEN, NULL, cas_get_contact, cas_delete_contact_parameters},
    {"ListContact", ROLE_VIEWER, OFTEN, NULL, cas_list_contacts, cas_list_contacts_parameters},
    {"UpdateContact", ROLE_OPERATOR, OFTEN, "contact", cas_update_contact, cas_update_contact_parameters},

    {"DeleteUserCertificate", ROLE_OPERATOR, OFTEN, "certificate", cas_delete_certificate,
     cas_delete_certificate_parameters},
    {"GetCertificateDetail", ROLE_VIEWER, OFTEN, NULL, cas_certificate_overview,
     cas_certificate_overview_parameters},
    {"GetUserCertificateDetail", ROLE_VIEWER, OFTEN, "certificate", cas_certificate_detail,
     cas_certificate_detail_parameters},
    {"ListCertificates", ROLE_VIEWER, SELDOM, NULL, cas_list_certificates, cas_list_certificates_parameters},
    {"ListUserCertificateOrder", ROLE_VIEWER, SELDOM, NULL, cas_list_orders, cas_list_orders_parameters},
    {"UploadUserCertificate", ROLE_OPERATOR, OFTEN, "certificate", cas_upload_certificate,
     cas_upload_certificate_parameters},
};

const size_t cas_operation_count = countof(cas_operations);
