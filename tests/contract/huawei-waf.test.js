// Huawei Cloud's WAF, cloud and dedicated mode, by the vendor's own core SDK, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, regionalCaller } from './huawei.js';
import { makeStage, served, serves } from './stage.js';

const REGIONS = ['cn-north-4', 'cn-east-3', 'ap-southeast-1'];
const EVERYTHING = 'all_granted_eps';
const stage = makeStage({ cloud: 'huawei', preload: true,
  options: ['--services', 'huawei/waf', '--domains', '36', '--settle-ms', '300'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const waf = (region, name, parameters) => regionalCaller(stage, 'waf', region)(name, parameters);

async function pages(region, name, query = {}) {
  const all = [];
  for (let page = 1, total = 1; all.length < total; page++) {
    const answer = await waf(region, name, { query: { enterprise_project_id: EVERYTHING, pagesize: 5, page, ...query } });
    total = answer.total;
    if (!answer.items.length) break;
    all.push(...answer.items);
  }
  return all;
}

// Every website of every region, with what its own call says.
const hosts = async () => (await Promise.all(REGIONS.map(async (region) => (await pages(region, 'ListCompositeHosts')).map((h) => ({ ...h, region }))))).flat();
const detail = (h) => (h.waf_type === 'premium'
  ? waf(h.region, 'ShowPremiumHost', { path: { host_id: h.id }, query: { enterprise_project_id: h.enterprise_project_id } })
  : waf(h.region, 'ShowHost', { path: { instance_id: h.id }, query: { enterprise_project_id: h.enterprise_project_id } }));
const besides = ({ certificateid, certificatename, timestamp, ...rest }) => rest;
const create = (h, cert, name) => waf(h.region, 'CreateCertificate', { query: { enterprise_project_id: h.enterprise_project_id },
  body: { name, content: cert.chain, key: cert.key } });
const apply = (h, certificate_id) => waf(h.region, 'ApplyCertificateToHost', { path: { certificate_id },
  query: { enterprise_project_id: h.enterprise_project_id }, body: { [`${h.waf_type}_host_ids`]: [h.id] } });
const resourceOf = (h) => stage.resources.find((r) => r.id === h.id);
const pick = async (which) => {
  for (const h of await hosts()) {
    if (!which(h) || h.server[0].front_protocol !== 'HTTPS' || h.hostname.startsWith('*') || !resourceOf(h)) continue;
    const one = await detail(h);
    if (one.mode !== 'elb-shared' && one.certificateid) return h;
  }
  throw new Error('no such website');
};

test('huawei/waf: the SDK lists every website of cloud and dedicated mode, page by page, in every region and enterprise project', async () => {
  await stage.certferry('access', 'update', 'huawei', '--calls-per-second', '1000'); // the published limits are slow
  const all = await hosts();
  assert.equal(all.length, 36);
  assert.equal(new Set(all.map((h) => h.id)).size, 36);
  for (const type of ['cloud', 'premium']) assert.ok(all.some((h) => h.waf_type === type));
  assert.ok(new Set(all.map((h) => h.enterprise_project_id)).size > 1);
  const ours = all.filter((h) => h.region === REGIONS[0]);
  const byDefault = (await waf(REGIONS[0], 'ListCompositeHosts', { query: { pagesize: 100 } })).items;
  assert.deepEqual(byDefault.map((h) => h.id), ours.filter((h) => h.enterprise_project_id === '0').map((h) => h.id));
});

test('huawei/waf: the SDK sees used and unused certificates apart', async () => {
  const h = await pick((one) => one.waf_type === 'cloud');
  const made = await create(h, issue('unused.example.com'), 'contract-unused');
  const names = async (host) => (await pages(h.region, 'ListCertificates', { host })).map((c) => c.name);
  assert.ok((await names('false')).includes('contract-unused'));
  const used = await pages(h.region, 'ListCertificates', { host: 'true' });
  assert.ok(!used.some((c) => c.name === 'contract-unused'));
  assert.ok(used.length && used.every((c) => c.bind_host.length > 0));
  await waf(h.region, 'DeleteCertificate', { path: { certificate_id: made.id }, query: { enterprise_project_id: h.enterprise_project_id } });
});

for (const [what, which] of [['cloud mode', (h) => h.waf_type === 'cloud' && h.enterprise_project_id === '0'],
  ['dedicated mode', (h) => h.waf_type === 'premium'],
  ['another enterprise project', (h) => h.enterprise_project_id !== '0']])
  test(`huawei/waf: ${what}: the SDK gives a website a certificate and certferry sees it; certferry deploys and rolls back and the SDK sees that`, async () => {
    const h = await pick(which), resource = resourceOf(h);
    const theirs = issue(resource.domain), ours = issue(resource.domain);
    const first = await detail(h);
    const made = await create(h, theirs, `contract-${h.id.slice(0, 8)}`);
    const answer = await apply(h, made.id);
    assert.deepEqual(answer.bind_host.map((b) => [b.id, b.waf_type]), [[h.id, h.waf_type]]);
    await serves(resource, theirs);
    const seen = (await stage.seen(resource)).slots[0];
    assert.equal(seen.ref, made.id);
    assert.equal(seen.fingerprint, theirs.fingerprint);

    const since = stage.log().length;
    const task = await stage.deploy(resource, ours);
    await serves(resource, ours);
    const after = await detail(h);
    assert.notEqual(after.certificateid, made.id);
    assert.deepEqual(besides(after), besides(first), 'TLS version, ciphers, HTTP/2, origins and the rest survive');
    assert.deepEqual(stage.changes(resource, since).map((c) => c.fields), [['certificateid']], 'one write, one field');
    await stage.rollback(task);
    await serves(resource, theirs);
    assert.equal((await detail(h)).certificateid, made.id);
    assert.deepEqual(besides(await detail(h)), besides(first));
  });

test('huawei/waf: a website behind a load balancer is left to it, one without a certificate is not begun, and plain ones are told', async () => {
  await stage.certferry('resource', 'sync', '--product', 'huawei/waf');
  const { items } = await stage.certferry('resource', 'list', '--product', 'huawei/waf', '--limit', '1000');
  const all = await hosts();
  assert.equal(items.length, all.length);
  const shared = items.filter((i) => /huawei\/elb/.test(i.unfit ?? ''));
  assert.ok(shared.length > 0);
  for (const item of shared) assert.equal((await detail(all.find((h) => h.id === item.vendor_id))).mode, 'elb-shared');
  const ported = all.find((h) => h.hostname.includes(':8443'));
  assert.deepEqual(items.find((i) => i.vendor_id === ported.id).names.map((n) => n.name ?? n), [ported.hostname.replace(':8443', '')]);
});

test('huawei/waf: missing, foreign and wrong things keep the vendor\'s codes', async () => {
  const h = await pick((one) => one.waf_type === 'cloud' && one.enterprise_project_id === '0');
  const cert = issue(resourceOf(h).domain), other = issue('other.example.com');
  const made = await create(h, cert, 'contract-codes');
  await assert.rejects(create(h, cert, 'contract-codes'), refusal(400, 'WAF.00011016'));
  await assert.rejects(create(h, { ...cert, key: other.key }, 'contract-mismatch'), refusal(400, 'WAF.00011019'));
  await assert.rejects(create(h, cert, 'a b'), refusal(400, 'WAF.00011005'));
  await assert.rejects(apply({ ...h, waf_type: 'premium' }, made.id), refusal(400, 'WAF.00011001'));
  await assert.rejects(apply({ ...h, enterprise_project_id: '3f1c0a52-7b6d-4e19-9c55-0d2b8f6a7e41' }, made.id), refusal(404, 'WAF.00014002'));
  await assert.rejects(waf(h.region, 'ListCompositeHosts', { extra: { query: { nonsense: 1 } } }), refusal(400, 'WAF.00011001'));
  await assert.rejects(waf(h.region, 'ListCompositeHosts', { query: { pagesize: 101 } }), refusal(400, 'WAF.00011001'));
  const held = (await detail(h)).certificateid;
  await assert.rejects(waf(h.region, 'DeleteCertificate', { path: { certificate_id: held }, query: { enterprise_project_id: '0' } }), refusal(400, 'WAF.00011001'));
});

test('huawei/waf: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', async () => {
  const h = await pick(() => true);
  await served(resourceOf(h));
  stage.assertNothingTold(keys);
});
