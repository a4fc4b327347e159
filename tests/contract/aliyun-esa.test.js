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
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/esa', '--domains', '15', '--settle-ms', '500'] });
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

const sites = () => stage.of('aliyun/esa').filter((r) => !r.id.includes('/'));
const hostnames = () => stage.of('aliyun/esa').filter((r) => r.id.includes('/')); // "<site>/<hostname>"
const hostnameId = (resource) => Number(resource.id.split('/')[1]);

const hostname = async (resource) => (await client(esa).getCustomHostname(
  new esa.GetCustomHostnameRequest({ hostnameId: hostnameId(resource) }))).body.customHostnameModel;

const update = async (resource, more) => {
  const { recordId } = await hostname(resource);
  await client(esa).updateCustomHostname(new esa.UpdateCustomHostnameRequest({ hostnameId: hostnameId(resource), recordId, ...more }));
};

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
  const expected = stage.resources.filter((r) => r.product === 'aliyun/esa' && !r.id.includes('/'));
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
  const [resource] = sites();
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
  const resource = sites().find((r) => r.domain.startsWith('r'));
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
  for (const r of sites()) {
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
  const [, resource] = sites();
  const casId = await upload(issue(resource.domain), 'contract_twice');
  const [entry] = await entries(resource.id);
  await set(resource.id, { type: 'cas', casId, region: REGION, id: entry.id });
  await assert.rejects(set(resource.id, { type: 'cas', casId, region: REGION }), refusal('Certificate.Duplicated', 400));
  const all = await Promise.all(sites().map(async (r) => [r, (await entries(r.id)).find((e) => e.type === 'free')]));
  const [site, free] = all.find(([, found]) => found);
  await assert.rejects(set(site.id, { type: 'cas', casId, region: REGION, id: free.id }), refusal('InvalidParameter', 400));
  const params = new Params({ action: 'ListSites', version: '2024-09-10', protocol: 'HTTPS', method: 'POST', authType: 'AK', style: 'RPC',
    pathname: '/', reqBodyType: 'json', bodyType: 'json' });
  await assert.rejects(client(esa).callApi(params, new OpenApiRequest({ query: {} }), new RuntimeOptions({})),
    refusal('UnsupportedHTTPMethod', 400));
});

test('aliyun/esa: custom hostnames are listed page by page, each with what the SDK reads of it; certferry lists the same', async () => {
  const found = [];
  for (const site of new Set(hostnames().map((r) => r.id.split('/')[0])))
    for (let pageNumber = 1, total = 1; total > (pageNumber - 1); pageNumber++) {
      const { body } = await client(esa).listCustomHostnames(new esa.ListCustomHostnamesRequest({ siteId: Number(site), pageNumber, pageSize: 1 }));
      total = body.totalCount;
      found.push(...body.hostnames);
    }
  assert.deepEqual(found.map((h) => `${h.siteId}/${h.hostnameId}`).sort(), stage.resources.filter((r) => r.product === 'aliyun/esa' && r.id.includes('/'))
    .map((r) => r.id).sort());
  for (const resource of hostnames()) {
    const model = await hostname(resource), listed = found.find((h) => h.hostnameId === model.hostnameId);
    assert.equal(model.hostname, resource.domain);
    assert.equal(`${model.recordName}:443`, resource.entry);
    assert.deepEqual([listed.sslFlag, listed.certType, listed.recordId], [model.sslFlag, model.certType, model.recordId]);
    const seen = await stage.seen(resource);
    assert.deepEqual(seen.names.map((n) => n.name ?? n), [resource.domain]);
    assert.equal(seen.https, model.sslFlag === 'on');
    assert.ok(seen.slots.every((slot) => slot.slot === 'default'));
    if (model.certType === 'cas') assert.equal(seen.slots[0].ref.split('-')[0], String(model.casId));
  }
});

test('aliyun/esa: R15 the SDK gives a custom hostname another certificate and certferry sees it; certferry does the same and takes it back', async () => {
  const [resource] = hostnames();
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const casId = await upload(theirs, 'contract_hostname');
  await update(resource, { sslFlag: 'on', certType: 'cas', casId, casRegion: REGION });
  await serves(resource, theirs);
  const before = await hostname(resource);
  const seen = await stage.seen(resource);
  assert.deepEqual(seen.slots.map((s) => [s.slot, s.ref, s.fingerprint]), [['default', `${casId}-${REGION}`, theirs.fingerprint]]);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const now = await hostname(resource);
  assert.notEqual(now.casId, casId);
  assert.deepEqual([now.recordId, now.sslFlag, now.certType], [before.recordId, 'on', 'cas'], 'nothing else has changed');
  assert.deepEqual(stage.changes(resource, since).map((call) => call.fields), [['CasId']]);

  await stage.rollback(task);
  await serves(resource, theirs);
  assert.equal((await hostname(resource)).casId, casId);
});

test('aliyun/esa: a certificate given to a custom hostname as text comes back from our own store, its key in no URL', async () => {
  const shown = await Promise.all(hostnames().map(async (r) => [r, await hostname(r)]));
  const [resource] = shown.find(([, model]) => model.certType === 'cas' && model.certificate);
  const first = issue(resource.domain), ours = issue(resource.domain);
  await stage.deploy(resource, first); // so that certferry has it
  await update(resource, { sslFlag: 'on', certType: 'upload', certificate: first.chain, privateKey: first.key });
  assert.match((await hostname(resource)).privateKey, /PRIVATE KEY/); // what the cloud tells, certferry does not
  const seen = await stage.seen(resource);
  assert.deepEqual(seen.slots.map((s) => [s.ref, s.fingerprint]), [[`pem:${first.fingerprint}`, first.fingerprint]]);
  const task = await stage.deploy(resource, ours);
  await serves(resource, ours);
  const since = stage.log().length;
  await stage.rollback(task);
  await serves(resource, first);
  assert.equal((await hostname(resource)).certType, 'upload');
  assert.deepEqual(stage.log().slice(since).filter((call) => call.action === 'UpdateCustomHostname').map((call) => call.key_in_url), [undefined]);
});

test('aliyun/esa: hostnames with a free certificate, or with HTTPS off, are left alone; what is not there is not found', async () => {
  const left = [];
  for (const resource of hostnames()) {
    const model = await hostname(resource), seen = await stage.seen(resource);
    if (model.sslFlag === 'off') left.push(['off', seen.https]);
    if (model.certType === 'free') left.push(['free', /renews itself/.test(seen.unfit)]);
  }
  assert.deepEqual(left.sort(), [['free', true], ['off', false]]);
  await assert.rejects(client(esa).getCustomHostname(new esa.GetCustomHostnameRequest({ hostnameId: 1 })), refusal('HostnameNotFound', 404));
  const [resource] = hostnames();
  await assert.rejects(update(resource, { sslFlag: 'on', certType: 'cas', casId: 1, casRegion: REGION }), refusal('Certificate.NotFound', 404));
});

test('aliyun/esa: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => {
  stage.assertNothingTold(keys);
});
