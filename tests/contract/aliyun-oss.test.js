// OSS through Alibaba Cloud's own SDK, which has no call for own domains: its generic request makes and signs them.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import https from 'node:https';
import { test } from 'node:test';
import { makeStage, served, serves } from './stage.js';

const require = createRequire(import.meta.url);
const cas = require('@alicloud/cas20200407');
const { Config } = require('@alicloud/openapi-client');
const OSS = require('ali-oss');
const { obj2xml } = require('ali-oss/lib/common/utils/obj2xml');

const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/oss', '--domains', '12', '--settle-ms', '300'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

// "bucket-000001.oss-cn-hangzhou.aliyuncs.com:443"
const place = (resource) => {
  const [, bucket, region] = resource.entry.match(/^(.*)\.oss-(.*)\.aliyuncs\.com:443$/);
  return { bucket, region };
};

const client = (region, more = {}) => new OSS({
  accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, region: `oss-${region}`, secure: true, authorizationV4: true,
  httpsAgent: new https.Agent(), ...more });

const refusal = (code, status) => (error) => {
  assert.equal(error.code, code);
  assert.equal(error.status, status);
  assert.match(error.requestId, /^[0-9A-F-]{36}$/);
  return true;
};

async function cnames(resource, at = place(resource)) {
  const oss = client(at.region);
  const { data } = await oss.request({ ...oss._bucketRequestParams('GET', at.bucket, { cname: '' }), successStatuses: [200], xmlResponse: true });
  return [data.Cname ?? []].flat();
}
const cname = async (resource) => (await cnames(resource)).find((c) => c.Domain === resource.id);

async function put(resource, configuration, { domain = resource.id, at = place(resource) } = {}) {
  const oss = client(at.region);
  const content = obj2xml({ BucketCnameConfiguration: { Cname: { Domain: domain, CertificateConfiguration: configuration } } });
  await oss.request({ ...oss._bucketRequestParams('POST', at.bucket, { cname: '', comp: 'add' }), successStatuses: [200], mime: 'application/xml', content });
}

// "9010001-cn-hangzhou": in the store that resources of this region take.
async function upload(cert, name, region) {
  const site = region.startsWith('cn-') ? 'cn-hangzhou' : 'ap-southeast-1';
  const store = new cas.default(new Config({ accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, protocol: 'HTTPS',
    regionId: site, endpoint: site === 'cn-hangzhou' ? 'cas.aliyuncs.com' : `cas.${site}.aliyuncs.com` }));
  const { body } = await store.uploadUserCertificate(new cas.UploadUserCertificateRequest({ name, cert: cert.chain, key: cert.key }));
  return `${body.certId}-${site}`;
}

test('aliyun/oss: any endpoint lists the buckets of all regions, page by page; each has its domains', async () => {
  const found = [];
  let marker;
  do {
    const { buckets, nextMarker, isTruncated } = await client('cn-shanghai').listBuckets({ 'max-keys': 5, ...(marker && { marker }) });
    assert.equal(isTruncated, Boolean(nextMarker));
    found.push(...buckets);
    marker = nextMarker;
  } while (marker);
  assert.equal(new Set(found.map((b) => b.name)).size, found.length);
  assert.deepEqual([...new Set(found.map((b) => b.region))].sort(), ['oss-ap-southeast-1', 'oss-cn-hangzhou', 'oss-cn-shanghai']);
  for (const resource of stage.resources.filter((r) => r.product === 'aliyun/oss').slice(0, 4)) {
    const { bucket, region } = place(resource);
    assert.equal(found.find((b) => b.name === bucket).region, `oss-${region}`);
    const { Certificate: certificate } = await cname(resource);
    assert.match(certificate.CertId, region.startsWith('cn-') ? /^\d+-cn-hangzhou$/ : /^\d+-ap-southeast-1$/);
    assert.match(certificate.Fingerprint, /^([0-9A-F]{2}:){19}[0-9A-F]{2}$/);
  }
});

for (const wanted of ['cn-shanghai', 'ap-southeast-1'])
  test(`aliyun/oss: R16 in ${wanted} the SDK binds and certferry sees it; certferry names what it replaces, and takes it back`, async () => {
    const resource = stage.of('aliyun/oss').find((r) => place(r).region === wanted);
    const theirs = issue(resource.domain), ours = issue(resource.domain);
    const others = (await cnames(resource)).filter((c) => c.Domain !== resource.id);
    const id = await upload(theirs, `contract_oss_${wanted.replaceAll('-', '_')}`, wanted);
    await put(resource, { CertId: id, Force: 'true' });
    await serves(resource, theirs);
    const seen = await stage.seen(resource);
    assert.deepEqual(seen.slots.map((s) => [s.slot, s.ref, s.fingerprint]), [['default', id, theirs.fingerprint]]);

    const since = stage.log().length;
    const task = await stage.deploy(resource, ours);
    assert.equal(await served(resource), ours.fingerprint);
    const now = await cname(resource);
    assert.notEqual(now.Certificate.CertId, id);
    assert.equal(now.Certificate.Type, 'CAS');
    assert.equal(now.Certificate.CertId.endsWith(wanted.startsWith('cn-') ? '-cn-hangzhou' : '-ap-southeast-1'), true);
    assert.deepEqual(stage.changes(resource, since).map((call) => call.fields), [['CertId']], 'one write');
    await assert.rejects(put(resource, { CertId: id, PreviousCertId: id }), refusal('PreviousCertIdNotMatch', 409));

    await stage.rollback(task);
    await serves(resource, theirs);
    assert.equal((await cname(resource)).Certificate.CertId, id);
    assert.deepEqual((await cnames(resource)).filter((c) => c.Domain !== resource.id), others);
  });

test('aliyun/oss: what was uploaded to OSS itself is held back, since its key does not come back', async () => {
  const resource = stage.of('aliyun/oss')[4];
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  await put(resource, { Certificate: theirs.chain, PrivateKey: theirs.key, Force: 'true' });
  const { Certificate: certificate } = await cname(resource);
  assert.equal(certificate.Type, 'Upload');
  const seen = await stage.seen(resource);
  assert.equal(seen.slots[0].ref, `upload:${certificate.CertId}`);
  const { deployments: [row] } = await stage.certferry('deploy', '--cert-file', ours.chainFile, '--key-file', ours.keyFile, '--resource', resource.id,
    '--product', 'aliyun/oss', '--dry-run', '--accept', 'no-rollback');
  assert.deepEqual(row.holds, ['no-rollback']);
  await stage.deploy(resource, ours, '--accept', 'no-rollback');
  await serves(resource, ours);
});

test('aliyun/oss: a domain without a certificate is told and left alone; DeleteCertificate and Force exclude each other', async () => {
  const off = stage.resources.filter((r) => r.product === 'aliyun/oss')[9];
  const resource = off && !(await cname(off)).Certificate ? off : null;
  const bare = resource ?? (await (async () => {
    for (const r of stage.of('aliyun/oss')) if (!(await cname(r)).Certificate) return r;
    return null;
  })());
  assert.ok(bare, 'one domain has no certificate');
  await assert.rejects(stage.deploy(bare, issue(bare.domain)), /HTTPS is off|exit 3/);
  await assert.rejects(put(bare, { DeleteCertificate: 'true', Force: 'true' }), refusal('MalformedXML', 400));
});

test('aliyun/oss: wrong keys, wrong buckets, wrong endpoints and unknown certificates are refused with the vendor\'s codes', async () => {
  const [resource] = stage.of('aliyun/oss');
  const { bucket, region } = place(resource);
  await assert.rejects(client(region, { accessKeySecret: 'wrong' }).listBuckets({}), refusal('SignatureDoesNotMatch', 403));
  await assert.rejects(client(region, { accessKeyId: 'LTAI5tNobodyHasThisKey00' }).listBuckets({}), refusal('InvalidAccessKeyId', 403));
  await assert.rejects(cnames(resource, { bucket: 'bucket-nobody', region }), refusal('NoSuchBucket', 404));
  await assert.rejects(cnames(resource, { bucket, region: region === 'cn-shanghai' ? 'cn-hangzhou' : 'cn-shanghai' }), refusal('AccessDenied', 403));
  await assert.rejects(put(resource, { CertId: '4711-cn-hangzhou', Force: 'true' }), refusal('CertificateInvalidCasId', 400));
  await assert.rejects(put(resource, { CertId: '4711-cn-hangzhou', Force: 'true' }, { domain: 'nobody.example' }),
    refusal('NeedVerifyDomainOwnership', 403));
});

test('aliyun/oss: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => {
  stage.assertNothingTold(keys);
});
