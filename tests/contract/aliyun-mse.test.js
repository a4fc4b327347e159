// The cloud-native gateway of Alibaba Cloud MSE: the vendor's core client against the simulator, and what it and certferry see.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { rpc } from './aliyun-rpc.js';
import { makeStage, served, serves, until } from './stage.js';

const require = createRequire(import.meta.url);
const cas = require('@alicloud/cas20200407');
const { Config } = require('@alicloud/openapi-client');

const REGION = 'cn-hangzhou';
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/mse', '--domains', '20', '--settle-ms', '400'] });
const mse = (...args) => rpc(stage, 'mse')(...args);
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

async function upload(cert, name) {
  const client = new cas.default(new Config({ accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, regionId: REGION, protocol: 'HTTPS' }));
  const { body } = await client.uploadUserCertificate(new cas.UploadUserCertificateRequest({ name, cert: cert.chain, key: cert.key }));
  return `${body.certId}-${REGION}`;
}

async function gateways(region) {
  const found = [];
  for (let PageNumber = 1, total = 1; found.length < total; PageNumber++) {
    const { Success, Data } = await mse('ListGateway', { PageNumber, PageSize: 1 }, { region });
    assert.equal(Success, true);
    total = Data.TotalSize;
    found.push(...Data.Result);
    if (!Data.Result.length) break;
  }
  return found;
}
const domainsOf = async (gateway, region) => (await mse('ListGatewayDomain', { GatewayUniqueId: gateway, Type: 'All' }, { region })).Data;

// Every domain: { id, gateway, region, entry } by its number.
async function world() {
  const found = new Map();
  for (const region of (await mse('QueryGatewayRegion')).Data)
    for (const gateway of await gateways(region))
      for (const domain of await domainsOf(gateway.GatewayUniqueId, region))
        found.set(String(domain.Id), { ...domain, gateway: gateway.GatewayUniqueId, region,
          entry: `${(gateway.InternetSlb[0] ?? gateway.Slb[0]).SlbIp}:443` });
  return found;
}
const detail = async (d) => (await mse('GetGatewayDomainDetail', { GatewayUniqueId: d.gateway, Id: String(d.Id) }, { region: d.region })).Data;
const published = (d) => until('the domain is published', async () =>
  (await domainsOf(d.gateway, d.region)).find((x) => x.Id === d.Id).Status === 3);
const bind = async (d, CertIdentifier) => mse('UpdateSSLCert', { GatewayUniqueId: d.gateway, DomainId: d.Id, CertIdentifier }, { region: d.region });
const neighbours = ({ CertIdentifier, Sans, ...rest }) => rest;

async function some(wanted) {
  const all = await world(), found = [];
  for (const resource of stage.of('aliyun/mse')) {
    const domain = all.get(resource.id);
    if (domain.Type === 'Op' && domain.region === REGION && wanted({ ...domain, ...await detail(domain) })) found.push({ resource, domain });
  }
  assert.ok(found.length > 0);
  return found;
}
const plain = (d) => d.Protocol === 'HTTPS' && !d.MtlsEnabled;

test('aliyun/mse: regions, gateways page by page, and all their domains with their entry points', async () => {
  const all = await world();
  const expected = stage.resources.filter((r) => r.product === 'aliyun/mse');
  assert.deepEqual([...all.keys()].sort(), expected.map((r) => r.id).sort());
  for (const resource of expected) {
    assert.equal(all.get(resource.id).Name, resource.domain);
    assert.equal(all.get(resource.id).entry, resource.entry);
  }
});

test('aliyun/mse: R13 the vendor binds and certferry sees it; certferry deploys and rolls back, no neighbour changes', async () => {
  const [{ resource, domain }] = await some(plain), theirs = issue(resource.domain), ours = issue(resource.domain);
  const id = await upload(theirs, 'contract_mse');
  assert.equal((await bind(domain, id)).Data, true);
  await serves(resource, theirs);
  await published(domain);
  const seen = await stage.seen(resource);
  assert.equal(seen.slots[0].ref, id);
  assert.equal(seen.slots[0].fingerprint, theirs.fingerprint);

  const before = neighbours(await detail(domain)), since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  const { deployments } = await stage.certferry('task', 'show', String(task));
  assert.equal(deployments[0].verdict, 'verified', 'its entry point was asked');
  assert.equal(await served(resource), ours.fingerprint);
  assert.deepEqual(neighbours(await detail(domain)), before);
  assert.deepEqual(stage.changes(resource, since).map((c) => c.fields), [['CertIdentifier']], 'one write, of the certificate alone');
  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  assert.equal((await detail(domain)).CertIdentifier, id);
  assert.deepEqual(neighbours(await detail(domain)), before);
});

test('aliyun/mse: mutual TLS with its CA, TLS versions and ciphers survive', async () => {
  const [{ resource, domain }] = await some((d) => d.MtlsEnabled), cert = issue(resource.domain), before = neighbours(await detail(domain));
  assert.ok(before.CaCertIdentifier && before.TlsMin && before.TlsCipherSuitesConfig);
  await stage.deploy(resource, cert);
  assert.equal(await served(resource), cert.fingerprint);
  assert.deepEqual(neighbours(await detail(domain)), before);
});

test('aliyun/mse: a first certificate by AddSSLCert; a full update loses what it is not told', async () => {
  const [{ resource, domain }] = await some(plain), id = (await detail(domain)).CertIdentifier;
  const twice = await mse('AddSSLCert', { GatewayUniqueId: domain.gateway, DomainId: domain.Id, CertIdentifier: id });
  assert.deepEqual([twice.Success, twice.Code], [false, 400]);
  assert.equal((await mse('UpdateGatewayDomain', { GatewayUniqueId: domain.gateway, Id: domain.Id, Protocol: 'HTTP' })).Data, domain.Id);
  await published(domain);
  const bare = await detail(domain);
  for (const name of ['CertIdentifier', 'TlsMin', 'TlsMax', 'TlsCipherSuitesConfig']) assert.equal(bare[name], undefined, name);
  await assert.rejects(stage.deploy(resource, issue(resource.domain)), undefined, 'certferry gives no first certificate');
  assert.equal((await mse('AddSSLCert', { GatewayUniqueId: domain.gateway, DomainId: domain.Id, CertIdentifier: id })).Data, true);
  await published(domain);
  assert.equal((await detail(domain)).Protocol, 'HTTPS');
});

test('aliyun/mse: refusals come as HTTP 200 with Success=false, and change nothing', async () => {
  const [{ domain }] = (await some(plain)).slice(-1), before = await detail(domain);
  const refused = ({ Success, Code, Message, RequestId }, code) => {
    assert.deepEqual([Success, Code], [false, code]);
    assert.ok(Message && RequestId);
  };
  refused(await bind(domain, `1-${REGION}`), 400);
  refused(await bind({ ...domain, Id: 1 }, before.CertIdentifier), 404);
  refused(await mse('ListGatewayDomain', { GatewayUniqueId: 'gw-none' }), 404);
  assert.deepEqual(await detail(domain), before);
  const id = await upload(issue(before.Name), 'contract_mse_busy');
  assert.equal((await bind(domain, id)).Success, true);
  refused(await bind(domain, before.CertIdentifier), 409);
  await published(domain);
});

test('aliyun/mse: what a cluster\'s Ingress made is its controller\'s and held back', async () => {
  const all = await world();
  const resource = stage.of('aliyun/mse').find((r) => all.get(r.id).Type === 'Ingress');
  assert.match((await stage.seen(resource)).managed_by, /^ingress:gw-/);
});

test('aliyun/mse: no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
