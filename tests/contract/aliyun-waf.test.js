// Alibaba Cloud's core client against the simulated WAF 3.0 and 2.0, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, rpc } from './aliyun-rpc.js';
import { makeStage, served, serves, until } from './stage.js';

const MAINLAND = 'cn-hangzhou', ABROAD = 'ap-southeast-1';
const stage = makeStage({ cloud: 'aliyun', preload: true,
  options: ['--services', 'aliyun/waf3,aliyun/waf2', '--domains', '24', '--settle-ms', '500'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const waf3 = rpc(stage, 'waf3'), waf2 = rpc(stage, 'waf2'), cas = rpc(stage, 'cas');
const at = (site) => ({ endpoint: `wafopenapi.${site}.aliyuncs.com` });

async function upload(cert, name, site) {
  const endpoint = site === MAINLAND ? 'cas.aliyuncs.com' : `cas.${site}.aliyuncs.com`;
  return (await cas('UploadUserCertificate', { Name: name, Cert: cert.chain, Key: cert.key }, { endpoint })).CertId;
}

const instance3 = async (site) => (await waf3('DescribeInstance', { RegionId: site }, at(site))).InstanceId;
const instance2 = async (site) => (await waf2('DescribeInstanceInfo', {}, at(site))).InstanceInfo.InstanceId;
const detail = async (site, Domain) =>
  waf3('DescribeDomainDetail', { InstanceId: await instance3(site), RegionId: site, Domain }, at(site));
const settled = (site, domain) => until(`${domain} has settled`, async () => (await detail(site, domain)).Status === 1);

async function domains(site) {
  const all = [];
  for (let PageNumber = 1, total = 1; all.length < total; PageNumber++) {
    const answer = await waf3('DescribeDomains', { InstanceId: await instance3(site), RegionId: site, PageNumber, PageSize: 2 }, at(site));
    total = answer.TotalCount;
    assert.ok(answer.Domains.length > 0);
    all.push(...answer.Domains);
  }
  return all;
}

const of3 = async (site) => {
  const there = (await domains(site)).filter((d) => d.ListenPorts.Https.length > 0).map((d) => `${d.Cname}:443`);
  return stage.resources.filter((r) => there.includes(r.entry) && !r.domain.startsWith('*'));
};
const of2 = () => stage.resources.filter((r) => r.entry.includes('.yundunwaf5.com:') && !r.domain.startsWith('*'));
const unbound = ({ Listen, Redirect }) => ({ Listen: { ...Listen, CertId: undefined }, Redirect });

// The whole domain as a request wants it, with changes to what it listens with.
function request({ Listen, Redirect: { BackendList, BackUpBackendList, ...redirect } }, change) {
  const plain = (list) => list.map(({ Backend }) => Backend);
  return { Listen: JSON.stringify({ ...Listen, ...change }),
    Redirect: JSON.stringify({ ...redirect, Backends: plain(redirect.Backends), BackupBackends: plain(redirect.BackupBackends) }) };
}

test('aliyun/waf: both sites and both versions are listed, by page, with their entry points; certferry finds all of them', async () => {
  const found = [...await domains(MAINLAND), ...await domains(ABROAD)];
  const here = stage.resources.filter((r) => r.entry.includes('.yundunwaf3.com:'));
  assert.deepEqual(found.map((d) => `${d.Cname}:443`).sort(), here.map((r) => r.entry).sort());
  assert.ok(found.some((d) => d.ListenPorts.Https.length === 0), 'one has HTTPS off');

  let native = 0, names2 = 0;
  for (const site of [MAINLAND, ABROAD]) {
    const InstanceId = await instance2(site);
    const { DomainNames } = await waf2('DescribeDomainNames', { InstanceId }, at(site));
    for (const Domain of DomainNames)
      native += (await waf2('DescribeDomain', { InstanceId, Domain }, at(site))).Domain.AccessType === 'waf-cloud-native';
    names2 += DomainNames.length;
  }
  assert.ok(native > 0);
  await stage.certferry('resource', 'sync', '--product', 'aliyun/waf');
  const { items } = await stage.certferry('resource', 'list', '--product', 'aliyun/waf', '--limit', '1000');
  assert.equal(items.length, found.length + names2);
  assert.equal(items.filter((r) => /transparent mode/.test(r.unfit)).length, native);
});

test('aliyun/waf 3.0: R17 the client binds and certferry sees it; certferry deploys and rolls back; every neighbour stays', async () => {
  const [resource] = await of3(MAINLAND); // with ciphers of its own
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const CertId = `${await upload(theirs, 'contract_waf3', MAINLAND)}-${MAINLAND}`, InstanceId = await instance3(MAINLAND);
  const before = await detail(MAINLAND, resource.id);
  assert.ok(before.Listen.CustomCiphers.length > 0 && before.Redirect.RequestHeaders.length > 0);

  await waf3('ModifyDomain', { InstanceId, RegionId: MAINLAND, Domain: resource.id, ...request(before, { CertId }) }, at(MAINLAND));
  await serves(resource, theirs);
  await settled(MAINLAND, resource.id);
  const now = await detail(MAINLAND, resource.id);
  assert.deepEqual(unbound(now), unbound(before));
  assert.equal(now.CertDetail.Id, CertId);
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await settled(MAINLAND, resource.id);
  assert.deepEqual(stage.changes(resource, since).map((c) => [c.action, c.fields]), [['ModifyDomainCert', ['Listen.CertId']]]);
  const after = await detail(MAINLAND, resource.id);
  assert.deepEqual(unbound(after), unbound(before));
  assert.match(after.Listen.CertId, /^\d+-cn-hangzhou$/);
  assert.deepEqual(after.CertDetail.Sans, [resource.domain]);

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await settled(MAINLAND, resource.id);
  const back = await detail(MAINLAND, resource.id);
  assert.equal(back.Listen.CertId, CertId);
  assert.deepEqual(unbound(back), unbound(before));
});

test('aliyun/waf 3.0: a site outside mainland China takes certificates of its own store', async () => {
  const [resource] = await of3(ABROAD);
  const ours = issue(resource.domain);
  await stage.deploy(resource, ours);
  await settled(ABROAD, resource.id);
  assert.equal(await served(resource), ours.fingerprint);
  assert.match((await detail(ABROAD, resource.id)).Listen.CertId, /^\d+-ap-southeast-1$/);
});

test('aliyun/waf 3.0: both ways to write reset what they are not told', async () => {
  const resource = (await of3(MAINLAND))[1], InstanceId = await instance3(MAINLAND), Domain = resource.id, RegionId = MAINLAND;
  const before = await detail(MAINLAND, Domain);
  const { CertId } = before.Listen;
  await waf3('ModifyDomainCert', { InstanceId, RegionId, Domain, CertId }, at(MAINLAND));
  await settled(MAINLAND, Domain);
  const bare = await detail(MAINLAND, Domain);
  assert.equal(bare.Listen.TLSVersion, 'tlsv1');
  assert.equal(bare.Listen.EnableTLSv3, false);

  await waf3('ModifyDomain', { InstanceId, RegionId, Domain, Listen: JSON.stringify({ HttpsPorts: [443], TLSVersion: 'tlsv1.2', CertId }),
    Redirect: JSON.stringify({ Backends: ['192.0.2.1'], Loadbalance: 'iphash' }) }, at(MAINLAND));
  await settled(MAINLAND, Domain);
  const reset = await detail(MAINLAND, Domain);
  assert.equal(reset.Listen.Http2Enabled, false);
  assert.deepEqual(reset.Redirect.RequestHeaders, []);

  await waf3('ModifyDomain', { InstanceId, RegionId, Domain, ...request(before, {}) }, at(MAINLAND));
  await settled(MAINLAND, Domain);
  const again = await detail(MAINLAND, Domain);
  assert.deepEqual({ ...again, RequestId: '' }, { ...before, RequestId: '' });
});

test('aliyun/waf 3.0: what the vendor refuses', async () => {
  const resource = (await of3(MAINLAND))[2], InstanceId = await instance3(MAINLAND), Domain = resource.id, RegionId = MAINLAND;
  const read = await detail(MAINLAND, Domain), { CertId } = read.Listen;
  const modify = (parameters) => waf3('ModifyDomain', { InstanceId, RegionId, Domain, ...request(read, {}), ...parameters }, at(MAINLAND));
  const redirect = JSON.parse(request(read, {}).Redirect);
  await assert.rejects(modify({ Redirect: JSON.stringify({ ...redirect, Loadbalance: undefined }) }), refusal('MissingLoadbalance', 400));
  await assert.rejects(modify({ Redirect: JSON.stringify(read.Redirect) }), refusal('InvalidParameter', 400));
  await assert.rejects(modify(request(read, { HttpPorts: [], HttpsPorts: [] })), refusal('Waf.Pullin.ProtocolNotSet', 400));
  await assert.rejects(modify(request(read, { TLSVersion: undefined })), refusal('Waf.Pullin.TlsVersionInvalid', 400));
  const bind = (parameters) => waf3('ModifyDomainCert', { InstanceId, RegionId, Domain, CertId, ...parameters }, at(MAINLAND));
  await assert.rejects(bind({ CertId: CertId.split('-')[0] }), refusal('Waf.Pullin.CertNotExist', 400));
  await assert.rejects(bind({ Domain: 'nobody.example.com' }), refusal('Waf.Pullin.DomainNotExist', 400));
  await assert.rejects(bind({ InstanceId: undefined }), refusal('MissingInstanceId', 400));
  await bind({ CertId: `${await upload(issue(Domain), 'contract_busy', MAINLAND)}-${MAINLAND}` });
  await assert.rejects(bind({}), refusal('Waf.Pullin.ResourceProcessing', 400));
  await settled(MAINLAND, Domain);
});

test('aliyun/waf 2.0: the client binds by number and certferry sees it; certferry deploys and rolls back', async () => {
  const resource = of2().find((r) => r.id.endsWith('.example.com')), site = ABROAD, InstanceId = await instance2(site);
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const CertificateId = await upload(theirs, 'contract_waf2', site);
  const used = async () => (await waf2('DescribeCertificates', { InstanceId, Domain: resource.id }, at(site))).Certificates.filter((c) => c.IsUsing);
  const { Domain: before } = await waf2('DescribeDomain', { InstanceId, Domain: resource.id }, at(site));

  await waf2('CreateCertificateByCertificateId', { InstanceId, Domain: resource.id, CertificateId }, at(site));
  await serves(resource, theirs);
  const [one, ...others] = await used();
  assert.equal(one.CertificateId, CertificateId);
  assert.equal(others.length, 0);
  assert.deepEqual(one.Sans, [resource.domain]);
  const seen = await stage.seen(resource);
  assert.equal(seen.slots[0].fingerprint, theirs.fingerprint);
  assert.equal(seen.slots[0].ref, `${CertificateId}-${site}`);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  assert.notEqual((await used())[0].CertificateId, CertificateId);
  assert.deepEqual(stage.changes(resource, since).map((c) => c.fields), [['CertificateId']]);
  assert.deepEqual((await waf2('DescribeDomain', { InstanceId, Domain: resource.id }, at(site))).Domain, before);
  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  assert.equal((await used())[0].CertificateId, CertificateId);

  const bind = (parameters) => waf2('CreateCertificateByCertificateId', { InstanceId, Domain: resource.id, CertificateId, ...parameters }, at(site));
  await assert.rejects(bind({ Domain: 'nobody.example.com' }), refusal('DomainNotExist', 400));
  await assert.rejects(bind({ CertificateId: 1 }), refusal('CertificateNotExist', 400));
});

test('aliyun/waf: no secret and no private key is told', () => stage.assertNothingTold(keys));
