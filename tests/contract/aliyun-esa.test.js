// ESA through Alibaba Cloud's own SDK, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { makeStage, served, serves, until } from './stage.js';

const require = createRequire(import.meta.url);
const cas = require('@alicloud/cas20200407');
const esa = require('@alicloud/esa20240910');
const { Config, OpenApiRequest, Params } = require('@alicloud/openapi-client');
const { RuntimeOptions } = require('@darabonba/typescript');

const REGION = 'cn-hangzhou';
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/esa', '--domains', '12', '--settle-ms', '500'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

const client = (sdk) => new sdk.default(new Config({
  accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, regionId: REGION, protocol: 'HTTPS',
  endpoint: sdk === esa ? `esa.${REGION}.aliyuncs.com` : undefined }));

const refusal = (code, status) => (error) => {
  assert.equal(error.code, code);
  assert.equal(error.statusCode, status);
  return true;
};

const upload = async (cert, name) => (await client(cas).uploadUserCertificate(
  new cas.UploadUserCertificateRequest({ name, cert: cert.chain, key: cert.key }))).body.certId;

const entries = async (siteId) => (await client(esa).listCertificates(
  new esa.ListCertificatesRequest({ siteId: Number(siteId), pageNumber: 1, pageSize: 100 }))).body.result;

const set = async (siteId, more) => (await client(esa).setCertificate(
  new esa.SetCertificateRequest({ siteId: Number(siteId), ...more }))).body.id;

const quota = async (siteId) => (await client(esa).listInstanceQuotasWithUsage(
  new esa.ListInstanceQuotasWithUsageRequest({ siteId: Number(siteId), quotaNames: 'customHttpCert' }))).body.quotas[0];

test('aliyun/esa: the SDK lists sites, records and certificates page by page; records lead to the entry point', async () => {
  const found = [];
  for (let pageNumber = 1, total = 1; found.length < total; pageNumber++) {
    const { body } = await client(esa).listSites(new esa.ListSitesRequest({ pageNumber, pageSize: 5 }));
    total = body.totalCount;
    assert.ok(body.sites.length > 0);
    found.push(...body.sites);
  }
  const expected = stage.resources.filter((r) => r.product === 'aliyun/esa');
  assert.deepEqual(found.map((s) => String(s.siteId)).sort(), expected.map((r) => r.id).sort());
  for (const site of found.slice(0, 3)) {
    const { body } = await client(esa).listRecords(new esa.ListRecordsRequest({ siteId: site.siteId, proxied: true, pageSize: 500 }));
    assert.ok(body.records.every((r) => r.proxied));
    const resource = expected.find((r) => r.id === String(site.siteId));
    assert.ok(body.records.some((r) => `${r.recordCname}:443` === resource.entry));
    const [entry] = await entries(site.siteId);
    const { body: one } = await client(esa).getCertificate(new esa.GetCertificateRequest({ siteId: site.siteId, id: entry.id }));
    assert.equal(one.result.fingerprintSha256, entry.fingerprintSha256);
    assert.match(one.certificate, /BEGIN CERTIFICATE/);
    const { body: by } = await client(esa).listCertificatesByRecord(
      new esa.ListCertificatesByRecordRequest({ siteId: site.siteId, recordName: resource.domain, detail: true }));
    assert.equal(by.result[0].status, 'configured');
    assert.equal(by.result[0].certificates[0].id, entry.id);
  }
});

test('aliyun/esa: R15 the SDK replaces an entry in place and certferry sees it; certferry does the same and takes it back', async () => {
  const [resource] = stage.of('aliyun/esa');
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const casId = await upload(theirs, 'contract_esa');
  const [entry, ...none] = await entries(resource.id);
  assert.deepEqual(none, []);

  assert.equal(await set(resource.id, { type: 'cas', casId, region: REGION, id: entry.id }), entry.id);
  await serves(resource, theirs);
  const seen = await stage.seen(resource);
  assert.deepEqual(seen.slots.map((s) => [s.slot, s.ref, s.fingerprint]), [['sni', `${casId}-${REGION}`, theirs.fingerprint]]);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const [now, ...others] = await entries(resource.id);
  assert.deepEqual(others, [], 'no second entry, which would cost quota');
  assert.equal(now.id, entry.id);
  assert.equal(now.fingerprintSha256, ours.fingerprint);
  assert.deepEqual(stage.changes(resource, since).map((call) => call.fields), [[`cert.${entry.id}`]]);

  await stage.rollback(task);
  await serves(resource, theirs);
  assert.equal((await entries(resource.id))[0].casId, String(casId));
});

test('aliyun/esa: a host without a certificate gets an entry of its own, which the rollback deletes', async () => {
  const resource = stage.of('aliyun/esa').find((r) => r.domain.startsWith('r'));
  const [first] = await entries(resource.id);
  await client(esa).deleteCertificate(new esa.DeleteCertificateRequest({ siteId: Number(resource.id), id: first.id }));
  const elsewhere = issue('elsewhere.example');
  await set(resource.id, { type: 'upload', name: 'elsewhere', certificate: elsewhere.chain, privateKey: elsewhere.key });
  const used = Number((await quota(resource.id)).usage);
  const ours = issue(resource.domain);
  const task = await stage.deploy(resource, ours);
  await serves(resource, ours);
  assert.equal((await entries(resource.id)).length, 2);
  assert.equal(Number((await quota(resource.id)).usage), used + 1);
  await stage.rollback(task);
  assert.deepEqual((await entries(resource.id)).map((e) => [e.type, e.fingerprintSha256]), [['upload', elsewhere.fingerprint]]);
});

test('aliyun/esa: where the plan has no room, nothing is brought anywhere; the plan says so, the deployment too', async () => {
  let resource;
  for (const r of stage.of('aliyun/esa')) {
    const { quotaValue, usage } = await quota(r.id);
    if (Number(quotaValue) > 0 && quotaValue === usage) resource = r;
  }
  assert.ok(resource, 'one of the sites has a full plan');
  const [entry] = await entries(resource.id);
  await assert.rejects(set(resource.id, { type: 'cas', casId: await upload(issue('more.example'), 'contract_more'), region: REGION }),
    refusal('CertQuotaCheckFailed', 400));
  const other = issue('other.example');
  await set(resource.id, { type: 'upload', name: 'other', certificate: other.chain, privateKey: other.key, id: entry.id });
  const since = stage.log().length;
  await assert.rejects(stage.deploy(resource, issue(resource.domain)), /certificates and all are used/);
  assert.ok(!stage.log().slice(since).some((call) => call.action === 'UploadUserCertificate'));
});

test('aliyun/esa: a certificate stands once on a site; a free one cannot be replaced; the method counts', async () => {
  const [, resource] = stage.of('aliyun/esa');
  const casId = await upload(issue(resource.domain), 'contract_twice');
  const [entry] = await entries(resource.id);
  await set(resource.id, { type: 'cas', casId, region: REGION, id: entry.id });
  await assert.rejects(set(resource.id, { type: 'cas', casId, region: REGION }), refusal('Certificate.Duplicated', 400));
  const all = await Promise.all(stage.of('aliyun/esa').map(async (r) => [r, (await entries(r.id)).find((e) => e.type === 'free')]));
  const [site, free] = all.find(([, found]) => found);
  await assert.rejects(set(site.id, { type: 'cas', casId, region: REGION, id: free.id }), refusal('InvalidParameter', 400));
  const params = new Params({ action: 'ListSites', version: '2024-09-10', protocol: 'HTTPS', method: 'POST', authType: 'AK', style: 'RPC',
    pathname: '/', reqBodyType: 'json', bodyType: 'json' });
  await assert.rejects(client(esa).callApi(params, new OpenApiRequest({ query: {} }), new RuntimeOptions({})),
    refusal('UnsupportedHTTPMethod', 400));
});

test('aliyun/esa: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => {
  stage.assertNothingTold(keys);
});
