// Alibaba Cloud's core client against the simulated CLB, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, rpc } from './aliyun-rpc.js';
import { makeStage, served, serves, until } from './stage.js';

const REGION = 'cn-hangzhou';
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/slb', '--domains', '24', '--settle-ms', '500'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const slb = (action, parameters, more) => rpc(stage, 'slb')(action, { RegionId: REGION, ...parameters },
  { endpoint: 'slb.aliyuncs.com', ...more });
const cas = rpc(stage, 'cas');

const upload = async (cert, ServerCertificateName) => (await slb('UploadServerCertificate',
  { ServerCertificateName, ServerCertificate: cert.chain, PrivateKey: cert.key })).ServerCertificateId;
const place = (resource) => {
  const [LoadBalancerId, ListenerPort] = resource.id.split('/');
  return { LoadBalancerId, ListenerPort: Number(ListenerPort) };
};
const listener = (resource) => slb('DescribeLoadBalancerHTTPSListenerAttribute', place(resource));
const running = (resource) => until(`${resource.id} is running`, async () => (await listener(resource)).Status === 'running');
const extension = async (resource, Domain) => (await slb('DescribeDomainExtensions', place(resource)))
  .DomainExtensions.DomainExtension.find((x) => x.Domain === Domain);
const uploads = (since) => stage.log().slice(since).filter((c) => c.action === 'UploadServerCertificate').length;
const slot = (seen, name) => seen.slots.find((s) => s.slot === name);
const here = () => stage.of('aliyun/clb').filter((r) => r.entry.startsWith('47.98.0.1:'));

test('aliyun/clb: regions, load balancers and HTTPS listeners page by page, with their entry points', async () => {
  const { Regions } = await slb('DescribeRegions', { AcceptLanguage: 'en-US' });
  assert.ok(Regions.Region.some((r) => r.RegionId === REGION && r.RegionEndpoint === 'slb.aliyuncs.com'));
  const balancers = [], listeners = [];
  for (let PageNumber = 1, total = 1; balancers.length < total; PageNumber++) {
    const answer = await slb('DescribeLoadBalancers', { PageNumber, PageSize: 1 });
    total = answer.TotalCount;
    balancers.push(...answer.LoadBalancers.LoadBalancer);
  }
  let NextToken;
  do {
    const answer = await slb('DescribeLoadBalancerListeners', { ListenerProtocol: 'https', MaxResults: 2, NextToken });
    listeners.push(...answer.Listeners);
    NextToken = answer.NextToken;
  } while (NextToken);
  assert.ok(listeners.length >= 5);
  for (const one of listeners) {
    const resource = stage.resources.find((r) => r.id === `${one.LoadBalancerId}/${one.ListenerPort}`);
    assert.equal(`${balancers.find((b) => b.LoadBalancerId === one.LoadBalancerId).Address}:${one.ListenerPort}`, resource.entry);
    assert.match(one.HTTPSListenerConfig.ServerCertificateId, /^\d+_[0-9a-f]+_\d+_\d+$/);
  }
});

test('aliyun/clb: the client replaces a default; certferry sees it, deploys and rolls back; neighbours stay', async () => {
  const resource = here().find((r) => r.id.endsWith('/8444')); // it asks clients for certificates and has an extension
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const id = await upload(theirs, 'contract-clb');
  const before = await listener(resource);
  assert.ok(before.CACertificateId);
  assert.equal(before.DomainExtensions.DomainExtension.length, 1);

  await slb('SetLoadBalancerHTTPSListenerAttribute', { ...place(resource), ServerCertificateId: id });
  await assert.rejects(slb('SetLoadBalancerHTTPSListenerAttribute', { ...place(resource), ServerCertificateId: id }),
    refusal('ServiceIsConfiguring', 400));
  await serves(resource, theirs);
  assert.equal(slot(await stage.seen(resource), 'default').ref, id);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await running(resource);
  assert.deepEqual(stage.changes(resource, since).map((c) => [c.action, c.fields]),
    [['SetLoadBalancerHTTPSListenerAttribute', ['ServerCertificateId']]]);
  const { RequestId, ServerCertificateId, ...now } = await listener(resource);
  assert.notEqual(ServerCertificateId, id);
  for (const name of Object.keys(now)) assert.deepEqual(now[name], before[name], `certferry leaves ${name}`);
  const [stored] = (await slb('DescribeServerCertificates', { ServerCertificateId })).ServerCertificates.ServerCertificate;
  assert.equal(stored.ServerCertificateName, `certferry-${ours.fingerprint}`);
  assert.deepEqual(stored.SubjectAlternativeNames.SubjectAlternativeName, [resource.domain]);
  assert.equal(slot(await stage.seen(resource), 'default').fingerprint, ours.fingerprint, 'what we brought is known as ours');

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await running(resource);
  assert.equal((await listener(resource)).ServerCertificateId, id);
});

test('aliyun/clb: a certificate that is in the store already, however it came there, is not brought again', async () => {
  const [resource] = here();
  const ours = issue(resource.domain);
  const id = await upload(ours, 'contract-found');
  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(uploads(since), 0);
  assert.equal((await listener(resource)).ServerCertificateId, id);
  await stage.rollback(task);
  await running(resource);

  const linked = issue(resource.domain);
  const { CertId } = await cas('UploadUserCertificate', { Name: 'contract_linked', Cert: linked.chain, Key: linked.key }, { endpoint: 'cas.aliyuncs.com' });
  const link = { AliCloudCertificateId: String(CertId), AliCloudCertificateName: 'contract_linked' };
  await assert.rejects(slb('UploadServerCertificate', { ...link, AliCloudCertificateRegionId: 'ap-southeast-1' }), refusal('MissingParameter', 400));
  const made = await slb('UploadServerCertificate', { ...link, AliCloudCertificateRegionId: REGION });
  assert.equal(made.IsAliCloudCertificate, 1);
  await slb('SetLoadBalancerHTTPSListenerAttribute', { ...place(resource), ServerCertificateId: made.ServerCertificateId });
  await running(resource);
  assert.equal(slot(await stage.seen(resource), 'default').fingerprint, linked.fingerprint, 'a linked one is looked up in CAS');
});

test('aliyun/clb: a domain extension is a slot of its domain; the edge chooses by name; the default stays', async () => {
  const resource = here()[1], Domain = `shop-${resource.domain}`;
  const old = issue(Domain), ours = issue(Domain);
  const id = await upload(old, 'contract-extension');
  const { DomainExtensionId } = await slb('CreateDomainExtension', { ...place(resource), Domain, ServerCertificateId: id });
  await assert.rejects(slb('DeleteDomainExtension', { DomainExtensionId }), refusal('DomainExtensionProcessing', 400));
  await running(resource);
  const first = await served(resource);
  assert.equal(await served(resource, Domain), old.fingerprint);
  assert.equal(slot(await stage.seen(resource), Domain).ref, id);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource, Domain), ours.fingerprint);
  assert.equal(await served(resource), first);
  assert.deepEqual(stage.changes(resource, since).map((c) => [c.action, c.fields]), [['SetDomainExtensionAttribute', ['Extensions']]]);
  await running(resource);
  assert.equal((await extension(resource, Domain)).DomainExtensionId, DomainExtensionId);

  await stage.rollback(task);
  await running(resource);
  assert.deepEqual(await extension(resource, Domain), { DomainExtensionId, Domain, ServerCertificateId: id });
  await slb('SetDomainExtensionAttribute', { DomainExtensionId, ServerCertificateId: (await listener(resource)).ServerCertificateId });
  await running(resource);
  await slb('DeleteDomainExtension', { DomainExtensionId });
  await running(resource);
  assert.ok(!slot(await stage.seen(resource), Domain));
  await slb('DeleteServerCertificate', { ServerCertificateId: id });
});

test('aliyun/clb: what the API does not take is refused: other regions, used certificates, gaps in a chain', async () => {
  const [resource] = here();
  const cert = issue('limits.contract.example');
  const elsewhere = await slb('UploadServerCertificate', { RegionId: 'cn-shanghai', ServerCertificateName: 'contract-limits',
    ServerCertificate: cert.chain, PrivateKey: cert.key });
  await assert.rejects(slb('SetLoadBalancerHTTPSListenerAttribute', { ...place(resource), ServerCertificateId: elsewhere.ServerCertificateId }),
    refusal('ServerCertificateId.NotFound', 404));
  await assert.rejects(slb('DeleteServerCertificate', { ServerCertificateId: (await listener(resource)).ServerCertificateId }),
    refusal('CertificateAndPrivateKeyIsRefered', 400));
  await assert.rejects(upload({ ...cert, chain: cert.chain.replace('-----END CERTIFICATE-----\n', '-----END CERTIFICATE-----\n\n') }, 'contract-gap'),
    refusal('InvalidParameter', 400));
  await assert.rejects(upload(cert, '1-begins-with-a-digit'), refusal('InvalidParameter', 400));
  await assert.rejects(slb('DescribeLoadBalancerHTTPSListenerAttribute', { ...place(resource), ListenerPort: 9 }), refusal('InvalidParameter', 400));
  await assert.rejects(slb('DescribeLoadBalancers', { PageSize: 101 }), refusal('InvalidParameter', 400));
  await assert.rejects(slb('SetDomainExtensionAttribute', { DomainExtensionId: 'de-none', ServerCertificateId: 'x' }),
    refusal('InvalidParameter.DomainExtensionId', 400));
});

test('aliyun/clb: no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
