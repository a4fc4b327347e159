// Alibaba Cloud's core client against the simulated Global Accelerator, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, rpc } from './aliyun-rpc.js';
import { makeStage, served, serves, until } from './stage.js';

const RegionId = 'cn-hangzhou';
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/ga', '--domains', '12', '--settle-ms', '400'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const ga = rpc(stage, 'ga'), cas = rpc(stage, 'cas');

async function upload(cert, name) {
  const { CertId } = await cas('UploadUserCertificate', { Name: name, Cert: cert.chain, Key: cert.key }, { endpoint: 'cas.aliyuncs.com' });
  return `${CertId}-${RegionId}`;
}

async function pages(action, items, parameters) {
  const all = [];
  for (let PageNumber = 1, total = 1; all.length < total; PageNumber++) {
    const answer = await ga(action, { RegionId, PageNumber, PageSize: 2, ...parameters });
    total = answer.TotalCount;
    all.push(...answer[items]);
  }
  return all;
}

const listener = (ListenerId) => ga('DescribeListener', { RegionId, ListenerId });
async function certificates(ListenerId, AcceleratorId, parameters = {}) {
  const all = [];
  let NextToken;
  do {
    const answer = await ga('ListListenerCertificates', { RegionId, AcceleratorId, ListenerId, MaxResults: 1, NextToken, ...parameters });
    all.push(...answer.Certificates);
    NextToken = answer.NextToken;
  } while (NextToken);
  return all;
}
const settled = (id) => until(`${id} has settled`, async () => {
  const { State, AcceleratorId } = await listener(id);
  return State === 'active' && (await ga('DescribeAccelerator', { RegionId, AcceleratorId })).State === 'active' &&
    (await certificates(id, AcceleratorId)).every((c) => c.State === 'active');
});
const neighbours = ({ RequestId, State, Certificates, ...others }) => others;

test('aliyun/ga: accelerators and listeners page by page, with their entry points; certferry names who manages them', async () => {
  const accelerators = await pages('ListAccelerators', 'Accelerators', {}), entries = [], managed = [];
  for (const { AcceleratorId, DnsName, ServiceManaged } of accelerators) {
    const all = await pages('ListListeners', 'Listeners', { AcceleratorId });
    const https = await pages('ListListeners', 'Listeners', { AcceleratorId, Protocol: 'https' });
    assert.ok(https.length > 0 && https.length < all.length);
    entries.push(...https.map((l) => `${DnsName}:${l.PortRanges[0].FromPort}`));
    if (ServiceManaged) managed.push(...https.map((l) => l.ListenerId));
  }
  assert.deepEqual(entries.sort(), stage.resources.map((r) => r.entry).sort());
  await stage.certferry('resource', 'sync', '--product', 'aliyun/ga');
  const { items } = await stage.certferry('resource', 'list', '--product', 'aliyun/ga', '--limit', '1000');
  assert.equal(items.length, entries.length);
  assert.ok(managed.length > 0);
  assert.deepEqual(items.filter((r) => r.managed_by === 'service:1234567').map((r) => r.vendor_id).sort(), managed.sort());
});

test('aliyun/ga: R13 the client replaces a default; certferry sees it, deploys and rolls back; every neighbour stays', async () => {
  const resource = stage.of('aliyun/ga')[0], ListenerId = resource.id;
  const theirs = issue(resource.domain), ours = issue(resource.domain), Id = await upload(theirs, 'contract_ga');
  const before = await listener(ListenerId);
  await ga('UpdateListener', { RegionId, ListenerId, Certificates: [{ Id }], ClientToken: 'contract-ga' });
  await serves(resource, theirs);
  await settled(ListenerId);
  assert.deepEqual((await listener(ListenerId)).Certificates, [{ Id, Type: 'Server' }]);
  assert.equal((await stage.seen(resource)).slots.find((s) => s.slot === 'default').fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await settled(ListenerId);
  assert.deepEqual(stage.changes(resource, since).map((c) => [c.action, c.fields]), [['UpdateListener', ['Certificates']]]);
  assert.deepEqual(neighbours(await listener(ListenerId)), neighbours(before));

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await settled(ListenerId);
  assert.deepEqual((await listener(ListenerId)).Certificates, [{ Id, Type: 'Server' }]);
});

test('aliyun/ga: the client adds certificates for domains; certferry replaces one of them and puts it back; the edge chooses by name', async () => {
  const resource = stage.of('aliyun/ga')[2], ListenerId = resource.id, { AcceleratorId } = await listener(ListenerId);
  const old = issue('one.contract.example'), other = issue('two.contract.example'), ours = issue('one.contract.example');
  const Certificates = [{ Domain: 'one.contract.example', Id: await upload(old, 'contract_one') },
    { Domain: 'two.contract.example', Id: await upload(other, 'contract_two') }];
  const first = await served(resource), before = await listener(ListenerId);
  const additional = async () => (await certificates(ListenerId, AcceleratorId, { Role: 'additional' })).map((c) => [c.Domain, c.CertificateId]);

  await ga('AssociateAdditionalCertificatesWithListener', { RegionId, AcceleratorId, ListenerId, Certificates });
  await serves(resource, old, 'one.contract.example');
  await settled(ListenerId);
  assert.equal(await served(resource), first, 'the default stays for other names');
  const seen = await stage.seen(resource);
  assert.equal(seen.slots.find((s) => s.slot === 'one.contract.example').fingerprint, old.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  await settled(ListenerId);
  assert.equal(await served(resource, 'one.contract.example'), ours.fingerprint);
  assert.equal(await served(resource, 'two.contract.example'), other.fingerprint);
  assert.equal(await served(resource), first);
  assert.deepEqual(stage.changes(resource, since).map((c) => [c.action, c.fields]), [['UpdateAdditionalCertificateWithListener', ['Additional']]]);
  assert.deepEqual(neighbours(await listener(ListenerId)), neighbours(before));
  assert.equal((await additional()).length, 2);

  await stage.rollback(task);
  await settled(ListenerId);
  assert.equal(await served(resource, 'one.contract.example'), old.fingerprint);
  assert.deepEqual((await additional()).sort(), Certificates.map((c) => [c.Domain, c.Id]).sort());
  await ga('DissociateAdditionalCertificatesFromListener', { RegionId, AcceleratorId, ListenerId, Domains: Certificates.map((c) => c.Domain) });
  await settled(ListenerId);
  assert.deepEqual(await additional(), []);
  assert.equal(await served(resource, 'one.contract.example'), first);
});

test('aliyun/ga: what the vendor refuses', async () => {
  const [one, neighbour] = stage.of('aliyun/ga').filter((r) => r.entry.split(':')[0] === stage.of('aliyun/ga')[0].entry.split(':')[0]);
  const ListenerId = one.id, { AcceleratorId } = await listener(ListenerId);
  const Id = await upload(issue(one.domain), 'contract_busy');
  const update = (parameters) => ga('UpdateListener', { RegionId, ListenerId, Certificates: [{ Id }], ...parameters });
  const replace = (parameters) => ga('UpdateAdditionalCertificateWithListener',
    { RegionId, AcceleratorId, ListenerId, Domain: one.domain, CertificateId: Id, ...parameters });
  await assert.rejects(ga('ListAccelerators', {}), refusal('MissingRegionId', 400));
  await assert.rejects(ga('ListAccelerators', { RegionId, PageSize: 51 }), refusal('InvalidParameter', 400));
  await assert.rejects(listener('lsr-none'), refusal('NotExist.Listener', 400));
  await assert.rejects(update({ Certificates: [{ Id: `${Id.split('-')[0]}-ap-southeast-1` }] }), refusal('NotExist.Certificate', 400));
  await assert.rejects(replace({}), refusal('NotExist.AdditionalCertificate', 400));
  await assert.rejects(ga('AssociateAdditionalCertificatesWithListener',
    { RegionId, AcceleratorId, ListenerId, Certificates: [{ Domain: 'elsewhere.example', Id }] }), refusal('DomainNotMatch.Certificate', 400));
  await update({});
  await assert.rejects(update({}), refusal('NotActive.Listener', 400));
  await assert.rejects(update({ ListenerId: neighbour.id }), refusal('StateError.Accelerator', 400));
  await settled(ListenerId);
});

test('aliyun/ga: no secret and no private key is told', () => stage.assertNothingTold(keys));
