// Alibaba Cloud's cloud-native API gateway: the vendor's core client against the simulator, and what it and certferry see.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { roa } from './aliyun-roa.js';
import { makeStage, served, serves } from './stage.js';

const require = createRequire(import.meta.url);
const cas = require('@alicloud/cas20200407');
const { Config } = require('@alicloud/openapi-client');

const REGION = 'cn-hangzhou';
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/apig', '--domains', '30', '--settle-ms', '300'] });
const apig = (...args) => roa(stage, 'apig')(...args);
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const regionOf = (resource) => resource.entry.split('.')[1];

async function upload(cert, name) {
  const client = new cas.default(new Config({ accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, regionId: REGION, protocol: 'HTTPS' }));
  const { body } = await client.uploadUserCertificate(new cas.UploadUserCertificateRequest({ name, cert: cert.chain, key: cert.key }));
  return `${body.certId}-${REGION}`;
}

const get = async (resource) => {
  const answer = await apig('GetDomain', { domainId: resource.id }, { region: regionOf(resource) });
  assert.equal(answer.code, 'Ok');
  return answer.data;
};
const neighbours = ({ certIdentifier, sans, ...rest }) => rest;
const writable = ({ domainId, name, createFrom, resourceGroupId, sans, default: _, ...rest }) => rest;

async function all(action, parameters, region) {
  const found = [];
  for (let pageNumber = 1, total = 1; found.length < total; pageNumber++) {
    const { code, data } = await apig(action, { ...parameters, pageNumber, pageSize: 2 }, { region });
    assert.equal(code, 'Ok');
    total = data.totalSize;
    found.push(...data.items);
    if (!data.items.length) break;
  }
  return found;
}

// The first domains of which this is true, with what is read of them.
async function some(wanted) {
  const found = [];
  for (const resource of stage.of('aliyun/apig')) {
    const domain = await get(resource);
    if (wanted(domain, resource)) found.push(resource);
  }
  assert.ok(found.length > 0);
  return found;
}
const plain = (d, r) => regionOf(r) === REGION && d.protocol === 'HTTPS' && !d.mTLSEnabled && d.createFrom === 'Console';

test('aliyun/apig: gateways and domains are listed page by page; a domain stands on each of its gateways', async () => {
  const found = new Map();
  for (const region of ['cn-hangzhou', 'cn-shanghai', 'ap-southeast-1']) {
    const gateways = await all('ListGateways', {}, region);
    for (const gateway of gateways)
      for (const domain of await all('ListDomains', { gatewayId: gateway.gatewayId }, region))
        found.set(domain.domainId, [...(found.get(domain.domainId) ?? []), `${gateway.loadBalancers[0].address}:443`]);
    for (const domain of await all('ListDomains', {}, region)) assert.ok(found.has(domain.domainId));
  }
  const expected = stage.resources.filter((r) => r.product === 'aliyun/apig');
  assert.deepEqual([...found.keys()].sort(), expected.map((r) => r.id).sort());
  for (const resource of expected) assert.ok(found.get(resource.id).includes(resource.entry));
  assert.ok([...found.values()].some((entries) => entries.length > 1));
});

test('aliyun/apig: the vendor binds and certferry sees it; certferry deploys and rolls back, no neighbour changes', async () => {
  const [resource] = await some(plain), theirs = issue(resource.domain), ours = issue(resource.domain);
  const certIdentifier = await upload(theirs, 'contract_apig');
  const read = await get(resource);
  assert.equal((await apig('UpdateDomain', { domainId: resource.id, ...writable(read), certIdentifier })).code, 'Ok');
  await serves(resource, theirs);
  const seen = await stage.seen(resource);
  assert.equal(seen.slots[0].ref, certIdentifier);
  assert.equal(seen.slots[0].fingerprint, theirs.fingerprint);

  const before = neighbours(await get(resource)), since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  const { deployments } = await stage.certferry('task', 'show', String(task));
  assert.equal(deployments[0].verdict, 'verified', 'its entry point was asked');
  assert.equal(await served(resource), ours.fingerprint);
  assert.deepEqual(neighbours(await get(resource)), before);
  const changes = stage.changes(resource, since);
  assert.deepEqual(changes.map((c) => c.fields), [['certIdentifier']], 'one write, of the certificate alone');
  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  assert.deepEqual(neighbours(await get(resource)), before);
});

test('aliyun/apig: mutual TLS with its CA, TLS versions and ciphers survive; a serverless domain is told no protocol', async () => {
  for (const [wanted, name] of [[(d) => d.mTLSEnabled, 'caCertIdentifier'], [(d) => d.domainScope === 'Serverless', 'tlsCipherSuitesConfig']]) {
    const [resource] = await some(wanted), cert = issue(resource.domain), before = neighbours(await get(resource));
    assert.ok(before[name] && before.tlsMin);
    await stage.deploy(resource, cert);
    await serves(resource, cert); // nobody asks a private entry point meanwhile
    assert.deepEqual(neighbours(await get(resource)), before);
  }
});

test('aliyun/apig: what an update leaves out is gone, which is why certferry sends all of it', async () => {
  const [resource] = (await some(plain)).slice(-1), { certIdentifier } = await get(resource);
  await apig('UpdateDomain', { domainId: resource.id, certIdentifier, protocol: 'HTTPS', forceHttps: false });
  const read = await get(resource);
  for (const name of ['http2Option', 'tlsMin', 'tlsMax', 'tlsCipherSuitesConfig']) assert.equal(read[name], undefined, name);
});

test('aliyun/apig: refusals come as HTTP 200 with a code that is not Ok, and change nothing', async () => {
  const [resource] = await some(plain), read = await get(resource);
  const refused = async (parameters, code) => {
    const answer = await apig('UpdateDomain', { domainId: resource.id, ...parameters });
    assert.equal(answer.code, code);
    assert.ok(answer.message && answer.requestId);
  };
  await refused({ ...writable(read), certIdentifier: `1-${REGION}` }, 'NotFound.CertNotFound');
  await refused({ certIdentifier: read.certIdentifier, protocol: 'HTTPS' }, 'MissingParameter.ForceHttps');
  assert.equal((await apig('GetDomain', { domainId: 'd-none' })).code, 'NotFound.DomainNotFound');
  assert.deepEqual(await get(resource), read);
});

test('aliyun/apig: no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
