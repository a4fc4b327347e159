// SAE gateway routing and PAI-EAS gateways: the vendor's core client against the simulator, and what it and certferry see.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { roa } from './aliyun-roa.js';
import { makeStage, served, serves, until } from './stage.js';

const require = createRequire(import.meta.url);
const cas = require('@alicloud/cas20200407');
const { Config } = require('@alicloud/openapi-client');

const stage = makeStage({ cloud: 'aliyun', preload: true,
  options: ['--services', 'aliyun/sae,aliyun/eas', '--domains', '40', '--settle-ms', '300'] });
const sae = (...args) => roa(stage, 'sae')(...args), eas = (...args) => roa(stage, 'eas')(...args);
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const REGIONS = ['cn-hangzhou', 'cn-shanghai', 'ap-southeast-1'];
const siteOf = (region) => (region.startsWith('cn-') ? 'cn-hangzhou' : region);
async function upload(cert, name, region) {
  const client = new cas.default(new Config({ accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, regionId: siteOf(region), protocol: 'HTTPS' }));
  const { body } = await client.uploadUserCertificate(new cas.UploadUserCertificateRequest({ name, cert: cert.chain, key: cert.key }));
  return String(body.certId);
}
const refused = (code) => (error) => {
  assert.equal(error.code, code, String(error));
  return true;
};

/* ---- SAE ---- */

async function routes() {
  const found = new Map();
  for (const region of REGIONS)
    for (const { NamespaceId } of (await sae('DescribeNamespaceList', { ContainCustom: true }, { region })).Data)
      for (let CurrentPage = 1, total = 1, seen = 0; seen < total; CurrentPage++) {
        const { Success, Data } = await sae('ListIngresses', { NamespaceId, CurrentPage, PageSize: 2 }, { region });
        assert.equal(Success, true);
        total = Data.TotalSize;
        seen += Data.IngressList.length;
        for (const route of Data.IngressList) found.set(String(route.Id), { ...route, region });
        if (!Data.IngressList.length) break;
      }
  return found;
}
const route = async (r) => (await sae('DescribeIngress', { IngressId: r.Id }, { region: r.region })).Data;
async function someRoute(type) {
  const all = await routes();
  for (const resource of stage.of('aliyun/sae'))
    if (all.get(resource.id)?.LoadBalanceType === type) return { resource, route: all.get(resource.id) };
  throw new Error(`no route on ${type}`);
}
const beside = ({ CertId, CertIds, ...rest }) => rest;

test('aliyun/sae: the core client lists regions, namespaces and routes, HTTP ones among them', async () => {
  assert.ok((await sae('DescribeRegions')).Regions.Region.some((r) => r.RegionId === 'cn-hangzhou'));
  assert.ok((await sae('DescribeNamespaces', { CurrentPage: 1, PageSize: 10 })).Data.Namespaces.length);
  const all = [...(await routes()).values()];
  assert.ok(all.some((r) => r.ListenerProtocol === 'HTTP') && all.some((r) => r.ListenerProtocol === 'HTTPS'));
  await stage.certferry('resource', 'sync', '--product', 'aliyun/sae');
  const { items } = await stage.certferry('resource', 'list', '--product', 'aliyun/sae', '--limit', '1000');
  assert.deepEqual(new Set(items.map((i) => i.vendor_id)), new Set(all.filter((r) => r.ListenerProtocol === 'HTTPS').map((r) => String(r.Id))));
});

for (const type of ['alb', 'clb'])
  test(`aliyun/sae: certferry replaces the certificate of a route on ${type}, nothing else changes, and a rollback puts it back`, async () => {
    const { resource, route: found } = await someRoute(type), ours = issue(resource.domain);
    const before = await route(found), first = await served(resource);
    const task = await stage.deploy(resource, ours);
    await serves(resource, ours);
    const after = await route(found);
    assert.deepEqual(beside(after), beside(before));
    assert.notEqual(after.CertId + after.CertIds, before.CertId + before.CertIds);
    await stage.rollback(task);
    assert.deepEqual(await route(found), before);
    // CLB's store tells too little of an old certificate for certferry to wait for it.
    await until('the edge serves the old one again', async () => (await served(resource)) === first);
  });

test('aliyun/sae: R11 the core client sets a list, certferry sees it; a refusal comes within an HTTP 200', async () => {
  const { resource, route: found } = await someRoute('alb'), theirs = issue(resource.domain);
  const CertIds = `${await upload(theirs, 'contract_sae', found.region)}-${siteOf(found.region)}`;
  const answer = await sae('UpdateIngress', { IngressId: found.Id, CertIds }, { region: found.region });
  assert.equal(answer.Success, true);
  await serves(resource, theirs);
  assert.equal((await stage.seen(resource)).slots.find((s) => s.slot === 'default').fingerprint, theirs.fingerprint);
  const no = await sae('UpdateIngress', { IngressId: found.Id, CertIds: '1-cn-hangzhou' }, { region: found.region });
  assert.equal(no.Success, false);
  assert.equal((await sae('DescribeIngress', { IngressId: 1 }, { region: found.region })).Success, false);
});

/* ---- PAI-EAS ---- */

async function domains() {
  const found = new Map();
  for (const region of (await eas('DescribeRegions')).Regions.map((r) => r.RegionId))
    for (let PageNumber = 1, total = 1, seen = 0; seen < total; PageNumber++) {
      const { Gateways, TotalCount } = await eas('ListGateway', { PageNumber, PageSize: 1 }, { region });
      total = TotalCount;
      seen += Gateways.length;
      for (const gateway of Gateways)
        for (const d of (await eas('ListGatewayDomains', { ClusterId: region, GatewayId: gateway.GatewayId }, { region })).CustomDomains)
          found.set(`${gateway.GatewayId}/${d.Type}/${d.Domain}`, { ...d, region, GatewayId: gateway.GatewayId, gateway });
      if (!Gateways.length) break;
    }
  return found;
}
const attach = (d, CertificateId, Domain = d.Domain) => eas('AttachGatewayDomain', { ClusterId: d.region, GatewayId: d.GatewayId,
  CustomDomain: JSON.stringify({ Domain, Type: d.Type, CertificateId }) }, { region: d.region });

test('aliyun/eas: R17 certferry replaces the certificate of a domain, the core client sees it, and a rollback puts it back', async () => {
  const all = await domains();
  const resource = stage.of('aliyun/eas').find((r) => all.get(r.id).CertificateId && all.get(r.id).Type === 'internet'), ours = issue(resource.domain);
  const before = all.get(resource.id), first = await served(resource);
  const task = await stage.deploy(resource, ours);
  await serves(resource, ours);
  const after = (await domains()).get(resource.id);
  assert.notEqual(after.CertificateId, before.CertificateId);
  assert.equal(after.CertificateStatus, 'Succeeded');
  assert.deepEqual(after.gateway, before.gateway);
  await stage.rollback(task);
  assert.equal((await domains()).get(resource.id).CertificateId, before.CertificateId);
  assert.equal(await served(resource), first);
});

test('aliyun/eas: the core client sets a certificate, certferry sees it; attaches and detaches another domain; is refused what does not fit', async () => {
  const all = await domains();
  const resource = stage.of('aliyun/eas').filter((r) => all.get(r.id).CertificateId)[1], d = all.get(resource.id), theirs = issue(resource.domain);
  const id = await upload(theirs, 'contract_eas', d.region);
  assert.match((await attach(d, id)).Message, /update custom endpoint/);
  await serves(resource, theirs);
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, theirs.fingerprint);
  await assert.rejects(attach(d, '1'), refused('InvalidParameter'));
  await assert.rejects(attach(d, id, 'other.contract.example'), refused('InvalidParameter'));
  await attach(d, '', 'other.contract.example');
  await eas('DetachGatewayDomain', { ClusterId: d.region, GatewayId: d.GatewayId,
    CustomDomain: JSON.stringify({ Domain: 'other.contract.example', Type: d.Type }) }, { region: d.region });
  await assert.rejects(eas('DescribeGateway', { ClusterId: d.region, GatewayId: 'gw-none' }, { region: d.region }), refused('GatewayNotFound'));
});

test('aliyun/sae and aliyun/eas: no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
