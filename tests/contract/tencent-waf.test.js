// Tencent Cloud's own Node SDK against the simulated WAF, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issue, keys, refusal, stage, upload, wafClient } from './tencent.js';
import { served, serves, until } from './stage.js';

const resources = () => stage.of('tencent/waf');
const list = async (region, Filters) => {
  const found = [];
  for (let total = 1; found.length < total;) {
    const page = await wafClient(region).DescribeDomains({ Offset: found.length, Limit: 3, Filters });
    total = page.Total;
    if (!page.Domains.length) break;
    found.push(...page.Domains.map((d) => ({ ...d, region })));
  }
  return found;
};
const everything = async () => [...await list('ap-guangzhou'), ...await list('ap-seoul')];
const whereabouts = async (resource) => (await everything()).find((d) => d.DomainId === resource.id);
const details = async ({ region, Domain, DomainId, InstanceId }) =>
  (await wafClient(region).DescribeDomainDetailsSaas({ Domain, DomainId, InstanceId })).DomainsPartInfo;
const settled = (where) => until('the configuration is pushed', async () => {
  const [one] = await list(where.region, [{ Name: 'Domain', Values: [where.Domain], ExactMatch: true }]);
  assert.notEqual(one.State, -2);
  return one.State !== -1;
});
// What a change of the certificate must leave as it is.
const besides = ({ CertType, SSLId, Cert, PrivateKey, GmType, GmCertType, GmSSLId, GmCert, GmPrivateKey, GmEncCert, GmEncPrivateKey, State, ...rest }) => rest;
// The whole configuration as the write wants it.
const whole = ({ Domain, DomainId, InstanceId, IsKeepAlive, Weights, Ports, ...rest }, more) => {
  const { InstanceName, Cname, State, Cert, PrivateKey, GmCert, GmPrivateKey, GmEncCert, GmEncPrivateKey, GmSSLId, ...plain } = rest;
  return { Domain, DomainId, InstanceID: InstanceId, ...plain, Ports, IsKeepAlive: String(IsKeepAlive), Weights: Weights.map(Number), ...more };
};

test('tencent/waf: the SDK lists domains page by page in both regions, with their entry points', async () => {
  const found = await everything();
  const saas = found.filter((d) => d.Edition === 'sparta-waf' && d.Ports.some((p) => p.Protocol === 'https'));
  const expected = stage.resources.filter((r) => r.product === 'tencent/waf');
  assert.deepEqual(saas.map((d) => `${d.DomainId} ${d.Cname}:443`).sort(), expected.map((r) => `${r.id} ${r.entry}`).sort());
  assert.ok(found.some((d) => d.Edition === 'clb-waf'));
});

test('tencent/waf: certferry sees what the SDK bound, deploys and rolls back; every other setting stays', async () => {
  const [resource] = resources(), where = await whereabouts(resource), before = await details(where);
  const theirs = issue(resource.domain), ours = issue(resource.domain), certId = await upload(theirs, 'contract-waf');
  await wafClient(where.region).ModifySpartaProtection(whole(before, { CertType: 2, SSLId: certId }));
  await serves(resource, theirs);
  await settled(where);
  assert.deepEqual(besides(await details(where)), besides(before));
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await settled(where);
  const after = await details(where);
  assert.notEqual(after.SSLId, certId);
  assert.deepEqual(besides(after), besides(before));
  assert.deepEqual(stage.changes(resource, since).map((c) => c.fields), [['SSLId']], 'one write, one field');

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await settled(where);
  assert.equal((await details(where)).SSLId, certId);
});

test('tencent/waf: a certificate uploaded to WAF itself comes back with its key', async () => {
  let resource, before, where;
  for (const one of resources()) {
    where = await whereabouts(one);
    before = await details(where);
    if (before.CertType === 1 && (resource = one)) break;
  }
  assert.ok(resource, 'a domain with a certificate of its own');
  keys.push(before.PrivateKey.split('\n')[1]);
  const ours = issue(resource.domain), old = await served(resource);
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await settled(where);
  assert.equal((await details(where)).CertType, 2);
  await stage.rollback(task);
  assert.equal(await served(resource), old);
  await settled(where);
  const after = await details(where);
  assert.equal(after.Cert.trim(), before.Cert.trim());
  assert.deepEqual(besides(after), besides(before));
});

test('tencent/waf: what CLB WAF protects is shown as the CLB listener\'s', async () => {
  const behind = (await everything()).find((d) => d.Edition === 'clb-waf');
  const seen = await stage.seen({ product: 'tencent/waf', id: behind.DomainId });
  assert.match(JSON.stringify(seen), new RegExp(behind.LoadBalancerSet[0].LoadBalancerId));
});

test('tencent/waf: what the vendor forbids is refused with its code', async () => {
  const resource = resources()[1], where = await whereabouts(resource), before = await details(where);
  const client = wafClient(where.region);
  await assert.rejects(client.ModifySpartaProtection(whole(before, { CertType: 2, SSLId: 'nothere0' })),
    refusal('InvalidParameter.QueryCertBySSLIDFailed'));
  await assert.rejects(client.DescribeDomainDetailsSaas({ Domain: 'nobody.example.com', DomainId: 'x', InstanceId: 'y' }), refusal('ResourceNotFound'));
  await assert.rejects(wafClient('ap-nowhere').DescribeDomains({ Offset: 0, Limit: 1 }), refusal('UnsupportedRegion'));
  await assert.rejects(client.DescribeDomains({ Limit: 1 }), refusal('MissingParameter'));
});

test('tencent/waf: no secret and no private key is told', () => stage.assertNothingTold(keys));
