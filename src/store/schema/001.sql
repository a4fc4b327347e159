-- The first schema. Words that differ per database: $INT (64 bits), $TEXT, $REAL (64 bits), $BLOB, $TABLE (table options).
-- Every table but pure indexes begins with id (below 2^53, given by the program), owner, version, created_ms, updated_ms.

CREATE TABLE store_meta (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    name $TEXT NOT NULL UNIQUE, -- 'version', 'oldest_reader', 'master_key'
    value $TEXT NOT NULL
) $TABLE;

CREATE TABLE certificate (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    name $TEXT NOT NULL,
    kind $TEXT NOT NULL,
    fingerprint $TEXT NOT NULL UNIQUE,
    serial $TEXT NOT NULL,
    issuer $TEXT NOT NULL,
    common_name $TEXT NOT NULL,
    domains $TEXT NOT NULL,
    key_type $TEXT NOT NULL,
    key_bits $INT NOT NULL,
    not_before_ms $INT NOT NULL,
    not_after_ms $INT NOT NULL,
    chain_complete $INT NOT NULL,
    revoked $INT NOT NULL,
    warnings $TEXT NOT NULL,
    leaf_pem $TEXT NOT NULL,
    chain_pem $TEXT NOT NULL,
    roots_pem $TEXT NOT NULL,
    sm2_encryption_pem $TEXT NOT NULL,
    private_key $BLOB,        -- sealed as certificate/<id>/key
    sm2_encryption_key $BLOB, -- sealed as certificate/<id>/sm2_encryption_key
    UNIQUE (name, owner)
) $TABLE;

CREATE TABLE access (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    name $TEXT NOT NULL,
    cloud $TEXT NOT NULL,
    key_id $TEXT NOT NULL,
    site $TEXT NOT NULL,
    regions $TEXT NOT NULL,
    gateway $TEXT NOT NULL,
    ca_file $TEXT NOT NULL,
    proxy $TEXT NOT NULL,
    calls_per_second $REAL NOT NULL,
    read_only $INT NOT NULL,
    account_id $TEXT NOT NULL,
    state $TEXT NOT NULL,
    state_text $TEXT NOT NULL,
    checked_ms $INT NOT NULL,
    clock_skew_ms $INT NOT NULL,
    secret $BLOB,        -- sealed as access/<id>/secret
    session_token $BLOB, -- sealed as access/<id>/session_token
    UNIQUE (name, owner)
) $TABLE;

CREATE TABLE copy (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    access_id $INT NOT NULL REFERENCES access (id) ON DELETE CASCADE,
    certificate_id $INT NOT NULL REFERENCES certificate (id) ON DELETE CASCADE,
    vendor_store $TEXT NOT NULL,
    ref $TEXT NOT NULL,
    name $TEXT NOT NULL,
    UNIQUE (access_id, certificate_id, vendor_store)
) $TABLE;
CREATE INDEX copy_ref ON copy (access_id, vendor_store, ref);
CREATE INDEX copy_certificate ON copy (certificate_id);

CREATE TABLE resource (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    access_id $INT NOT NULL REFERENCES access (id) ON DELETE CASCADE,
    product $TEXT NOT NULL,
    region $TEXT NOT NULL,
    vendor_id $TEXT NOT NULL,
    title $TEXT NOT NULL,
    must_cover_all $INT NOT NULL,
    https $INT NOT NULL,
    host $TEXT NOT NULL,
    port $INT NOT NULL,
    quic $INT NOT NULL,
    reach $TEXT NOT NULL,
    lock $TEXT NOT NULL,
    alias_of $TEXT NOT NULL,
    managed_by $TEXT NOT NULL,
    unfit $TEXT NOT NULL,
    extra $TEXT NOT NULL,
    missing $INT NOT NULL,
    generation $INT NOT NULL,
    synced_ms $INT NOT NULL,
    names $TEXT NOT NULL,
    bound $TEXT NOT NULL,
    UNIQUE (access_id, product, region, vendor_id)
) $TABLE;
CREATE INDEX resource_generation ON resource (access_id, product, region, generation);

-- Pure index: the names of every resource that is not missing. parent is the name less its first label, '' for
-- addresses and single labels: what a wildcard covers is one look-up.
CREATE TABLE resource_name (
    name $TEXT NOT NULL,
    parent $TEXT NOT NULL,
    resource $INT NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    evidence $TEXT NOT NULL,
    PRIMARY KEY (name, resource, evidence)
) $INDEX;
CREATE INDEX resource_name_parent ON resource_name (parent, resource);
CREATE INDEX resource_name_resource ON resource_name (resource);

-- Pure index: which certificates the slots of a resource hold.
CREATE TABLE resource_bound (
    fingerprint $TEXT NOT NULL,
    resource $INT NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    PRIMARY KEY (fingerprint, resource)
) $INDEX;
CREATE INDEX resource_bound_resource ON resource_bound (resource);

CREATE TABLE sync (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    access_id $INT NOT NULL REFERENCES access (id) ON DELETE CASCADE,
    product $TEXT NOT NULL,
    region $TEXT NOT NULL,
    generation $INT NOT NULL,
    started_ms $INT NOT NULL,
    finished_ms $INT NOT NULL,
    resources $INT NOT NULL,
    error_kind $TEXT NOT NULL,
    error_text $TEXT NOT NULL,
    UNIQUE (access_id, product, region)
) $TABLE;

CREATE TABLE task (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    name $TEXT NOT NULL,
    state $TEXT NOT NULL,
    selection $TEXT NOT NULL,
    notes $TEXT NOT NULL,
    submitted_ms $INT NOT NULL,
    finished_ms $INT NOT NULL,
    verify $INT NOT NULL
) $TABLE;
CREATE INDEX task_name ON task (name);

-- Certificate, resource and access are no foreign keys: a finished deployment outlives them as history.
CREATE TABLE deployment (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    task_id $INT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    certificate_id $INT NOT NULL,
    resource_id $INT NOT NULL,
    access_id $INT NOT NULL,
    product $TEXT NOT NULL,
    region $TEXT NOT NULL,
    vendor_id $TEXT NOT NULL,
    title $TEXT NOT NULL,
    lock $TEXT NOT NULL,
    slot $TEXT NOT NULL,
    names $TEXT NOT NULL,
    reason $TEXT NOT NULL,
    old $TEXT NOT NULL,
    holds $TEXT NOT NULL,
    undo $TEXT NOT NULL,
    state $TEXT NOT NULL,
    step $TEXT NOT NULL,
    vendor_store $TEXT NOT NULL,
    new_ref $TEXT NOT NULL,
    goal $TEXT NOT NULL,
    has_before $INT NOT NULL,
    already_bound $INT NOT NULL,
    writes $INT NOT NULL,
    write_started_ms $INT NOT NULL,
    step_started_ms $INT NOT NULL,
    again_at_ms $INT NOT NULL,
    attempts $INT NOT NULL,
    verdict $TEXT NOT NULL,
    verdict_text $TEXT NOT NULL,
    cause_kind $TEXT NOT NULL,
    cause_code $TEXT NOT NULL,
    cause_request_id $TEXT NOT NULL,
    cause_text $TEXT NOT NULL,
    advice $TEXT NOT NULL,
    started_ms $INT NOT NULL,
    finished_ms $INT NOT NULL,
    claimed_by $TEXT NOT NULL,
    claimed_until_ms $INT NOT NULL,
    fence $INT NOT NULL,
    before $BLOB -- sealed as deployment/<id>/before
) $TABLE;
CREATE INDEX deployment_task ON deployment (task_id, id);
CREATE INDEX deployment_certificate ON deployment (certificate_id);
CREATE INDEX deployment_access ON deployment (access_id);
CREATE INDEX deployment_resource ON deployment (resource_id);
CREATE INDEX deployment_open ON deployment (id) WHERE state IN ('pending', 'processing', 'rollback');

-- Pure index: which certificates the slot of a deployment held before; a rollback puts them back.
CREATE TABLE deployment_old (
    fingerprint $TEXT NOT NULL,
    deployment $INT NOT NULL REFERENCES deployment (id) ON DELETE CASCADE,
    PRIMARY KEY (fingerprint, deployment)
) $INDEX;
CREATE INDEX deployment_old_deployment ON deployment_old (deployment);
