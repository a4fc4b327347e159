// Alibaba Cloud Function Compute: the official SDKs of both versions against the simulator, and what they and certferry see.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { roa } from './aliyun-roa.js';
import { makeStage, served, serves } from './stage.js';

const require = createRequire(import.meta.url);
const fc3 = require('@alicloud/fc20230330');
const fc2 = require('@alicloud/fc-open20210406');
const { Config } = require('@alicloud/openapi-client');

const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/fc3', '--domains', '30', '--settle-ms', '300'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

const client = (sdk, endpoint) => new sdk.default(new Config({
  accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, protocol: 'HTTPS', endpoint }));
const regionOf = (resource) => resource.entry.split('.')[1];
const new3 = (region = 'cn-hangzhou') => client(fc3, `fcv3.${region}.aliyuncs.com`);
const old2 = (region = 'cn-hangzhou') => client(fc2, `${stage.access.account}.${region}.fc.aliyuncs.com`);

const get = { 3: async (r) => (await new3(regionOf(r)).getCustomDomain(r.id)).body,
  2: async (r) => (await old2(regionOf(r)).getCustomDomain(r.id)).body };
const set = {
  3: (r, body) => new3(regionOf(r)).updateCustomDomain(r.id, new fc3.UpdateCustomDomainRequest({
    body: new fc3.UpdateCustomDomainInput({ ...body, certConfig: body.certConfig && new fc3.CertConfig(body.certConfig) }) })),
  2: (r, body) => old2(regionOf(r)).updateCustomDomain(r.id, new fc2.UpdateCustomDomainRequest({
    ...body, certConfig: body.certConfig && new fc2.CertConfig(body.certConfig) })),
};
const known = async (api, r) => get[api](r).then(() => true, (error) => { assert.equal(error.code, 'DomainNameNotFound'); return false; });

// Neighbours as plain values: all but the certificate and the time of the change.
const neighbours = (domain) => {
  const { certConfig, lastModifiedTime, ...rest } = JSON.parse(JSON.stringify(domain));
  return rest;
};

// The first domain that serves HTTPS, by whom it is known: '3', '2' or 'both'.
async function find(who) {
  for (const r of stage.of('aliyun/fc')) {
    const [in3, in2] = [await known(3, r), await known(2, r)];
    if ((in3 && in2 ? 'both' : in3 ? '3' : '2') === who && (await get[in3 ? 3 : 2](r)).certConfig) return r;
  }
  throw new Error(`no domain known to ${who}`);
}

test('aliyun/fc: the SDKs list regions and domains page by page; both versions together know every domain', async () => {
  const { body } = await new3().describeRegions(new fc3.DescribeRegionsRequest({}));
  const regions = body.regions.region.map((r) => r.regionId);
  assert.ok(regions.includes('cn-hangzhou'));
  const found = new Set();
  for (const region of regions)
    for (const [sdk, from] of [[fc3, new3(region)], [fc2, old2(region)]])
      for (let nextToken, more = true; more; more = Boolean(nextToken)) {
        const page = (await from.listCustomDomains(new sdk.ListCustomDomainsRequest({ limit: 2, nextToken }))).body;
        assert.ok(page.customDomains.length <= 2);
        for (const domain of page.customDomains) {
          found.add(domain.domainName);
          assert.equal(domain.certConfig?.privateKey, undefined, 'no private key comes out');
        }
        nextToken = page.nextToken;
      }
  assert.deepEqual([...found].sort(), stage.resources.filter((r) => r.product === 'aliyun/fc').map((r) => r.id).sort());
});

for (const who of ['3', '2', 'both']) {
  test(`aliyun/fc: R12 a domain known to ${who}: certferry deploys and rolls back to its own, the SDK sees both, no neighbour changes`, async () => {
    const resource = await find(who), api = who === '3' ? 3 : 2;
    const first = issue(resource.domain), second = issue(resource.domain);
    const before = [neighbours(await get[api](resource)), who === 'both' && neighbours(await get[3](resource))];

    await stage.deploy(resource, first, '--accept', 'no-rollback');
    assert.equal(await served(resource), first.fingerprint);
    const read = await get[api](resource);
    assert.equal(read.certConfig.certificate.trim(), first.chain.trim());
    assert.match(read.certConfig.certName, /^certferry-/);

    const since = stage.log().length;
    const task = await stage.deploy(resource, second);
    const { deployments } = await stage.certferry('task', 'show', String(task));
    assert.equal(deployments[0].verdict, 'verified', 'its entry point was asked');
    assert.equal(await served(resource), second.fingerprint);
    const changes = stage.changes(resource, since);
    assert.equal(changes.length, 1, 'one write');
    assert.equal(changes[0].service, `fc${api}`, 'written by the version it belongs to');
    for (const field of changes[0].fields) assert.match(field, /^cert/);

    await stage.rollback(task);
    assert.equal(await served(resource), first.fingerprint);
    assert.equal((await get[api](resource)).certConfig.certificate.trim(), first.chain.trim());
    assert.deepEqual([neighbours(await get[api](resource)), who === 'both' && neighbours(await get[3](resource))], before);
  });
}

for (const who of ['3', '2']) {
  test(`aliyun/fc: the SDK of ${who} binds and certferry sees it; it cannot be put back without its key, and the plan says so`, async () => {
    const resource = await find(who), theirs = issue(resource.domain), ours = issue(resource.domain);
    const { protocol, tlsConfig, routeConfig, wafConfig, authConfig, corsConfig } = await get[who](resource);
    const more = who === '3' ? { authConfig, corsConfig } : {};
    await set[who](resource, { protocol, tlsConfig, routeConfig, wafConfig, ...more,
      certConfig: { certName: 'contract', certificate: theirs.chain, privateKey: theirs.key } });
    await serves(resource, theirs);
    const seen = await stage.seen(resource);
    assert.equal(seen.slots[0].fingerprint, theirs.fingerprint);
    assert.equal(seen.slots[0].ref, theirs.fingerprint);
    await assert.rejects(stage.deploy(resource, ours), /no-rollback/);
    assert.equal(await served(resource), theirs.fingerprint);
  });
}

test('aliyun/fc: what an update leaves out is gone: the simulator is as hard as the documentation allows', async () => {
  const resource = await find('3'), cert = issue(resource.domain);
  await set[3](resource, { protocol: 'HTTPS', certConfig: { certName: 'alone', certificate: cert.chain, privateKey: cert.key } });
  const read = await get[3](resource);
  for (const name of ['routeConfig', 'tlsConfig', 'wafConfig', 'authConfig', 'corsConfig']) assert.equal(read[name], undefined, name);
});

test('aliyun/fc: answers hold nothing that the vendor\'s model lacks', async () => {
  for (const [service, more] of [['fc3', {}], ['fc2', { endpoint: `${stage.access.account}.cn-hangzhou.fc.aliyuncs.com` }]]) {
    const { customDomains } = await roa(stage, service)('ListCustomDomains', { limit: 100 }, more);
    for (const { domainName } of customDomains.slice(0, 3)) await roa(stage, service)('GetCustomDomain', { domainName }, more);
  }
  await roa(stage, 'fc3')('DescribeRegions');
});

test('aliyun/fc: a foreign key, a domain that is not there and another account\'s host are refused', async () => {
  const resource = await find('2'), cert = issue(resource.domain), other = issue('other.example.com');
  const refused = (code) => (error) => {
    assert.equal(error.code, code);
    for (const mark of stage.keyMarks(cert, other)) assert.ok(!error.message.includes(mark));
    return true;
  };
  await assert.rejects(set[2](resource, { protocol: 'HTTPS',
    certConfig: { certName: 'x', certificate: cert.chain, privateKey: other.key } }), refused('InvalidArgument'));
  await assert.rejects(new3().getCustomDomain('nobody.example.com'), refused('DomainNameNotFound'));
  await assert.rejects(client(fc2, '9999999999999999.cn-hangzhou.fc.aliyuncs.com').getCustomDomain(resource.id), refused('AccessDenied'));
});

test('aliyun/fc: no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
