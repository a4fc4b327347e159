// AWS's own Node SDK (v3) against the simulated Classic Load Balancers, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as classic from '@aws-sdk/client-elastic-load-balancing';
import { ACM, CLB, IAM, client, importCertificate, issue, issueRsa, keys, refusal, stage, whenKnown } from './aws.js';
import { served, serves, until } from './stage.js';

const regionOf = (resource) => resource.entry.split('.')[1];
const identity = (resource) => {
  const [LoadBalancerName, port] = resource.id.split('/');
  return { LoadBalancerName, LoadBalancerPort: Number(port) };
};
const listener = async (resource) => {
  const { LoadBalancerName, LoadBalancerPort } = identity(resource);
  const { LoadBalancerDescriptions: [one] } = await CLB(regionOf(resource), 'DescribeLoadBalancers', { LoadBalancerNames: [LoadBalancerName] });
  return one.ListenerDescriptions.find((l) => l.Listener.LoadBalancerPort === LoadBalancerPort);
};
const bind = (resource, SSLCertificateId) =>
  CLB(regionOf(resource), 'SetLoadBalancerListenerSSLCertificate', { ...identity(resource), SSLCertificateId });
const shows = (resource, wish, fits) => until(wish, async () => fits((await listener(resource)).Listener.SSLCertificateId));
const besides = ({ Listener: { SSLCertificateId, ...rest }, PolicyNames }) => ({ rest, PolicyNames });
const toIam = async (ServerCertificateName, cert) => (await IAM('UploadServerCertificate', { ServerCertificateName, CertificateBody: cert.leaf,
  CertificateChain: cert.intermediate, PrivateKey: cert.key })).ServerCertificateMetadata.Arn;

test('aws/clb: the SDK lists load balancers by marker in every region, with their entry points, and their tags', async () => {
  const expected = stage.resources.filter((r) => r.product === 'aws/clb');
  assert.ok(expected.length > 0);
  for (const region of new Set(expected.map(regionOf))) {
    const found = [];
    for await (const page of classic.paginateDescribeLoadBalancers(
      { client: client(classic.ElasticLoadBalancingClient, { region }), pageSize: 1 }, {}))
      for (const { LoadBalancerName, DNSName, ListenerDescriptions } of page.LoadBalancerDescriptions)
        found.push(...ListenerDescriptions.filter((l) => l.Listener.SSLCertificateId?.startsWith('arn:'))
          .map(({ Listener: { LoadBalancerPort: port } }) => `${LoadBalancerName}/${port} ${DNSName}:${port}`));
    const here = expected.filter((r) => regionOf(r) === region);
    assert.deepEqual(found.sort(), here.map((r) => `${r.id} ${r.entry}`).sort());
    const { TagDescriptions } = await CLB(region, 'DescribeTags', { LoadBalancerNames: [identity(here[0]).LoadBalancerName] });
    assert.equal(TagDescriptions.length, 1);
  }
});

test('aws/clb: an EC key goes through IAM; certferry sees what the SDK bound, deploys and rolls back; policies stay', async () => {
  const [resource] = stage.of('aws/clb');
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const before = await listener(resource), arn = await toIam('contract-clb', theirs);
  await whenKnown('CertificateNotFoundException', () => bind(resource, arn));
  await serves(resource, theirs);
  await shows(resource, 'the SDK reads what it wrote', (id) => id === arn);
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await shows(resource, 'the SDK reads what certferry wrote', (id) => id.startsWith(`arn:aws:iam::${stage.access.account}:server-certificate/`) && id !== arn);
  const after = await listener(resource);
  assert.deepEqual(besides(after), besides(before));
  const { ServerCertificate } = await IAM('GetServerCertificate', { ServerCertificateName: after.Listener.SSLCertificateId.split('/').at(-1) });
  assert.equal(ServerCertificate.CertificateBody.trim(), ours.leaf.trim());
  assert.deepEqual(stage.changes(resource, since).map((c) => c.fields), [['SSLCertificateId']], 'one write, one field');

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await shows(resource, 'the SDK reads the old one', (id) => id === arn);
});

test('aws/clb: an RSA key of 2048 bits goes through ACM, where the load balancer takes it', async () => {
  const resource = stage.of('aws/clb')[1], ours = issueRsa(2048, resource.domain);
  await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await shows(resource, 'ACM is named', (id) => id.startsWith(`arn:aws:acm:${regionOf(resource)}:`));
  const { Listener } = await listener(resource);
  const { Certificate } = await ACM(regionOf(resource), 'DescribeCertificate', { CertificateArn: Listener.SSLCertificateId });
  assert.ok(Certificate.InUseBy.some((user) => user.endsWith(`loadbalancer/${identity(resource).LoadBalancerName}`)));
});

test('aws/clb: what IAM lost is named Invalid-Certificate, also by certferry', async () => {
  const resource = stage.of('aws/clb')[2], theirs = issue(resource.domain);
  const arn = await toIam('contract-lost', theirs);
  await whenKnown('CertificateNotFoundException', () => bind(resource, arn));
  await shows(resource, 'the SDK reads what it wrote', (id) => id === arn);
  await stage.seen(resource);
  await IAM('DeleteServerCertificate', { ServerCertificateName: 'contract-lost' });
  await shows(resource, 'the listener says so', (id) => id === 'Invalid-Certificate');
  const [slot] = (await stage.seen(resource)).slots;
  assert.equal(slot.ref, 'Invalid-Certificate');
});

test('aws/clb: what the vendor forbids is refused with its code', async () => {
  const [resource] = stage.of('aws/clb'), region = regionOf(resource), { LoadBalancerName } = identity(resource);
  const ec = await importCertificate(region, issue(resource.domain));
  await assert.rejects(bind(resource, ec), refusal('CertificateNotFoundException', 400, classic.CertificateNotFoundException));
  await assert.rejects(CLB(region, 'SetLoadBalancerListenerSSLCertificate', { LoadBalancerName, LoadBalancerPort: 1, SSLCertificateId: ec }),
    refusal('ListenerNotFoundException', 400, classic.ListenerNotFoundException));
  await assert.rejects(CLB(region, 'SetLoadBalancerListenerSSLCertificate', { LoadBalancerName, LoadBalancerPort: 80, SSLCertificateId: ec }),
    refusal('UnsupportedProtocolException', 400, classic.UnsupportedProtocolException));
  await assert.rejects(CLB(region, 'DescribeLoadBalancers', { LoadBalancerNames: ['nobody'] }), (error) => {
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.match(error.name, /LoadBalancerNotFound|AccessPointNotFound/);
    return true;
  });
});

test('aws/iam: the account\'s summary tells how many server certificates it holds and may hold', async () => {
  const { SummaryMap } = await IAM('GetAccountSummary');
  assert.ok(SummaryMap.ServerCertificatesQuota >= SummaryMap.ServerCertificates);
  assert.ok(SummaryMap.ServerCertificates > 0);
});

test('aws/clb: no secret and no private key is told', () => stage.assertNothingTold(keys));
