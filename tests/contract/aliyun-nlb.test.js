// Alibaba Cloud's core client against the simulated NLB, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, rpc } from './aliyun-rpc.js';
import { makeStage, served, serves, until } from './stage.js';

const REGION = 'cn-hangzhou';
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/nlb', '--domains', '24', '--settle-ms', '500'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const nlb = rpc(stage, 'nlb'), cas = rpc(stage, 'cas');

async function upload(cert, name) {
  const { CertId } = await cas('UploadUserCertificate', { Name: name, Cert: cert.chain, Key: cert.key }, { endpoint: 'cas.aliyuncs.com' });
  return `${CertId}-${REGION}`;
}

const listener = (id) => nlb('GetListenerAttribute', { ListenerId: id, RegionId: REGION });
const certificates = async (id) =>
  (await nlb('ListListenerCertificates', { ListenerId: id, CertType: 'Server', MaxResults: 50, RegionId: REGION })).Certificates;
const done = (JobId) => until(`the job ${JobId} succeeded`, async () => (await nlb('GetJobStatus', { JobId })).Status === 'Succeeded');
const settled = (id) => until(`${id} has settled`, async () =>
  (await listener(id)).ListenerStatus === 'Running' && (await certificates(id)).every((c) => c.Status === 'Associated'));

async function pages(action, items, parameters) {
  const all = [];
  let NextToken;
  do {
    const answer = await nlb(action, { ...parameters, NextToken });
    all.push(...answer[items]);
    NextToken = answer.NextToken;
  } while (NextToken);
  return all;
}

test('aliyun/nlb: regions, load balancers and listeners page by page, with their entry points', async () => {
  const { Regions } = await nlb('DescribeRegions', { AcceptLanguage: 'en-US', ServiceCode: 'nlb', ClientToken: 't' });
  assert.ok(Regions.some((r) => r.RegionId === REGION && r.RegionEndpoint === `nlb.${REGION}.aliyuncs.com`));
  const balancers = await pages('ListLoadBalancers', 'LoadBalancers', { MaxResults: 1, RegionId: REGION });
  const listeners = await pages('ListListeners', 'Listeners', { MaxResults: 2, ListenerProtocol: 'TCPSSL', RegionId: REGION });
  const here = stage.resources.filter((r) => r.entry.includes(`.${REGION}.`));
  assert.deepEqual(listeners.map((l) => l.ListenerId).sort(), here.map((r) => r.id).sort());
  for (const resource of here) {
    const one = listeners.find((l) => l.ListenerId === resource.id);
    const balancer = balancers.find((b) => b.LoadBalancerId === one.LoadBalancerId);
    assert.equal(`${balancer.DNSName}:${one.ListenerPort}`, resource.entry);
    assert.equal(one.CertificateIds.length, 1);
  }
});

test('aliyun/nlb: R14 the client replaces a default; certferry sees it, deploys and rolls back; neighbours stay', async () => {
  const resource = stage.of('aliyun/nlb').find((r) => r.id.endsWith('@8444')); // it asks clients for certificates
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const id = await upload(theirs, 'contract_nlb');
  const before = await listener(resource.id);
  assert.equal(before.CaEnabled, true);

  const { JobId } = await nlb('UpdateListenerAttribute',
    { ListenerId: resource.id, CertificateIds: [id], RegionId: REGION, ClientToken: 'contract-nlb-default' });
  await done(JobId);
  await serves(resource, theirs);
  assert.deepEqual((await listener(resource.id)).CertificateIds, [id]);
  assert.equal((await stage.seen(resource)).slots.find((s) => s.slot === 'default').fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await settled(resource.id);
  const changes = stage.changes(resource, since);
  assert.deepEqual(changes.map((c) => [c.action, c.fields]), [['UpdateListenerAttribute', ['Certificates']]]);
  const { RequestId, CertificateIds, ...now } = await listener(resource.id);
  assert.notDeepEqual(CertificateIds, [id]);
  for (const name of Object.keys(now))
    assert.deepEqual(now[name], before[name], `certferry leaves ${name}`);

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await settled(resource.id);
  assert.deepEqual((await listener(resource.id)).CertificateIds, [id]);
});

test('aliyun/nlb: one of a set is replaced make before break, no other is touched, and it comes back', async () => {
  const resource = stage.of('aliyun/nlb')[1], name = `sni.${resource.domain}`;
  const old = issue(name), ours = issue(name), other = issue('kept.contract.example');
  const ids = [await upload(old, 'contract_old'), await upload(other, 'contract_kept')];
  const { JobId } = await nlb('AssociateAdditionalCertificatesWithListener',
    { ListenerId: resource.id, AdditionalCertificateIds: ids, RegionId: REGION });
  await assert.rejects(nlb('DisassociateAdditionalCertificatesWithListener',
    { ListenerId: resource.id, AdditionalCertificateIds: ids, RegionId: REGION }), refusal('ResourceInConfiguring.listener', 400));
  await done(JobId);
  const { Jobs } = await nlb('ListAsynJobs', { JobIds: [JobId] });
  assert.deepEqual(Jobs, [{ Id: JobId, Status: 'Succeeded' }]);
  await serves(resource, old, name);
  const first = await served(resource), before = await certificates(resource.id);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource, name), ours.fingerprint);
  assert.equal(await served(resource), first);
  await settled(resource.id);
  assert.deepEqual(stage.changes(resource, since).map((c) => c.action),
    ['AssociateAdditionalCertificatesWithListener', 'DisassociateAdditionalCertificatesWithListener']);
  const after = await certificates(resource.id);
  assert.deepEqual(before.filter((c) => !after.some((a) => a.CertificateId === c.CertificateId)).map((c) => c.CertificateId), [ids[0]]);
  assert.equal(after.length, before.length);

  await stage.rollback(task);
  await settled(resource.id);
  assert.deepEqual((await certificates(resource.id)).map((c) => c.CertificateId).sort(), before.map((c) => c.CertificateId).sort());
  assert.equal(await served(resource, name), old.fingerprint);

  const removed = await nlb('DisassociateAdditionalCertificatesWithListener',
    { ListenerId: resource.id, AdditionalCertificateIds: [ids[1]], RegionId: REGION });
  await done(removed.JobId);
  assert.equal(await served(resource, 'kept.contract.example'), first);
});

test('aliyun/nlb: what the API does not take is refused: misplaced, too many, bare numbers, other regions', async () => {
  const [resource] = stage.of('aliyun/nlb');
  const id = await upload(issue('limits.contract.example'), 'contract_limits');
  const associate = (AdditionalCertificateIds) =>
    nlb('AssociateAdditionalCertificatesWithListener', { ListenerId: resource.id, AdditionalCertificateIds, RegionId: REGION });
  await assert.rejects(associate(Array.from({ length: 16 }, (_, i) => `${i + 1}-${REGION}`)), refusal('InvalidParameter', 400));
  await assert.rejects(associate([id.split('-')[0]]), refusal('ResourceNotFound.certificate', 404));
  await assert.rejects(nlb('GetListenerAttribute', { ListenerId: 'lsn-none@443', RegionId: REGION }), refusal('ResourceNotFound.listener', 404));
  await assert.rejects(nlb('ListListeners', { RegionId: 'cn-shanghai' }), refusal('InvalidParameter', 400));
  await assert.rejects(nlb('ListListenerCertificates', { ListenerId: resource.id, MaxResults: 51 }), refusal('InvalidParameter', 400));
});

test('aliyun/nlb: no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
