// DCDN through Alibaba Cloud's own SDK, and what it and certferry see of each other; SM certificates on CDN and DCDN.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { makeStage, served, serves, until } from './stage.js';

const require = createRequire(import.meta.url);
const cas = require('@alicloud/cas20200407');
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

test('aliyun/dcdn: the SDK binds and certferry sees it; certferry deploys and rolls back and the SDK sees that; settings stay', async () => {
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

test('aliyun/dcdn: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => {
  stage.assertNothingTold(keys);
});
