// AWS's own Node SDK (v3) against the simulated Network Load Balancers, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2';
import { ACM, ELB, arns, client, importCertificate, issue, issueRsa, keys, listener, listenerCertificates, refusal, regionOf, stage, whenKnown } from './aws.js';
import { served, serves, until } from './stage.js';

// What a change of the certificate must leave as it is.
const besides = ({ Certificates, ...rest }) => rest;

test('aws/nlb: the SDK lists the load balancers and their TLS listeners in every region, with their entry points', async () => {
  const expected = stage.resources.filter((r) => r.product === 'aws/nlb');
  assert.ok(expected.length > 0);
  for (const region of new Set(expected.map(regionOf))) {
    const found = [];
    for await (const page of elb.paginateDescribeLoadBalancers(
      { client: client(elb.ElasticLoadBalancingV2Client, { region }), pageSize: 2 }, {}))
      for (const { LoadBalancerArn, DNSName } of page.LoadBalancers.filter((lb) => lb.Type === 'network')) {
        const { Listeners } = await ELB(region, 'DescribeListeners', { LoadBalancerArn });
        found.push(...Listeners.filter((l) => l.Protocol === 'TLS').map((l) => ({ ...l, DNSName })));
      }
    const here = expected.filter((r) => regionOf(r) === region);
    assert.deepEqual(found.map((l) => `${l.ListenerArn} ${l.DNSName}:${l.Port}`).sort(), here.map((r) => `${r.id} ${r.entry}`).sort());
  }
});

test('aws/nlb: certferry sees what the SDK bound, deploys and rolls back; the SDK sees that; policy and ALPN stay', async () => {
  let resource;
  for (const one of stage.of('aws/nlb')) if ((await listener(one.id)).AlpnPolicy?.length) resource ??= one;
  assert.ok(resource, 'a listener with ALPN');
  const region = regionOf(resource), theirs = issue(resource.domain), ours = issue(resource.domain);
  const before = await listener(resource.id), arn = await importCertificate(region, theirs);
  await whenKnown('CertificateNotFoundException', () =>
    ELB(region, 'ModifyListener', { ListenerArn: resource.id, Certificates: [{ CertificateArn: arn }] }));
  await serves(resource, theirs);
  assert.equal((await stage.seen(resource)).slots.find((s) => s.slot === 'default').fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const after = await until('the SDK reads what certferry wrote', async () => {
    const read = await listener(resource.id);
    return read.Certificates[0].CertificateArn !== arn && read;
  });
  assert.deepEqual(besides(after), besides(before));
  const { Certificate } = await ACM(region, 'GetCertificate', { CertificateArn: after.Certificates[0].CertificateArn });
  assert.equal(Certificate.trim(), ours.leaf.trim());
  assert.deepEqual(stage.changes(resource, since).map((c) => c.fields), [['DefaultCertificate']], 'one write, one field');

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await until('the SDK reads the old one', async () => (await listener(resource.id)).Certificates[0].CertificateArn === arn);
});

test('aws/nlb: certferry replaces an SNI entry of the SDK\'s, and leaves the default', async () => {
  const resource = stage.of('aws/nlb')[1];
  const region = regionOf(resource), name = 'sni.contract.example', theirs = issue(name), ours = issue(name);
  const arn = await importCertificate(region, theirs), first = await served(resource);
  await whenKnown('CertificateNotFoundException', () =>
    ELB(region, 'AddListenerCertificates', { ListenerArn: resource.id, Certificates: [{ CertificateArn: arn }] }));
  await serves(resource, theirs, name);
  await until('the SDK reads what it wrote', async () => arns(await listenerCertificates(resource.id), false).includes(arn));
  await stage.seen(resource);
  await stage.deploy(resource, ours, '--domain', name);
  assert.equal(await served(resource, name), ours.fingerprint);
  assert.equal(await served(resource), first);
  await until('the old entry is gone', async () => !arns(await listenerCertificates(resource.id), false).includes(arn));
});

test('aws/nlb: a key that AWS does not support is refused with its code', async () => {
  const resource = stage.of('aws/nlb')[2], region = regionOf(resource);
  const { leaf, key } = issueRsa(4096, 'large.example.com');
  const { CertificateArn } = await ACM(region, 'ImportCertificate', { Certificate: Buffer.from(leaf), PrivateKey: Buffer.from(key) });
  await assert.rejects(whenKnown('CertificateNotFoundException', () =>
    ELB(region, 'ModifyListener', { ListenerArn: resource.id, Certificates: [{ CertificateArn }] })), refusal('UnsupportedCertificate', 400));
});

test('aws/nlb: no secret and no private key is told', () => stage.assertNothingTold(keys));
