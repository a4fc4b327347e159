#include "cli/verb.h"

enum { MANY = 10000 };

const struct verb verbs[] = {
    {"deploy", NULL, 0, 0, "put a certificate onto every resource that should serve it",
     "Finds the resources whose names the certificate covers, shows per slot what is served now and what "
     "would be,\n"
     "asks, deploys, looks at each entry point over TLS, and sums up. Rows that could hurt are held back "
     "until you\n"
     "accept their word: lose-names (a listener's default would lose names), no-rollback (the old "
     "certificate cannot\n"
     "be put back), shorter (the new one ends earlier), partial (it covers some of the names).\n"
     "What somebody else manages (Kubernetes, CloudFormation ...) is left out and its owner named, unless "
     "you accept "
     "managed; full is for a set of SNI certificates\n"
     "that reached the cloud's usual limit, and for a certificate store that has no place left as far as is "
     "known.\n"
     "\n"
     "  certferry deploy --cert example.com --dry-run\n"
     "  certferry deploy --cert-file full.pem --key-file key.pem --product aliyun/cdn --yes\n"
     "  certferry deploy --cert new --replaces old --accept shorter\n",
     deploy_options, verb_deploy, true},
    {"verify", "NAME[:PORT]", 1, 1, "look over TLS at what is served under a name",
     "Tells the certificate served, whether it covers the name and is valid now, and whether it is one of "
     "ours.\n"
     "\n"
     "  certferry verify www.example.com\n"
     "  certferry verify www.example.com --connect 203.0.113.7:443\n",
     verify_options, verb_verify, false},

    {"cert import", NULL, 0, 0, "bring in a certificate with its key",
     "PEM with leaf, chain and key in any order and any number of files, or PKCS#12. The key is sealed at "
     "rest and\n"
     "must not be encrypted. Bringing in what is there already answers the existing one.\n"
     "\n"
     "  certferry cert import --cert fullchain.pem --key privkey.pem\n"
     "  certferry cert import --pkcs12 site.pfx --password-file pass.txt --name site-2026\n",
     cert_import_options, verb_cert_import, false},
    {"cert sync", NULL, 0, 0, "bring in what an account's certificate service holds",
     "Lists the certificates of Alibaba CAS, Tencent SSL, Huawei SCM or AWS ACM, as official or uploaded. "
     "Without its "
     "key one\n"
     "can be deployed inside that account, by its id there. The key is fetched only with --with-key, where "
     "the "
     "service gives it.\n"
     "\n"
     "  certferry cert sync --access prod\n",
     cert_sync_options, verb_cert_sync, false},
    {"cert list", NULL, 0, 0, "certificates, newest first", "", page_options, verb_cert_list, false},
    {"cert show", "CERT", 1, 1, "one certificate", "", NULL, verb_cert_show, false},
    {"cert export", "CERT", 1, 1, "certificate, chain and private key as a file",
     "Without --out PEM and PKCS#12 go to standard output. Files are made with mode 0600.\n"
     "\n"
     "  certferry cert export example.com --format pkcs12 --password-file pass.txt --out site.p12\n",
     cert_export_options, verb_cert_export, false},
    {"cert delete", "CERT", 1, 1, "forget a certificate",
     "Refused while a waiting task, a possible rollback or a served resource needs it. Copies in clouds "
     "stay.\n",
     NULL, verb_cert_delete, false},

    {"access add", NULL, 0, 0, "connect a cloud account by the AccessKey of a sub-user",
     "The secret comes from a file or standard input, never from the command line, and is sealed at rest.\n"
     "\n"
     "  certferry access add --cloud aliyun --name prod --key-id LTAI... --secret-file -\n"
     "  certferry access add --cloud aws --name aws --key-id AKIA... --secret-file s.txt --region "
     "eu-central-1\n",
     access_add_options, verb_access_add, false},
    {"access list", NULL, 0, 0, "connected accounts and their state", "", NULL, verb_access_list, false},
    {"access check", "[ACCESS]", 0, 1, "ask the cloud who we are",
     "Needs no permission in most clouds. Ends the suspension that a refused key caused. Without an argument "
     "all are\n"
     "checked. With --product it also lists that product and reads one resource: harmless, and a right that "
     "is "
     "missing is\n"
     "named.\n"
     "\n"
     "  certferry access check prod --product aliyun/cdn --product aliyun/alb\n"
     "  certferry access check prod --record answers/\n",
     access_check_options, verb_access_check, false},
    {"access policy", NULL, 0, 0, "the rights that a sub-user needs, as the cloud's policy document",
     "Exactly the actions of the calls that certferry makes, ready for the cloud's console.\n"
     "\n"
     "  certferry access policy --cloud aws --product aws/alb --product aws/cloudfront\n"
     "  certferry access policy --cloud aliyun --read-only\n",
     access_policy_options, verb_access_policy, false},
    {"access clean", "[ACCESS]", 0, 1, "delete uploaded copies of certificates that nothing needs any more",
     "Of the copies that deployments brought into a cloud's certificate service, those that the cloud itself "
     "says nothing "
     "uses\n"
     "and that no task, rollback or resource here needs. What leaves a doubt is kept, with the reason. It "
     "lists, asks, and "
     "then\n"
     "deletes; without a terminal and without --yes it only lists (exit code 4 where something could go).\n"
     "\n"
     "The rights it needs beside those of deployments: certferry access policy --cloud CLOUD --clean\n"
     "\n"
     "  certferry access clean prod\n"
     "  certferry access clean --yes\n",
     access_clean_options, verb_access_clean, false},
    {"access update", "ACCESS", 1, 1, "change settings, or replace the key pair",
     "A new key pair must belong to the same account; tasks that wait go on with it.\n",
     access_update_options, verb_access_update, false},
    {"access delete", "ACCESS", 1, 1, "forget an account",
     "Refused while a waiting task or a possible rollback needs it. Nothing changes in the cloud.\n", NULL,
     verb_access_delete, false},

    {"contact add", NULL, 0, 0, "somebody who is to hear of tasks",
     "A contact has a mail address, a mobile number, up to 5 webhooks, or several of them. Webhooks hold the "
     "tokens of\n"
     "chat bots: they come from files, are sealed at rest, and only their hosts are ever shown. A task names "
     "at most\n"
     "10 contacts, or none: --contact of deploy, task create and task update.\n"
     "\n"
     "  certferry contact add --name ops --mail ops@example.com --mobile +8613800000000\n"
     "  certferry contact add --name bot --webhook-file bot.url\n",
     contact_add_options, verb_contact_add, false},
    {"contact list", NULL, 0, 0, "contacts, newest first", "", page_options, verb_contact_list, false},
    {"contact show", "CONTACT", 1, 1, "one contact", "", NULL, verb_contact_show, false},
    {"contact update", "CONTACT", 1, 1, "change a contact",
     "What is not named stays. Webhooks that are given replace all there were.\n", contact_update_options,
     verb_contact_update, false},
    {"contact delete", "CONTACT", 1, 1, "forget a contact",
     "Refused while a task that is not final names it.\n", NULL, verb_contact_delete, false},

    {"owner add", NULL, 0, 0, "an account to which certificates, accesses and tasks belong",
     "What names no owner belongs to the default one. A certificate goes onto accesses of its own owner, and "
     "onto "
     "those of\n"
     "others that were verified as the same entity; elsewhere it has to be uploaded anew. An entity without "
     "--verified-by is\n"
     "a claim and shares nothing.\n"
     "\n"
     "  certferry owner add --name shop --entity \"Example Ltd\" --verified-by \"business licence "
     "91310000\"\n"
     "  certferry owner update default --entity \"Example Ltd\" --verified-by \"business licence 91310000\"\n"
     "  certferry access add --cloud aliyun --name shop --owner shop --key-id LTAI... --secret-file -\n",
     owner_add_options, verb_owner_add, false},
    {"owner list", NULL, 0, 0, "owners and their entities, the default one first", "", NULL, verb_owner_list,
     false},
    {"owner update", "OWNER", 1, 1, "change an owner",
     "A new entity is a claim until it is verified anew: give --verified-by along with it.\n",
     owner_update_options, verb_owner_update, false},
    {"owner delete", "OWNER", 1, 1, "forget an owner",
     "Refused while a certificate, an access, a task or a budget belongs to it.\n", NULL, verb_owner_delete,
     false},

    {"group add", "NAME", 1, 1, "an access group: accesses in which somebody has a role",
     "  certferry group add shop --access aliyun-shop --access aws-shop\n", group_add_options, verb_group_add,
     false},
    {"group list", NULL, 0, 0, "access groups and their accesses", "", NULL, verb_group_list, false},
    {"group update", "GROUP", 1, 1, "change an access group", "", group_update_options, verb_group_update,
     false},
    {"group delete", "GROUP", 1, 1, "forget an access group", "Refused while somebody has a role in it.\n",
     NULL, verb_group_delete, false},

    {"audit list", NULL, 0, 0, "what was changed, by whom, from where, newest first",
     "Every change and every export of a private key, with what it was and became; secrets are not told.\n",
     audit_list_options, verb_audit_list, false},
    {"audit verify", NULL, 0, 0, "whether nobody changed, removed or reordered rows of the audit",
     "Each row hashes the one before, and the last hash is sealed. Prints what is wrong (exit code 1), and "
     "the "
     "head: whoever\n"
     "keeps it elsewhere can tell later that a store was not put back to an older state.\n",
     NULL, verb_audit_verify, false},
    {"audit export", NULL, 0, 0, "the whole audit, one JSON object a line, newest first",
     "  certferry audit export > audit.jsonl\n", NULL, verb_audit_export, false},

    {"user create", "NAME", 1, 1, "somebody who may log in",
     "Without --password-file a password is made and printed, once. Whoever it is for changes it at the "
     "first "
     "login; until\n"
     "then nothing else is allowed. Roles as for api-key create.\n"
     "\n"
     "  certferry user create ann --role admin\n"
     "  certferry user create bob --role viewer --role operator@shop\n",
     user_create_options, verb_user_create, false},
    {"user list", NULL, 0, 0, "users and their roles", "", NULL, verb_user_list, false},
    {"user update", "USER", 1, 1, "change a user",
     "Roles that are given replace all there were. A new password and --disable log the user out "
     "everywhere.\n",
     user_update_options, verb_user_update, false},
    {"user delete", "USER", 1, 1, "forget a user", "", NULL, verb_user_delete, false},

    {"api-key create", "NAME", 1, 1, "an API key: an id and a secret with which a program signs its requests",
     "Prints the id and, in the next line, the secret: now and never again. The role says what the key may: "
     "a "
     "viewer looks,\n"
     "an operator imports and deploys, an admin connects accounts and decides on "
     "all this;\n"
     "an approver stands between these two. Exporting private keys is a right of its own.\n"
     "\n"
     "  certferry api-key create pipeline --role operator --group shop --expires 2027-12-31\n",
     key_create_options, verb_api_key_create, false},
    {"api-key list", NULL, 0, 0, "API keys, newest first", "", NULL, verb_api_key_list, false},
    {"api-key delete", "KEY", 1, 1, "end an API key", "What it signs is refused from now on.\n", NULL,
     verb_api_key_delete, false},
    {"token create", "NAME", 1, 1, "a bearer token: a secret that a program sends along",
     "Prints the token: now and never again. Roles as for api-key create.\n"
     "\n"
     "  certferry token create dashboard --role viewer > token.txt\n",
     key_create_options, verb_token_create, false},
    {"token list", NULL, 0, 0, "bearer tokens, newest first", "", NULL, verb_token_list, false},
    {"token delete", "TOKEN", 1, 1, "end a bearer token", "", NULL, verb_token_delete, false},

    {"quota grant", NULL, 0, 0, "grant a package of deployment quota",
     "Until the first package nothing is limited. From then on each resource that an uploaded certificate is "
     "deployed to\n"
     "takes one unit in each task: held when its deployment starts, used on success, returned on failure and "
     "kept by a\n"
     "rollback. Official certificates, those shared within one verified entity, and slots that hold the "
     "certificate already\n"
     "take none. With --owner the package is that owner's budget, from which its tasks draw instead.\n"
     "\n"
     "  certferry quota grant --count 500 --note \"order 4711\"\n"
     "  certferry quota grant --count 50 --owner shop\n",
     quota_grant_options, verb_quota_grant, false},
    {"quota revoke", NULL, 0, 0, "take back quota that was not used",
     "--count takes units and leaves the limit. --all takes what is left and the limit with it: then nothing "
     "is "
     "limited, or\n"
     "the owner's tasks draw from the common quota again. The ledger keeps all of it.\n"
     "\n"
     "  certferry quota revoke --count 100 --note \"granted by mistake\"\n",
     quota_revoke_options, verb_quota_revoke, false},
    {"quota show", NULL, 0, 0, "total, bought, used, held and left, of the common quota and each budget", "",
     NULL, verb_quota_show, false},
    {"quota list", NULL, 0, 0, "the ledger, newest entry first", "", quota_list_options, verb_quota_list,
     false},
    {"quota statement", "TASK", 1, 1, "what a task held, used and was given back",
     "Also of a task that was deleted, by its id.\n", page_options, verb_quota_statement, false},

    {"product list", NULL, 0, 0, "cloud products that can be served", "", NULL, verb_product_list, false},
    {"resource sync", NULL, 0, 0, "list every resource of every account afresh",
     "A region that fails is named and the others go on (exit code 2). What is no longer listed is kept as "
     "missing.\n",
     resource_sync_options, verb_resource_sync, false},
    {"resource list", NULL, 0, 0, "resources with their names and what they serve",
     "  certferry resource list --product aws/alb --domain www.example.com\n", resource_list_options,
     verb_resource_list, false},

    {"push create", NULL, 0, 0, "push a certificate to Huawei Cloud's WAF, ELB or CDN",
     "Huawei Cloud's certificate service (SCM) copies a certificate that lies there, hosted or issued, to "
     "another "
     "service,\n"
     "region by region. It is brought there first where it is not. A push cannot be undone, and is made once "
     "per\n"
     "certificate, product and region; the copy is managed over there, and bound to nothing: to bind, use "
     "deploy.\n"
     "Do not push to a product that was not bought, or is not available for the domain: it may fail. Each "
     "region's\n"
     "result is its own.\n"
     "\n"
     "  certferry push create --cert example.com --product huawei/elb --region cn-north-4 --region cn-east-3 "
     "--access prod\n"
     "  certferry push create --cert example.com --product huawei/cdn --access prod --dry-run\n",
     push_create_options, verb_push_create, false},
    {"push list", NULL, 0, 0, "what was pushed, newest first: the latest 10", "", push_list_options,
     verb_push_list, false},
    {"push show", "PUSH", 1, 1, "one record of a push", "", NULL, verb_push_show, false},

    {"task create", NULL, 0, 0, "plan a deployment for later",
     "Makes the task and its plan; nothing runs before task submit. Selects and accepts as deploy does.\n",
     selection_options, verb_task_create, false},
    {"task update", "TASK", 1, 1, "change a task that was not submitted, and plan it again",
     "Adds and removes resources, or sets other filters; what is not named stays.\n"
     "\n"
     "  certferry task update 12 --add lsn-abc --remove www.example.com\n",
     task_update_options, verb_task_update, false},
    {"task preview", "TASK", 1, 1, "the plan, computed afresh", "", NULL, verb_task_preview, false},
    {"task submit", "TASK", 1, 1, "start a task, now or at a time",
     "Without --yes and without a terminal, or where the quota does not suffice, nothing is done (exit code "
     "4).\n"
     "\n"
     "--at and --window need somebody who is there when the time comes: a server, or with --run-due a cron "
     "entry that\n"
     "calls task run-due. Times without an offset are local ones of --time-zone. A time that has passed "
     "starts the task at\n"
     "once. Deployments begin only within a window; what has written by its end is finished, the rest waits "
     "for the next\n"
     "one. After a wave with a failed or contradicted deployment the task is paused and says why.\n"
     "\n"
     "  certferry task submit 12 --at \"2026-12-05 02:00\" --time-zone Europe/Berlin\n"
     "  certferry task submit 12 --window \"Sat,Sun 02:00-05:00\" --canary 5% --wave 25%\n",
     task_submit_options, verb_task_submit, true},
    {"task approve", "TASK", 1, 1, "let a task start that somebody else submitted",
     "Where a group of accesses wants a second person, what deploys to them waits after task submit until an "
     "approver (or\n"
     "admin) other than who submitted it says yes. What was changed since is submitted anew first.\n",
     wait_options, verb_task_approve, true},
    {"task list", NULL, 0, 0, "tasks, newest first", "", task_list_options, verb_task_list, false},
    {"task show", "TASK", 1, 1, "a task with every deployment, cause and advice", "", task_show_options,
     verb_task_show, false},
    {"task watch", "TASK", 1, 1, "follow a task until it is final", "", NULL, verb_task_watch, false},
    {"task wait", "TASK", 1, 1, "wait until a task is final; the exit code tells the outcome", "", NULL,
     verb_task_wait, false},
    {"task cancel", "TASK", 1, 1, "give up what has not written; what has is finished", "", NULL,
     verb_task_cancel, false},
    {"task pause", "TASK", 1, 1, "begin nothing more until task resume",
     "What has written is finished; the rest waits.\n", NULL, verb_task_pause, false},
    {"task run-due", NULL, 0, 0, "start every task whose time has come, and wait for them",
     "For cron, where no server runs. Ends when all it started are final, or wait again for a window or a "
     "resume (exit\n"
     "code 2). With a server there is nothing to do, unless --wait.\n"
     "\n"
     "  */5 * * * * certferry task run-due --quiet\n",
     run_due_options, verb_task_run_due, true},
    {"task retry", "TASK [DEPLOYMENT...]", 1, MANY, "try failed deployments again",
     "Without ids all failed ones.\n", wait_options, verb_task_retry, true},
    {"task resume", "TASK", 1, 1, "go on with a task that was stopped or paused",
     "After a wave that failed the next one goes, the failure notwithstanding; task retry tries the wave "
     "again instead.\n",
     wait_options, verb_task_resume, true},
    {"task rollback", "TASK [DEPLOYMENT...]", 1, MANY, "put back what was served before",
     "Undoes only what the task changed: a slot that somebody changed since is left alone and told as "
     "conflict.\n"
     "\n"
     "  certferry task rollback 12 --yes\n",
     rollback_options, verb_task_rollback, true},
    {"task delete", "TASK...", 1, MANY, "forget tasks; what they deployed stays",
     "For good. A task that runs or waits to run is refused: cancel it first. One that has to stay keeps no "
     "other.\n",
     delete_options, verb_task_delete, false},

    {"serve", NULL, 0, 0, "run as a service: on the Unix socket in the store's folder, and over TCP",
     "Owns the store, works on tasks, and answers other certferry commands until SIGTERM. Over TCP it "
     "answers on\n"
     "loopback; beyond this machine only with TLS, with files or with a certificate of the store.\n"
     "\n"
     "  certferry serve --listen 0.0.0.0:8640 --tls-cert fullchain.pem --tls-key privkey.pem\n"
     "  certferry serve --listen [::]:8640 --tls-certificate certferry.example.com\n"
     "  certferry serve --print-config > certferry.conf\n",
     serve_options, verb_serve, true},
    {"completion", "bash|zsh", 1, 1, "print the completion script of a shell",
     "  certferry completion bash > /etc/bash_completion.d/certferry\n", NULL, verb_completion, false},
    {"help", "[COMMAND...]", 0, 2, "help on a command", "", NULL, verb_help, false},
    {"version", NULL, 0, 0, "print the version", "", NULL, verb_version, false},
};

const size_t verb_count = countof(verbs);
