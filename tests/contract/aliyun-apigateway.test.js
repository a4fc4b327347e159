// Alibaba Cloud API Gateway (classic): the official SDK against the simulator, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { rpc } from './aliyun-rpc.js';
import { makeStage, served, serves } from './stage.js';

const require = createRequire(import.meta.url);
const api = require('@alicloud/cloudapi20160714');
const { Config } = require('@alicloud/openapi-client');

const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/cloudapi', '--domains', '16', '--settle-ms', '300'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

const regionOf = (resource) => resource.entry.match(/^[0-9a-f]+-(.*)\.alicloudapi\.com/)[1];
const client = (regionId = 'cn-hangzhou', more = {}) => new api.default(new Config({ accessKeyId: stage.access.key_id,
  accessKeySecret: stage.access.secret, regionId, protocol: 'HTTPS', endpoint: `apigateway.${regionId}.aliyuncs.com`, ...more }));

// The group and the item of a domain, as DescribeApiGroup tells them; the SDK at hand does not know all of its members.
async function look(resource) {
  const region = regionOf(resource), groupId = resource.entry.slice(0, 32);
  const group = await rpc(stage, 'cloudapi')('DescribeApiGroup', { GroupId: groupId }, { region, endpoint: `apigateway.${region}.aliyuncs.com` });
  return { sdk: client(region), groupId, item: group.CustomDomains.DomainItem.find((d) => d.DomainName === resource.id) };
}
const domain = async (resource) => {
  const { sdk, groupId } = await look(resource);
  return (await sdk.describeDomain(new api.DescribeDomainRequest({ groupId, domainName: resource.id }))).body;
};
const set = async (resource, cert, more = {}) => {
  const { sdk, groupId } = await look(resource);
  return sdk.setDomainCertificate(new api.SetDomainCertificateRequest({ groupId, domainName: resource.id,
    certificateName: 'contract', certificateBody: cert.chain, certificatePrivateKey: cert.key, ...more }));
};
const neighbours = ({ CertificateId, CertificateName, CertificateValidStart, CertificateValidEnd, ...rest }) => rest;

// Those with (or without) a certificate; none that asks clients for theirs.
async function some(on) {
  const found = [];
  for (const r of stage.of('aliyun/apigateway')) {
    const { item } = await look(r);
    if (Boolean(item.CertificateId) === on && !item.SslVerifyDepth) found.push(r);
  }
  assert.ok(found.length > 0);
  return found;
}

test('aliyun/apigateway: the SDK lists regions, groups page by page, and every domain in them', async () => {
  const { body } = await client().describeRegions(new api.DescribeRegionsRequest({}));
  const found = [];
  for (const { regionId } of body.regions.region)
    for (let pageNumber = 1, seen = 0, total = 1; seen < total; pageNumber++) {
      const page = (await client(regionId).describeApiGroups(new api.DescribeApiGroupsRequest({ pageNumber, pageSize: 2 }))).body;
      total = page.totalCount;
      for (const group of page.apiGroupAttributes.apiGroupAttribute) {
        seen++;
        const { body: whole } = await client(regionId).describeApiGroup(new api.DescribeApiGroupRequest({ groupId: group.groupId }));
        for (const item of whole.customDomains.domainItem) found.push([item.domainName, `${group.subDomain}:443`].join(' '));
      }
    }
  const expected = stage.resources.filter((r) => r.product === 'aliyun/apigateway').map((r) => `${r.id} ${r.entry}`);
  assert.deepEqual(found.sort(), expected.sort());
});

test('aliyun/apigateway: R13 certferry deploys and rolls back to its own; the SDK sees both, no neighbour changes', async () => {
  const [resource] = await some(true), first = issue(resource.domain), second = issue(resource.domain);
  const before = neighbours((await look(resource)).item);
  await stage.deploy(resource, first, '--accept', 'no-rollback');
  assert.equal(await served(resource), first.fingerprint);
  const read = await domain(resource);
  assert.equal(read.certificateBody.trim(), first.chain.trim());
  assert.match(read.certificateName, /^certferry_[0-9a-f]{16}$/);
  assert.equal(read.certificatePrivateKey, undefined);

  const since = stage.log().length;
  const task = await stage.deploy(resource, second);
  const { deployments } = await stage.certferry('task', 'show', String(task));
  assert.equal(deployments[0].verdict, 'verified', 'its entry point was asked');
  assert.equal(await served(resource), second.fingerprint);
  const changes = stage.changes(resource, since);
  assert.equal(changes.length, 1, 'one write');
  for (const field of changes[0].fields) assert.match(field, /^Certificate/);
  await stage.rollback(task);
  assert.equal(await served(resource), first.fingerprint);
  assert.equal((await domain(resource)).certificateBody.trim(), first.chain.trim());
  assert.deepEqual(neighbours((await look(resource)).item), before);
});

test('aliyun/apigateway: the SDK binds, signed with V3 and with V1, and certferry sees it; without its key it is held back', async () => {
  const resource = (await some(true))[1], ours = issue(resource.domain);
  for (const more of [{}, { signatureAlgorithm: 'v2' }]) {
    const theirs = issue(resource.domain), { groupId } = await look(resource);
    await client(regionOf(resource), more).setDomainCertificate(new api.SetDomainCertificateRequest({ groupId,
      domainName: resource.id, certificateName: 'contract', certificateBody: theirs.chain, certificatePrivateKey: theirs.key }));
    await serves(resource, theirs);
    assert.equal((await stage.seen(resource)).slots[0].fingerprint, theirs.fingerprint);
  }
  await assert.rejects(stage.deploy(resource, ours), /no-rollback/);
});

test('aliyun/apigateway: the SDK gives a first certificate and takes it away; certferry replaces only', async () => {
  const [resource] = await some(false), cert = issue(resource.domain);
  await assert.rejects(stage.deploy(resource, cert));
  await set(resource, cert);
  await serves(resource, cert);
  const { certificateId } = await domain(resource), { sdk, groupId } = await look(resource);
  await sdk.deleteDomainCertificate(new api.DeleteDomainCertificateRequest({ groupId, domainName: resource.id, certificateId }));
  assert.equal((await domain(resource)).certificateId, undefined);
  assert.equal((await stage.seen(resource)).https, false);
});

test('aliyun/apigateway: a client CA that is not sent again is gone; certferry leaves such domains alone', async () => {
  const mutual = [];
  for (const r of stage.of('aliyun/apigateway')) if ((await look(r)).item.SslVerifyDepth) mutual.push(r);
  const [resource] = mutual, before = (await look(resource)).item;
  await assert.rejects(stage.deploy(resource, issue(resource.domain), '--accept', 'no-rollback'), /asks clients for certificates/);
  assert.deepEqual((await look(resource)).item, before);
  await set(resource, issue(resource.domain));
  assert.equal((await look(resource)).item.SslVerifyDepth, undefined);
});

test('aliyun/apigateway: answers hold nothing that the vendor\'s model lacks', async () => {
  const [resource] = await some(true), { groupId } = await look(resource), region = regionOf(resource);
  const call = (action, parameters) => rpc(stage, 'cloudapi')(action, parameters, { region, endpoint: `apigateway.${region}.aliyuncs.com` });
  await call('DescribeRegions');
  await call('DescribeApiGroups', { PageSize: 50 });
  await call('DescribeDomain', { GroupId: groupId, DomainName: resource.id });
});

test('aliyun/apigateway: a foreign key, a bad name, and a group that is not there are refused', async () => {
  const [resource] = await some(true), cert = issue(resource.domain), other = issue('other.example.com');
  const refused = (code) => (error) => {
    assert.equal(error.code, code);
    for (const mark of stage.keyMarks(cert, other)) assert.ok(!error.message.includes(mark));
    return true;
  };
  await assert.rejects(set(resource, cert, { certificatePrivateKey: other.key }), refused('InvalidCertificatePrivateKey'));
  await assert.rejects(set(resource, cert, { certificateName: '1-bad' }), refused('InvalidCertificateName'));
  await assert.rejects(client().describeApiGroup(new api.DescribeApiGroupRequest({ groupId: 'none' })), refused('NotFoundApiGroup'));
  const { sdk, groupId } = await look(resource);
  await assert.rejects(sdk.deleteDomainCertificate(new api.DeleteDomainCertificateRequest({ groupId, domainName: resource.id, certificateId: 'x' })),
    refused('NotFoundCertificate'));
});

test('aliyun/apigateway: no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
