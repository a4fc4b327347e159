// DCDN through Alibaba Cloud's own SDK, and what it and certferry see of each other; SM certificates on CDN and DCDN.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { issueSmPair, makeStage, served, serves, until } from './stage.js';

const require = createRequire(import.meta.url);
const cas = require('@alicloud/cas20200407');
const cdn = require('@alicloud/cdn20180510');
const dcdn = require('@alicloud/dcdn20180115');
const { Config } = require('@alicloud/openapi-client');

const REGION = 'cn-hangzhou';
const SERVICES = 'aliyun/dcdn,aliyun/cdn';
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', SERVICES, '--domains', '20', '--settle-ms', '500'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

const client = (sdk) => new sdk.default(new Config({
  accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, regionId: REGION, protocol: 'HTTPS' }));

const refusal = (code, status) => (error) => {
  assert.equal(error.code, code);
  assert.equal(error.statusCode, status);
  return true;
};

const upload = async (cert, name) => (await client(cas).uploadUserCertificate(
  new cas.UploadUserCertificateRequest({ name, cert: cert.chain, key: cert.key }))).body.certId;

const info = async (domainName) => (await client(dcdn).describeDcdnDomainCertificateInfo(
  new dcdn.DescribeDcdnDomainCertificateInfoRequest({ domainName }))).body.certInfos.certInfo[0];

const bind = (domainName, certId, certName, more = {}) => client(dcdn).setDcdnDomainSSLCertificate(
  new dcdn.SetDcdnDomainSSLCertificateRequest({ domainName, SSLProtocol: 'on', certType: 'cas', certId, certName, certRegion: REGION, ...more }));

const online = (domainName) => until(`${domainName} is online again`, async () => {
  const { body } = await client(dcdn).describeDcdnUserDomains(
    new dcdn.DescribeDcdnUserDomainsRequest({ domainName, domainSearchType: 'full_match' }));
  return body.domains.pageData[0].domainStatus === 'online';
});

const settings = async (domainName) => (await client(dcdn).describeDcdnDomainConfigs(
  new dcdn.DescribeDcdnDomainConfigsRequest({ domainName, functionNames: 'https_option,HSTS,https_force,set_ocsp_stapling' }))).body.domainConfigs.domainConfig;

test('aliyun/dcdn: the SDK lists every domain page by page, with its CNAME and without what CDN calls them', async () => {
  const found = [];
  for (let pageNumber = 1, total = 1; found.length < total; pageNumber++) {
    const { body } = await client(dcdn).describeDcdnUserDomains(new dcdn.DescribeDcdnUserDomainsRequest({ pageNumber, pageSize: 3 }));
    total = body.totalCount;
    assert.ok(body.domains.pageData.length > 0);
    found.push(...body.domains.pageData);
  }
  const expected = stage.resources.filter((r) => r.product === 'aliyun/dcdn');
  assert.deepEqual(found.map((d) => d.domainName).sort(), expected.map((r) => r.id).sort());
  for (const resource of expected)
    assert.equal(`${found.find((d) => d.domainName === resource.id).cname}:443`, resource.entry);
  assert.ok(found.every((d) => ['on', 'off'].includes(d.SSLProtocol)));
  await assert.rejects(client(dcdn).describeDcdnUserDomains(new dcdn.DescribeDcdnUserDomainsRequest({ pageSize: 501 })),
    refusal('InvalidParameter', 400));
});

test('aliyun/dcdn: R15 the SDK binds and certferry sees it; certferry deploys and rolls back and the SDK sees that; settings stay', async () => {
  const [resource] = stage.of('aliyun/dcdn');
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const certId = await upload(theirs, 'contract_dcdn');
  const beside = await settings(resource.id);
  assert.equal(beside.length, 4);

  await bind(resource.id, certId, 'contract_dcdn');
  await assert.rejects(bind(resource.id, certId, 'contract_dcdn'), refusal('ServiceBusy', 400));
  await serves(resource, theirs);
  await until('the SDK reads what it wrote', async () => (await info(resource.id)).certId === String(certId));
  await online(resource.id);
  const seen = await stage.seen(resource);
  assert.equal(seen.slots[0].fingerprint, theirs.fingerprint);
  assert.equal(seen.slots[0].ref, `${certId}-${REGION}`);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const now = await until('the SDK reads what certferry wrote', async () => {
    const read = await info(resource.id);
    return read.certId !== String(certId) && read;
  });
  assert.equal(now.certType, 'cas');
  assert.equal(now.SSLProtocol, 'on');
  assert.equal(now.SSLPub.trim(), ours.chain.trim());
  assert.equal(stage.changes(resource, since).length, 1, 'one write');
  assert.deepEqual(await settings(resource.id), beside);

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await online(resource.id);
  assert.equal((await info(resource.id)).certId, String(certId));
});

test('aliyun/dcdn: HTTPS off is switched on where the resource is named, and off again by the rollback', async () => {
  const off = stage.of('aliyun/dcdn')[8]; // the tenth: the second is a wildcard
  assert.equal((await info(off.id)).SSLProtocol, 'off');
  const ours = issue(off.domain);
  const task = await stage.deploy(off, ours);
  assert.equal(await served(off), ours.fingerprint);
  await online(off.id);
  const { body } = await client(dcdn).describeDcdnDomainDetail(new dcdn.DescribeDcdnDomainDetailRequest({ domainName: off.id }));
  assert.equal(body.domainDetail.SSLProtocol, 'on');
  await stage.rollback(task);
  await online(off.id);
  assert.equal((await info(off.id)).SSLProtocol, 'off');
});

test('aliyun/dcdn: a certificate is refused where it is none of the site\'s, with the vendor\'s codes', async () => {
  const [, resource] = stage.of('aliyun/dcdn');
  await assert.rejects(bind(resource.id, 4711, 'nobody'), refusal('Certificate.NotFound', 404));
  await assert.rejects(bind(resource.id, 4711, 'nobody', { certRegion: 'cn-beijing' }), refusal('Abs.CertRegion.ValueNotSupported', 400));
  await assert.rejects(bind(resource.id, undefined, 'nobody'), refusal('SSLPri.MissingParameter', 400));
});

const issueSm = (name) => {
  const pair = issueSmPair(name);
  keys.push(...pair.marks);
  return pair;
};

const sm = {
  'aliyun/cdn': {
    candidates: async (domainName) => (await client(cdn).describeCdnSMCertificateList(
      new cdn.DescribeCdnSMCertificateListRequest({ domainName }))).body.certificateListModel.certList.cert,
    detail: async (certIdentifier) => (await client(cdn).describeCdnSMCertificateDetail(
      new cdn.DescribeCdnSMCertificateDetailRequest({ certIdentifier }))).body,
    set: (domainName, certIdentifier) => client(cdn).setCdnDomainSMCertificate(
      new cdn.SetCdnDomainSMCertificateRequest({ domainName, certIdentifier, SSLProtocol: 'on' })),
  },
  'aliyun/dcdn': {
    candidates: async (domainName) => (await client(dcdn).describeDcdnSMCertificateList(
      new dcdn.DescribeDcdnSMCertificateListRequest({ domainName }))).body.certificateListModel.certList,
    detail: async (certIdentifier) => (await client(dcdn).describeDcdnSMCertificateDetail(
      new dcdn.DescribeDcdnSMCertificateDetailRequest({ certIdentifier }))).body,
    set: (domainName, certIdentifier) => client(dcdn).setDcdnDomainSMCertificate(
      new dcdn.SetDcdnDomainSMCertificateRequest({ domainName, certIdentifier, SSLProtocol: 'on' })),
  },
};

for (const [product, api] of Object.entries(sm))
  test(`${product}: an SM2 pair goes beside the other certificate, which stays; told as not verified, kept over a synchronisation, put back after another`, async () => {
    const resource = stage.of(product)[3];
    const pair = issueSm(resource.domain);
    const detailOf = async (certIdentifier) => (await api.detail(certIdentifier)).signCertificate;
    const before = await served(resource);
    const since = stage.log().length;
    assert.deepEqual(await api.candidates(resource.id), []);

    const preview = await stage.certferry('deploy', '--cert-file', pair.chainFile, '--key-file', pair.keyFile, '--resource', resource.id,
      '--product', product, '--sync', '--dry-run', '--accept', 'no-rollback');
    const [row] = preview.deployments;
    assert.deepEqual([preview.deployments.length, row.slot, row.holds], [1, 'sm', ['no-rollback']]);
    assert.match(row.no_rollback, /cannot be read/);
    const task = await stage.deploy(resource, pair, '--accept', 'no-rollback');
    const [deployment] = (await stage.certferry('task', 'show', String(task))).deployments;
    assert.equal(deployment.slot, 'sm');
    assert.equal(deployment.verdict, 'not verified');

    const [candidate, ...more] = await api.candidates(resource.id);
    assert.deepEqual(more, []);
    assert.match(candidate.certIdentifier, /^\d+-cn-hangzhou$/);
    const detail = await api.detail(candidate.certIdentifier);
    assert.ok(detail.signCertificate.startsWith(pair.signing.cert.trim()));
    assert.ok(detail.encryptCertificate.startsWith(pair.encryption.cert.trim()));
    const sets = () => stage.log().slice(since).filter((call) => /Set.*SMCertificate/.test(call.action) && call.outcome === 'changed');
    assert.deepEqual(sets().map((call) => call.resource), [resource.id]);
    assert.equal(await served(resource), before, 'the other certificate is served as before');

    const smRef = async () => (await stage.seen(resource)).slots.find((slot) => slot.slot === 'sm')?.ref;
    assert.equal(await smRef(), candidate.certIdentifier);
    await assert.rejects(stage.rollback(task), /cannot be read/);

    const next = issueSm(resource.domain);
    const second = await stage.deploy(resource, next);
    const known = await smRef();
    assert.notEqual(known, candidate.certIdentifier);
    assert.ok((await detailOf(known)).startsWith(next.signing.cert.trim()));
    await stage.rollback(second);
    assert.equal(await smRef(), candidate.certIdentifier);
    assert.equal(sets().length, 3);
    await assert.rejects(api.set(resource.id, '4711-cn-hangzhou'), refusal('InvalidCertIdentifier.ValueNotSupported', 400));
    pair.remove();
    next.remove();
  });

test('aliyun/dcdn: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => {
  stage.assertNothingTold(keys);
});
