// IAM and ELB by Huawei Cloud's own Node core SDK against the simulator, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { makeStage, served, serves, until } from './stage.js';
import { refusal, request } from './huawei.js';

const require = createRequire(import.meta.url);
const core = '@huaweicloud/huaweicloud-sdk-core';
const { BasicCredentials, GlobalCredentials, Region } = require(core);
const { ClientBuilder } = require(`${core}/ClientBuilder`);

const REGION = 'cn-north-4';
const ELB = `https://elb.${REGION}.myhuaweicloud.com`;
const stage = makeStage({ cloud: 'huawei', preload: true, options: ['--services', 'huawei/elb', '--domains', '7', '--settle-ms', '500'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

const credentials = ({ ak = stage.access.key_id, sk = stage.access.secret, projectId } = {}) =>
  new BasicCredentials({ ak, sk, projectId, iamEndpoint: 'https://iam.myhuaweicloud.com' });
// With a region and no project the SDK asks IAM for the project of that name by itself.
const elbClient = (options) => new ClientBuilder((client) => client)
  .withCredential(credentials(options)).withRegion(new Region(REGION, ELB)).build();
const iamClient = () => new ClientBuilder((client) => client).withEndpoint('https://iam.myhuaweicloud.com')
  .withCredential(new GlobalCredentials({ ak: stage.access.key_id, sk: stage.access.secret, domainId: stage.access.account })).build();

const elb = (name, parameters, client = elbClient()) => client.sendRequest(request('elb', name, parameters));

const create = async (cert, name, domain) => (await elb('CreateCertificate', { body: { certificate: {
  name, type: 'server', certificate: cert.chain, private_key: cert.key, ...(domain && { domain }) } } })).certificate;
const certificate = async (id) => (await elb('ShowCertificate', { path: { certificate_id: id } })).certificate;
const listener = async (id) => (await elb('ShowListener', { path: { listener_id: id } })).listener;
const update = (id, change) => elb('UpdateListener', { path: { listener_id: id }, body: { listener: change } });
// A change is taken when the one before has settled.
const updateSettled = (id, change) => until(`the listener ${id} takes a change`, () => update(id, change));

const here = async () => {
  const { listeners } = await elb('ListListeners', { query: { protocol: ['HTTPS', 'TERMINATED_HTTPS'] } });
  return stage.of('huawei/elb').filter((r) => listeners.some((l) => l.id === r.id));
};
const besides = ({ default_tls_container_ref, sni_container_refs, updated_at, ...rest }) => rest;

test('huawei/iam: the SDK finds the account and the project of a region', async () => {
  const { domains } = await iamClient().sendRequest(request('iam', 'KeystoneListAuthDomains'));
  assert.deepEqual(domains.map((d) => d.id), [stage.access.account]);
  const { projects } = await iamClient().sendRequest(request('iam', 'KeystoneListProjects', { query: { name: REGION } }));
  assert.equal(projects.length, 1);
  assert.equal(projects[0].name, REGION);
  const all = await iamClient().sendRequest(request('iam', 'KeystoneListAuthProjects'));
  assert.ok(all.projects.some((p) => p.id === projects[0].id));
  const byProxy = new ClientBuilder((client) => client).withEndpoint(ELB).withProxyAgent(stage.gateway)
    .withCredential(credentials({ projectId: projects[0].id })).build();
  assert.ok((await elb('ListListeners', { query: { limit: 1 } }, byProxy)).listeners.length === 1);
});

test('huawei/sts: the SDK takes the keys of an agency, and IAM takes them', async () => {
  const client = (sdk) => new ClientBuilder((c) => c).withEndpoint(`https://sts.${REGION}.myhuaweicloud.com`).withCredential(sdk).build();
  const assume = (external_id) => client(new GlobalCredentials({ ak: stage.access.key_id, sk: stage.access.secret, domainId: stage.access.account }))
    .sendRequest(request('sts', 'AssumeAgency', { body: { agency_urn: `iam::${stage.access.account}:agency:certferry`,
      agency_session_name: 'contract', duration_seconds: 900, external_id } }));
  const { credentials: { access_key_id: ak, secret_access_key: sk, security_token: securityToken, expiration } } = await assume('certferry-trial');
  assert.ok(new Date(expiration) > new Date());
  const iam = new ClientBuilder((c) => c).withEndpoint('https://iam.myhuaweicloud.com')
    .withCredential(new GlobalCredentials({ ak, sk, securityToken, domainId: stage.access.account })).build();
  assert.equal((await iam.sendRequest(request('iam', 'KeystoneListAuthDomains'))).domains[0].id, stage.access.account);
  await assert.rejects(assume('another'), (error) => error.httpStatusCode === 403);
});

test('huawei/elb: the SDK lists policies and the rules of all of them, and shows a load balancer', async () => {
  const { l7policies } = await elb('ListL7Policies', { query: { limit: 100 } });
  assert.ok(Array.isArray(l7policies));
  assert.ok(Array.isArray((await elb('ListAllL7Rules', { query: { type: ['HOST_NAME'] } })).rules));
  const [{ id }] = await here(), { loadbalancers: [balancer] } = await listener(id);
  assert.equal((await elb('ShowLoadBalancer', { path: { loadbalancer_id: balancer.id } })).loadbalancer.id, balancer.id);
});

test('huawei/elb: the SDK lists load balancers and listeners by marker, with their entry points', async () => {
  const pages = async (name, items) => {
    const all = [];
    let marker;
    do {
      const answer = await elb(name, { query: { limit: 2, ...(marker && { marker }) } });
      all.push(...answer[items]);
      marker = answer.page_info.next_marker;
    } while (marker);
    return all;
  };
  const balancers = await pages('ListLoadBalancers', 'loadbalancers');
  const listeners = await pages('ListListeners', 'listeners');
  assert.equal(new Set(listeners.map((l) => l.id)).size, listeners.length);
  const ours = stage.resources.filter((r) => listeners.some((l) => l.id === r.id));
  assert.ok(ours.length > 2);
  for (const resource of ours) {
    const one = listeners.find((l) => l.id === resource.id);
    const balancer = balancers.find((b) => b.id === one.loadbalancers[0].id);
    const address = balancer.publicips?.[0]?.publicip_address ?? balancer.vip_address;
    assert.equal(`${address}:${one.protocol_port}`, resource.entry);
  }
  const { listeners: [same] } = await elb('ListListeners', { query: { id: [ours[1].id] } });
  assert.equal(same.id, ours[1].id);
});

test('huawei/elb: the SDK reads one load balancer, its policies and the hosts of their rules', async () => {
  const { listeners } = await elb('ListListeners', {}), { l7policies } = await elb('ListL7Policies', { query: { limit: 100 } });
  const { rules } = await elb('ListAllL7Rules', { query: { limit: 100 } });
  const hosts = rules.filter((r) => r.type === 'HOST_NAME');
  assert.ok(l7policies.length && hosts.length);
  for (const policy of l7policies) assert.ok(listeners.some((l) => l.id === policy.listener_id), policy.id);
  for (const rule of hosts) assert.match(rule.value, /^[a-z0-9*.-]+$/);
  const id = listeners[0].loadbalancers[0].id;
  const { loadbalancer } = await elb('ShowLoadBalancer', { path: { loadbalancer_id: id } });
  assert.equal(loadbalancer.id, id);
  assert.equal(loadbalancer.provisioning_status, 'ACTIVE');
});

test('huawei/elb: the SDK stores a certificate, which never shows its key', async () => {
  const cert = issue('store.example.com');
  const made = await create(cert, 'contract-store', 'store.example.com');
  const read = await certificate(made.id);
  assert.ok(read.certificate.startsWith(cert.leaf.trim()));
  assert.deepEqual(read.subject_alternative_names, ['store.example.com']);
  assert.doesNotMatch(String(read.private_key), /PRIVATE KEY/);
  const { certificates } = await elb('ListCertificates', { query: { name: ['contract-store'] } });
  assert.deepEqual(certificates.map((c) => c.id), [made.id]);
  await elb('DeleteCertificate', { path: { certificate_id: made.id } });
  await assert.rejects(certificate(made.id), refusal(404, 'ELB.1011'));
});

test('huawei/elb: the SDK replaces a default and certferry sees it; certferry deploys and rolls back and the SDK sees that', async () => {
  const [resource] = await here();
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const before = await listener(resource.id);
  const made = await create(theirs, 'contract-default');

  await update(resource.id, { default_tls_container_ref: made.id });
  await serves(resource, theirs);
  const bound = await listener(resource.id);
  assert.equal(bound.default_tls_container_ref, made.id);
  assert.deepEqual(bound.sni_container_refs, before.sni_container_refs);
  assert.deepEqual(besides(bound), besides(before));
  const seen = await stage.seen(resource);
  const first = seen.slots.find((s) => s.slot === 'default');
  assert.equal(first.ref, made.id);
  assert.equal(first.fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const after = await listener(resource.id);
  assert.notEqual(after.default_tls_container_ref, made.id);
  assert.deepEqual(besides(after), besides(before), 'ciphers, HTTP/2, mutual TLS and the rest survive');
  assert.equal((await certificate(after.default_tls_container_ref)).certificate.trim(), ours.chain.trim(), 'without the root');
  assert.deepEqual(stage.changes(resource, since).map((c) => c.fields), [['default_tls_container_ref']], 'one write, one field');

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  assert.equal((await listener(resource.id)).default_tls_container_ref, made.id);

  await updateSettled(resource.id, { default_tls_container_ref: after.default_tls_container_ref });
  await serves(resource, ours);
  assert.equal((await stage.seen(resource)).slots.find((s) => s.slot === 'default').fingerprint, ours.fingerprint);
});

test('huawei/elb: the SDK sets an SNI list, certferry sees it and changes one entry of it, and the SDK sees that', async () => {
  const resource = (await here())[1];
  const kept = issue('kept.contract.example'), old = issue('sni.contract.example'), ours = issue('sni.contract.example');
  const keptId = (await create(kept, 'contract-kept', 'kept.contract.example')).id;
  const oldId = (await create(old, 'contract-sni', 'sni.contract.example')).id;
  const before = await listener(resource.id), first = await served(resource);

  await updateSettled(resource.id, { default_tls_container_ref: before.default_tls_container_ref,
    sni_container_refs: [...before.sni_container_refs, keptId, oldId] });
  await serves(resource, old, 'sni.contract.example');
  await serves(resource, kept, 'kept.contract.example');
  assert.equal(await served(resource), first);
  const seen = await stage.seen(resource);
  for (const cert of [kept, old]) assert.ok(seen.slots.some((s) => s.slot !== 'default' && s.fingerprint === cert.fingerprint));

  await stage.deploy(resource, ours, '--domain', 'sni.contract.example');
  assert.equal(await served(resource, 'sni.contract.example'), ours.fingerprint);
  assert.equal(await served(resource, 'kept.contract.example'), kept.fingerprint);
  assert.equal(await served(resource), first);
  const after = await listener(resource.id);
  assert.ok(after.sni_container_refs.includes(keptId));
  assert.ok(!after.sni_container_refs.includes(oldId));
  assert.equal(after.sni_container_refs.length, before.sni_container_refs.length + 2);
  assert.equal(after.default_tls_container_ref, before.default_tls_container_ref);

  await updateSettled(resource.id, { default_tls_container_ref: before.default_tls_container_ref,
    sni_container_refs: before.sni_container_refs });
  await until('the edge forgets the SNI entries', async () => (await served(resource, 'sni.contract.example')) === first);
  const last = await stage.seen(resource);
  assert.ok(!last.slots.some((s) => s.fingerprint === ours.fingerprint || s.fingerprint === kept.fingerprint));
});

test('huawei/elb: a load balancer that is changing takes no second change', async () => {
  const resource = (await here())[2];
  const { default_tls_container_ref } = await listener(resource.id);
  const made = await create(issue(resource.domain), 'contract-busy');
  await updateSettled(resource.id, { default_tls_container_ref: made.id });
  await assert.rejects(update(resource.id, { default_tls_container_ref }), refusal(409, 'ELB.1015'));
  await updateSettled(resource.id, { default_tls_container_ref });
});

test('huawei: a wrong secret and an unknown key are refused by the gateway as APIGW.0301', async () => {
  const { projects } = await iamClient().sendRequest(request('iam', 'KeystoneListProjects', { query: { name: REGION } }));
  const projectId = projects[0].id;
  await assert.rejects(elb('ListListeners', {}, elbClient({ sk: 'wrong', projectId })), refusal(401, 'APIGW.0301'));
  await assert.rejects(elb('ListListeners', {}, elbClient({ ak: 'HPUANOBODYHASTHISKEY', projectId })), refusal(401, 'APIGW.0301'));
});

test('huawei/elb: missing, unknown and wrong parameters keep the vendor\'s codes', async () => {
  const [resource] = await here();
  await assert.rejects(elb('UpdateListener', { path: { listener_id: resource.id }, body: {}, extra: { incomplete: true } }),
    refusal(400, 'ELB.1001'));
  await assert.rejects(update(resource.id, { sni_container_refs: [] }), refusal(400, 'ELB.1001'));
  await assert.rejects(elb('ListListeners', { extra: { query: { nonsense: '1' } } }), refusal(400, 'ELB.1001'));
  await assert.rejects(elb('ListListeners', { query: { limit: 2001 } }), refusal(400, 'ELB.1001'));
  await assert.rejects(listener('00000000-0000-0000-0000-000000000000'), refusal(404, 'ELB.1005'));
  await assert.rejects(update(resource.id, { default_tls_container_ref: '0'.repeat(32) }), refusal(404, 'ELB.1011'));
});

test('huawei/elb: a private key that does not belong to the certificate is refused', async () => {
  const cert = issue('mismatch.example.com'), other = issue('other.example.com');
  await assert.rejects(create({ ...cert, key: other.key }, 'contract-mismatch'), (error) => {
    refusal(400, 'ELB.1011')(error);
    assert.ok(!stage.keyMarks(cert, other).some((mark) => error.errorMsg.includes(mark)));
    return true;
  });
});

test('huawei: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
