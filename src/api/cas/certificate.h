/* certificate.h - the operations on certificates. */
#pragma once
#include "api/cas/call.h"

cas_handler_fn cas_upload_certificate, cas_delete_certificate, cas_certificate_detail, cas_list_orders,
    cas_certificate_overview, cas_list_certificates;
extern const struct cas_parameter cas_upload_certificate_parameters[], cas_delete_certificate_parameters[],
    cas_certificate_detail_parameters[], cas_list_orders_parameters[], cas_certificate_overview_parameters[],
    cas_list_certificates_parameters[];
