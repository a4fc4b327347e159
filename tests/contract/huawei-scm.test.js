// Huawei Cloud's certificate service (SCM) by the vendor's own core SDK: lists by page, pushes to other services, where a
// certificate is used; what certferry brings there and finds again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globalCaller, refusal, regionalCaller } from './huawei.js';
import { makeStage, serves, until } from './stage.js';

const REGION = 'cn-north-4';
const stage = makeStage({ cloud: 'huawei', preload: true,
  options: ['--services', 'huawei/cdn', '--domains', '24', '--settle-ms', '100'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const scm = (name, parameters) => globalCaller(stage, 'scm', `https://scm.${REGION}.myhuaweicloud.com`)(name, parameters);
const push = (certificate_id, body) => scm('PushCertificate', { path: { certificate_id }, body });
const batchPush = async (certificate_id, body) => (await scm('BatchPushCertificate', { path: { certificate_id }, body })).results;
const bring = async (cert, name) => (await scm('ImportCertificate', { body: { name, certificate: cert.leaf.trim(),
  certificate_chain: cert.intermediate.trim(), private_key: cert.key.trim() } })).certificate_id;
const uses = async (id, service = 'ALL') => (await scm('ListDeployedResources',
  { body: { certificate_ids: [id], service_names: [service] } })).results[0];

test('huawei/scm: the SDK lists every certificate by offset, in pages of the sizes there are', async () => {
  await stage.certferry('access', 'update', 'huawei', '--calls-per-second', '1000'); // the published limits are slow
  const found = [];
  for (let offset = 0, total = 1; offset < total; offset += 10) {
    const answer = await scm('ListCertificates', { query: { limit: 10, offset, enterprise_project_id: 'all' } });
    total = answer.total_count;
    found.push(...answer.certificates.map((c) => c.id));
  }
  assert.ok(found.length > 10);
  assert.equal(new Set(found).size, found.length);
  const all = (await scm('ListCertificates', { query: { limit: 50 } })).certificates;
  assert.deepEqual(all.map((c) => c.id), found);
  assert.deepEqual((await scm('ListCertificates', { query: { limit: 50, status: 'ISSUED' } })).certificates, []);
});

test('huawei/scm: another endpoint of the service shows the same account', async () => {
  const other = globalCaller(stage, 'scm', 'https://scm.ap-southeast-1.myhuaweicloud.com');
  const one = (await scm('ListCertificates', { query: { limit: 10 } })).certificates[0];
  assert.equal((await other('ShowCertificate', { path: { certificate_id: one.id } })).fingerprint,
    (await scm('ShowCertificate', { path: { certificate_id: one.id } })).fingerprint);
});

test('huawei/scm: the SDK pushes a certificate once per service and region, as a copy, and sees the records', async () => {
  const id = await bring(issue('push.example.com'), 'contract-push');
  const answer = await push(id, { target_project: REGION, target_service: 'waf' });
  assert.equal(answer?.httpStatusCode ?? 204, 204, 'answered without a body');
  await assert.rejects(push(id, { target_project: REGION, target_service: 'WAF' }), refusal(400, 'SCM.0028'));
  const results = await batchPush(id, { target_projects: [REGION, 'cn-east-3', 'nowhere-1'], target_service: 'WAF' });
  assert.deepEqual(results.map((r) => [r.project_name, Boolean(r.cert_id), r.message === 'success']),
    [[REGION, false, false], ['cn-east-3', true, true], ['nowhere-1', false, false]]);
  const waf = regionalCaller(stage, 'waf', 'cn-east-3');
  const copies = (await waf('ListCertificates', { query: { name: 'contract-push' } })).items;
  assert.deepEqual(copies.map((c) => c.id), [results[1].cert_id]);
  const [elb] = await batchPush(id, { target_projects: [REGION], target_service: 'ELB' });
  const { certificate } = await regionalCaller(stage, 'elb', REGION)('ShowCertificate', { path: { certificate_id: elb.cert_id } });
  assert.equal(certificate.scm_certificate_id, id);

  await push(id, { target_project: '', target_service: 'CDN' });
  const { push_history_list: records } = await regionalCaller(stage, 'scm', REGION)('ListPushHistory', { path: { cert_id: id } });
  assert.deepEqual(records.map((r) => [r.push_service, r.push_remote_project]),
    [['CDN', null], ['ELB', REGION], ['WAF', 'cn-east-3'], ['WAF', REGION]], 'newest first');
  await assert.rejects(push(id, { target_project: REGION, target_service: 'OBS' }), refusal(400, 'SCM.0030'));
  const eleven = Array.from({ length: 11 }, (_, i) => `cn-north-${i}`);
  await assert.rejects(batchPush(id, { target_projects: eleven, target_service: 'ELB' }), refusal(400, 'SCM.0005'));
});

test('huawei/scm: R130 what certferry pushes the SDK finds in the service and in the records', async () => {
  const cert = issue('pushed-by-us.example.com');
  const { certificate } = await stage.certferry('cert', 'import', '--cert', cert.chainFile, '--key', cert.keyFile, '--name', 'pushed-by-us');
  const { items } = await stage.certferry('push', 'create', '--cert', 'pushed-by-us', '--product', 'huawei/elb', '--region', REGION, '--region', 'cn-east-3', '--access', 'huawei', '--yes');
  assert.deepEqual(items.map((p) => [p.region, p.state]), [[REGION, 'success'], ['cn-east-3', 'success']]);
  for (const { region, copy, ref } of items) {
    const { certificate: there } = await regionalCaller(stage, 'elb', region)('ShowCertificate', { path: { certificate_id: copy } });
    assert.equal(there.scm_certificate_id, ref);
  }
  const { push_history_list: records } = await regionalCaller(stage, 'scm', REGION)('ListPushHistory', { path: { cert_id: items[0].ref } });
  assert.deepEqual(records.map((r) => [r.push_service, r.push_remote_project]).sort(), [['ELB', 'cn-east-3'], ['ELB', REGION]]);
  assert.ok(certificate.id);
});

test('huawei/scm: what certferry brings there it finds again, and the SDK sees who uses it', async () => {
  const [first, second] = stage.resources.filter((r) => !r.domain.startsWith('*'));
  const wide = issue(first.domain, second.domain);
  await stage.deploy(first, wide);
  await stage.deploy(second, wide);
  const { certificates } = await scm('ListCertificates', { query: { content: `certferry-${wide.fingerprint.slice(0, 16)}`, limit: 50 } });
  assert.equal(certificates.length, 1, 'brought once for both');
  const [{ id }] = certificates;
  const used = await until('both use it', async () => {
    const now = await uses(id);
    return now.total_num === 2 && now;
  });
  assert.deepEqual(used.deployed_resources[0].region_resources[0].resources.map((r) => r.resource_name).sort(),
    [first.domain, second.domain].sort());
  assert.equal((await uses(id, 'WAF')).total_num, 0);
  const exported = await scm('ExportCertificate', { path: { certificate_id: id } });
  assert.equal(exported.entire_certificate.replace(/\s/g, ''), wide.chain.replace(/\s/g, ''));
});

test('huawei/scm: what the service holds is deployed inside its own account by its id, without its key', async () => {
  const third = stage.resources.filter((r) => !r.domain.startsWith('*'))[2];
  const cert = issue(third.domain);
  const id = await bring(cert, 'contract-held');
  await stage.certferry('cert', 'sync', '--access', 'huawei');
  const { items } = await stage.certferry('cert', 'list', '--limit', '1000');
  const held = items.find((c) => c.name === 'contract-held');
  assert.ok(held && !held.has_key, 'known without its key');
  const { task } = await stage.certferry('deploy', '--cert', 'contract-held', '--resource', third.id, '--product', 'huawei/cdn', '--sync', '--yes');
  await serves(third, cert);
  const { configs } = await globalCaller(stage, 'cdn', 'https://cdn.myhuaweicloud.com')('ShowDomainFullConfig',
    { path: { domain_name: third.id }, query: { enterprise_project_id: 'all' } });
  assert.equal(configs.https.scm_certificate_id, id);
  assert.ok(!stage.log().some((call) => call.action === 'ExportCertificate' && call.resource === id), 'never exported');
  await stage.rollback(task.id);
});

test('huawei/scm: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
