// Alibaba Cloud's core client against the simulated Anti-DDoS Proxy, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, rpc } from './aliyun-rpc.js';
import { makeStage, served, serves } from './stage.js';

const MAINLAND = 'cn-hangzhou', ABROAD = 'ap-southeast-1';
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/ddoscoo', '--domains', '22', '--settle-ms', '300'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const ddos = rpc(stage, 'ddoscoo'), cas = rpc(stage, 'cas');
const at = (site) => ({ endpoint: `ddoscoo.${site}.aliyuncs.com` });

const upload = async (cert, name) =>
  (await cas('UploadUserCertificate', { Name: name, Cert: cert.chain, Key: cert.key }, { endpoint: 'cas.aliyuncs.com' })).CertId;
const associate = (parameters, site = MAINLAND) => ddos('AssociateWebCert', parameters, at(site));
const related = async (Domain, site = MAINLAND) =>
  (await ddos('DescribeCerts', { Domain }, at(site))).Certs.filter((c) => c.DomainRelated);
const rule = async (Domain, site = MAINLAND) => {
  const { WebRules } = await ddos('DescribeWebRules', { Domain, QueryDomainPattern: 'exact', PageNumber: 1, PageSize: 10 }, at(site));
  assert.equal(WebRules.length, 1);
  return WebRules[0];
};
const neighbours = ({ CertName, UserCertName, CertRegion, CertExpireTime, ...others }) => others;

async function rules(site) {
  const all = [];
  for (let PageNumber = 1, total = 1; all.length < total; PageNumber++) {
    const answer = await ddos('DescribeWebRules', { PageNumber, PageSize: 10 }, at(site));
    total = answer.TotalCount;
    assert.ok(answer.WebRules.length > 0);
    all.push(...answer.WebRules);
  }
  return all;
}

const bound = async (site) => {
  const names = (await rules(site)).filter((r) => r.UserCertName).map((r) => r.Domain);
  return stage.resources.filter((r) => names.includes(r.id) && !r.domain.startsWith('*'));
};

test('aliyun/ddos: rules of both sites by pages of ten, with their entry points; certferry finds all, with and without certificate', async () => {
  const mainland = await rules(MAINLAND), abroad = await rules(ABROAD), all = [...mainland, ...abroad];
  assert.ok(mainland.length > 10);
  assert.deepEqual(all.map((r) => `${r.Cname}:443`).sort(), stage.resources.map((r) => r.entry).sort());
  const { Domains } = await ddos('DescribeDomains', {}, at(MAINLAND));
  assert.deepEqual(Domains.sort(), mainland.map((r) => r.Domain).sort());
  await stage.certferry('resource', 'sync', '--product', 'aliyun/ddos');
  const { items } = await stage.certferry('resource', 'list', '--product', 'aliyun/ddos', '--limit', '1000');
  const https = all.filter((r) => r.ProxyTypes.some((t) => t.ProxyType === 'https'));
  assert.ok(https.length < all.length && https.some((r) => !r.UserCertName));
  for (const r of all) {
    const item = items.find((i) => i.vendor_id === r.Domain);
    assert.equal(item.https, https.includes(r));
    assert.equal(item.slots.length, r.UserCertName ? 1 : 0);
  }
});

test('aliyun/ddos: R17 the client binds and certferry sees it; certferry deploys and rolls back; every neighbour stays', async () => {
  const resource = (await bound(MAINLAND)).find((r) => r.id.startsWith('r')), Domain = resource.id;
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const before = await rule(Domain), CertId = await upload(theirs, 'contract_ddos');

  await associate({ Domain, CertId, CertRegion: MAINLAND });
  await serves(resource, theirs);
  assert.deepEqual((await related(Domain)).map((c) => c.CertIdentifier), [`${CertId}-${MAINLAND}`]);
  assert.equal((await rule(Domain)).UserCertName, 'contract_ddos');
  const seen = await stage.seen(resource);
  assert.equal(seen.slots[0].fingerprint, theirs.fingerprint);
  assert.equal(seen.slots[0].ref, `${CertId}-${MAINLAND}`);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  assert.deepEqual(stage.changes(resource, since).map((c) => [c.action, c.fields]), [['AssociateWebCert', ['CertId']]]);
  assert.deepEqual(neighbours(await rule(Domain)), neighbours(before));
  assert.notEqual((await related(Domain))[0].Id, CertId);

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  assert.deepEqual((await related(Domain)).map((c) => c.Id), [CertId]);
  assert.deepEqual(neighbours(await rule(Domain)), neighbours(before));
});

test('aliyun/ddos: a site outside mainland China takes certificates of its own store', async () => {
  const [resource] = await bound(ABROAD), ours = issue(resource.domain);
  await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  assert.match((await related(resource.id, ABROAD))[0].CertIdentifier, /^\d+-ap-southeast-1$/);
});

test('aliyun/ddos: the client binds a certificate by its text, with which certferry deals as with any other', async () => {
  const resource = (await bound(MAINLAND))[2], theirs = issue(resource.domain), ours = issue(resource.domain);
  await associate({ Domain: resource.id, CertName: 'contract_text', Cert: theirs.chain, Key: theirs.key });
  await serves(resource, theirs);
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, theirs.fingerprint);
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
});

test('aliyun/ddos: what the vendor refuses', async () => {
  const [{ id: Domain }] = await bound(MAINLAND), all = await rules(MAINLAND);
  const CertIdentifier = (await related(Domain))[0].CertIdentifier;
  await assert.rejects(ddos('DescribeWebRules', { PageSize: 11 }, at(MAINLAND)), refusal('InvalidParameter', 400));
  await assert.rejects(associate({ Domain }), refusal('InvalidParams', 400));
  await assert.rejects(associate({ Domain, CertIdentifier, CertId: 1 }), refusal('InvalidParams', 400));
  await assert.rejects(associate({ Domain, CertIdentifier: '1-cn-hangzhou' }), refusal('CertNotExist', 400));
  await assert.rejects(associate({ Domain, CertIdentifier: CertIdentifier.replace(MAINLAND, ABROAD) }), refusal('CertNotExist', 400));
  await assert.rejects(associate({ CertIdentifier }), refusal('MissingDomain', 400));
  await assert.rejects(associate({ Domain: 'nobody.example.com', CertIdentifier }), refusal('DomainNotExist', 400));
  const plain = all.find((r) => !r.ProxyTypes.some((t) => t.ProxyType === 'https'));
  await assert.rejects(associate({ Domain: plain.Domain, CertIdentifier }), refusal('HttpsNotEnabled', 400));
});

test('aliyun/ddos: no secret and no private key is told', () => stage.assertNothingTold(keys));
