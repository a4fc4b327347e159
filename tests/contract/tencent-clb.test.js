// Tencent Cloud's own Node SDK against the simulated CLB, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clbClient, issue, keys, refusal, regionClient, sslClient, stage, upload } from './tencent.js';
import { served, serves, until } from './stage.js';

const resources = () => stage.resources.filter((r) => r.product === 'tencent/clb');
const regionOf = (resource) => `ap-${resource.entry.split('.')[2]}`;
const identity = (resource) => {
  const [LoadBalancerId, ListenerId] = resource.id.split('/');
  return { LoadBalancerId, ListenerId };
};
const listener = async (resource) => {
  const { LoadBalancerId, ListenerId } = identity(resource);
  return (await clbClient(regionOf(resource)).DescribeListeners({ LoadBalancerId, ListenerIds: [ListenerId] })).Listeners[0];
};
const done = (resource, task) => until('the task has ended', async () => {
  const { Status } = await clbClient(regionOf(resource)).DescribeTaskStatus({ TaskId: task });
  assert.notEqual(Status, 1);
  return Status === 0;
});
const bind = async (resource, CertId, more = {}) => {
  const { RequestId } = await clbClient(regionOf(resource)).ModifyListener(
    { ...identity(resource), Certificate: { SSLMode: 'UNIDIRECTIONAL', CertId, ...more } });
  await done(resource, RequestId);
};
const find = async (fits) => {
  for (const resource of resources().filter((r) => !r.domain.startsWith('*'))) {
    const one = await listener(resource);
    if (fits(one)) return [resource, one];
  }
  throw new Error('no listener fits');
};
const plain = (l) => l.Protocol === 'HTTPS' && l.SniSwitch === 0 && l.Certificate.SSLMode === 'UNIDIRECTIONAL' && !l.Certificate.ExtCertIds?.length;
// What a change of the certificate must leave as it is.
const besides = ({ Certificate, Rules, ...rest }) => {
  const { CertId, ExtCertIds, ...ssl } = Certificate ?? {};
  return { rest, ssl, rules: (Rules ?? []).map(({ Certificate: c, ...r }) => ({ ...r, ssl: c && { mode: c.SSLMode, ca: c.CertCaId } })) };
};
const algorithmOf = async (CertificateId) => (await sslClient().DescribeCertificateDetail({ CertificateId })).EncryptAlgorithm;

test('tencent/clb: the SDK lists regions, load balancers page by page and their listeners, with their entry points', async () => {
  const { RegionSet } = await regionClient().DescribeRegions({ Product: 'clb' });
  const found = [];
  for (const { Region, RegionState } of RegionSet) {
    assert.equal(RegionState, 'AVAILABLE');
    for (let offset = 0, total = 1; offset < total; offset += 2) {
      const page = await clbClient(Region).DescribeLoadBalancers({ Forward: 1, Offset: offset, Limit: 2 });
      total = page.TotalCount;
      for (const { LoadBalancerId, LoadBalancerDomain } of page.LoadBalancerSet) {
        const { Listeners } = await clbClient(Region).DescribeListeners({ LoadBalancerId });
        found.push(...Listeners.filter((l) => ['HTTPS', 'TCP_SSL', 'QUIC'].includes(l.Protocol))
          .map((l) => `${LoadBalancerId}/${l.ListenerId} ${LoadBalancerDomain}:${l.Port}`));
      }
    }
  }
  assert.deepEqual(found.sort(), resources().map((r) => `${r.id} ${r.entry}`).sort());
});

test('tencent/clb: certferry sees what the SDK bound, deploys and rolls back, and the SDK sees that; the edge serves each', async () => {
  const [resource, before] = await find(plain);
  const theirs = issue(resource.domain), ours = issue(resource.domain), certId = await upload(theirs, 'contract-clb');
  await bind(resource, certId);
  await serves(resource, theirs);
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const after = await until('the SDK reads what certferry wrote', async () => {
    const read = await listener(resource);
    return read.Certificate.CertId !== certId && read;
  });
  assert.deepEqual(besides(after), besides(before));
  assert.equal(stage.changes(resource, since).length, 1, 'one write');
  const detail = await sslClient().DescribeCertificateDetail({ CertificateId: after.Certificate.CertId });
  assert.equal(detail.CertificatePublicKey.trim(), ours.chain.trim());

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await until('the SDK reads the old one', async () => (await listener(resource)).Certificate.CertId === certId);
});

test('tencent/clb: a domain of an SNI listener gets its own certificate, once for all its rules', async () => {
  const [resource, before] = await find((l) => l.SniSwitch === 1);
  const { Domain } = before.Rules[0], same = before.Rules.filter((r) => r.Domain === Domain);
  assert.ok(same.length > 1, 'two rules below one domain');
  const ours = issue(Domain), since = stage.log().length;
  const task = await stage.deploy(resource, ours, '--domain', Domain);
  assert.equal(await served(resource, Domain), ours.fingerprint);
  const after = await until('the SDK reads what certferry wrote', async () => {
    const read = await listener(resource);
    return read.Rules[0].Certificate.CertId !== before.Rules[0].Certificate.CertId && read;
  });
  assert.deepEqual(besides(after), besides(before));
  assert.equal(stage.changes(resource, since).length, 1, 'one write');
  await stage.rollback(task);
  await until('the old one is back', async () =>
    (await listener(resource)).Rules[0].Certificate.CertId === before.Rules[0].Certificate.CertId);

  const theirs = issue(Domain), certId = await upload(theirs, 'contract-sni');
  const { RequestId } = await clbClient(regionOf(resource)).ModifyDomainAttributes(
    { ...identity(resource), Domain, Certificate: { SSLMode: 'UNIDIRECTIONAL', CertId: certId } });
  await done(resource, RequestId);
  assert.equal((await stage.seen(resource)).slots.find((s) => s.slot === Domain).fingerprint, theirs.fingerprint);
});

test('tencent/clb: mutual TLS survives certferry\'s deployment, and not a write that is silent about it', async () => {
  const [resource, before] = await find((l) => l.SniSwitch === 0 && l.Certificate.SSLMode === 'MUTUAL');
  await stage.deploy(resource, issue(resource.domain));
  const after = await until('the SDK reads what certferry wrote', async () => {
    const read = await listener(resource);
    return read.Certificate.CertId !== before.Certificate.CertId && read;
  });
  assert.deepEqual(besides(after), besides(before));
  assert.equal(after.Certificate.SSLMode, 'MUTUAL');
  assert.ok(after.Certificate.CertCaId);

  const { RequestId } = await clbClient(regionOf(resource)).ModifyListener(
    { ...identity(resource), Certificate: { CertId: after.Certificate.CertId } });
  await done(resource, RequestId);
  const silent = await listener(resource);
  assert.equal(silent.Certificate.SSLMode, 'UNIDIRECTIONAL');
  assert.equal(silent.Certificate.CertCaId, null);
});

test('tencent/clb: of two algorithms the one of the new certificate is replaced, the other stays', async () => {
  const [resource, before] = await find((l) => l.Certificate?.ExtCertIds?.length);
  const ours = issue(resource.domain), all = (l) => [l.Certificate.CertId, ...(l.Certificate.ExtCertIds ?? [])];
  const task = await stage.deploy(resource, ours);
  const after = await until('the SDK reads what certferry wrote', async () => {
    const read = await listener(resource);
    return String(all(read)) !== String(all(before)) && read;
  });
  assert.deepEqual((await Promise.all(all(after).map(algorithmOf))).sort(), ['ECC', 'RSA']);
  assert.equal(all(after).filter((id) => all(before).includes(id)).length, 1);
  assert.deepEqual(besides(after), besides(before));
  await stage.rollback(task);
  await until('the old pair is back', async () => String(all(await listener(resource))) === String(all(before)));

  const { RequestId } = await clbClient(regionOf(resource)).ModifyListener({ ...identity(resource),
    MultiCertInfo: { SSLMode: 'UNIDIRECTIONAL', CertList: all(after).map((CertId) => ({ CertId })) } });
  await done(resource, RequestId);
  assert.ok((await stage.seen(resource)).slots.some((s) => s.fingerprint === ours.fingerprint));
});

test('tencent/clb: what the vendor forbids is refused with its code', async () => {
  const [resource] = await find(plain), [sni] = await find((l) => l.SniSwitch === 1), [pair, two] = await find((l) => l.Certificate?.ExtCertIds?.length);
  const client = clbClient(regionOf(resource)), certId = await upload(issue(resource.domain), 'contract-refused');
  const first = await client.ModifyListener({ ...identity(resource), Certificate: { CertId: certId } });
  await assert.rejects(client.ModifyListener({ ...identity(resource), Certificate: { CertId: certId } }), refusal('FailedOperation.ResourceInOperating'));
  await done(resource, first.RequestId);
  await assert.rejects(clbClient('').DescribeLoadBalancers({}), refusal('MissingParameter'));
  await assert.rejects(clbClient('eu-nowhere').DescribeLoadBalancers({}), refusal('UnsupportedRegion'));
  await assert.rejects(client.DescribeLoadBalancers({ Limit: 101 }), refusal('InvalidParameterValue'));
  await assert.rejects(client.DescribeListeners({ LoadBalancerId: 'lb-nobody' }), refusal('InvalidParameter.LBIdNotFound'));
  await assert.rejects(clbClient(regionOf(sni)).ModifyListener({ ...identity(sni), Certificate: { CertId: certId } }),
    refusal('InvalidParameter.ProtocolCheckFailed'));
  await assert.rejects(clbClient(regionOf(sni)).ModifyDomainAttributes({ ...identity(sni), Domain: 'nobody.example.com', Certificate: { CertId: certId } }),
    refusal('InvalidParameter.LocationNotFound'));
  const same = [certId, await upload(issue(resource.domain), 'contract-same')].map((CertId) => ({ CertId }));
  await assert.rejects(clbClient(regionOf(pair)).ModifyListener({ ...identity(pair), MultiCertInfo: { SSLMode: 'UNIDIRECTIONAL', CertList: same } }),
    refusal('InvalidParameterValue.Duplicate'));
  assert.ok(two.Certificate.CertId);
});

test('tencent/clb: classic load balancers are listed as what cannot be deployed to', async () => {
  const { LoadBalancerSet: [old] } = await clbClient('ap-shanghai').DescribeLoadBalancers({ Forward: 0 });
  const { Listeners } = await clbClient('ap-shanghai').DescribeClassicalLBListeners({ LoadBalancerId: old.LoadBalancerId });
  assert.ok(Listeners[0].CertId);
  const seen = await stage.seen({ product: 'tencent/clb', id: `${old.LoadBalancerId}/${Listeners[0].ListenerId}` });
  assert.match(JSON.stringify(seen), /classic load balancer/);
});

test('tencent/clb: no secret and no private key is told', () => stage.assertNothingTold(keys));
