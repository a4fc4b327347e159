// Alibaba Cloud's own Node SDKs against the simulator, and what they and certferry see of each other.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { rpc } from './aliyun-rpc.js';
import { makeStage, served, serves, until } from './stage.js';

const require = createRequire(import.meta.url);
const alb = require('@alicloud/alb20200616');
const cas = require('@alicloud/cas20200407');
const cdn = require('@alicloud/cdn20180510');
const sts = require('@alicloud/sts20150401');
const { Config, OpenApiRequest, Params } = require('@alicloud/openapi-client');
const { RuntimeOptions } = require('@darabonba/typescript');

const REGION = 'cn-hangzhou';
const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/cdn,aliyun/alb', '--domains', '8', '--settle-ms', '500'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

const client = (sdk, { secret = stage.access.secret, ...more } = {}) => new sdk.default(new Config({
  accessKeyId: stage.access.key_id, accessKeySecret: secret, regionId: REGION, protocol: 'HTTPS', ...more,
}));

const refusal = (code, status) => (error) => {
  assert.equal(error.code, code);
  assert.equal(error.statusCode, status);
  assert.match(String(error.data.RequestId), /^[0-9A-F-]{36}$/);
  return true;
};

async function upload(cert, name) {
  const { body } = await client(cas).uploadUserCertificate(
    new cas.UploadUserCertificateRequest({ name, cert: cert.chain, key: cert.key }));
  assert.equal(body.resourceId, `cas-upload-${body.certId}`);
  return body.certId;
}

const domainCertificate = async (domainName) => {
  const { body } = await client(cdn).describeDomainCertificateInfo(new cdn.DescribeDomainCertificateInfoRequest({ domainName }));
  return body.certInfos.certInfo[0];
};

const setDomainCertificate = (domainName, certId, certName) => client(cdn).setCdnDomainSSLCertificate(
  new cdn.SetCdnDomainSSLCertificateRequest({ domainName, SSLProtocol: 'on', certType: 'cas', certId, certName, certRegion: REGION }));

const online = (domainName) => until(`${domainName} is online again`, async () => {
  const { body } = await client(cdn).describeUserDomains(
    new cdn.DescribeUserDomainsRequest({ domainName, domainSearchType: 'full_match' }));
  return body.domains.pageData[0].domainStatus === 'online';
});

const listener = async (listenerId) => (await client(alb).getListenerAttribute(new alb.GetListenerAttributeRequest({ listenerId }))).body;

const listenerCertificates = async (listenerId) => {
  const { body } = await client(alb).listListenerCertificates(
    new alb.ListListenerCertificatesRequest({ listenerId, certificateType: 'Server', maxResults: 100 }));
  return body.certificates;
};

const jobDone = (jobId) => until(`the job ${jobId} succeeded`, async () => {
  const { body } = await client(alb).listAsynJobs(new alb.ListAsynJobsRequest({ jobIds: [jobId] }));
  return body.jobs.length === 1 && body.jobs[0].status === 'Succeeded';
});

test('aliyun: STS tells whose key it is, signed with V3 and with V1', async () => {
  for (const signatureAlgorithm of [undefined, 'v2']) {
    const { body } = await client(sts, { signatureAlgorithm, endpoint: 'sts.aliyuncs.com' }).getCallerIdentity();
    assert.equal(body.accountId, stage.access.account);
    assert.match(body.arn, new RegExp(`^acs:ram::${stage.access.account}:user/`));
  }
});

test('aliyun: STS gives the keys of a role, which the other services take; not to whom does not know its external id', async () => {
  const roleArn = `acs:ram::${stage.access.account}:role/certferry`, roleSessionName = 'contract';
  const assume = (externalId) => client(sts, { endpoint: 'sts.aliyuncs.com' }).assumeRole(
    new sts.AssumeRoleRequest({ roleArn, roleSessionName, externalId, durationSeconds: 900 }));
  const { body: { credentials, assumedRoleUser } } = await assume('certferry-trial');
  assert.match(assumedRoleUser.arn, /role\/certferry\/contract$/);
  assert.ok(new Date(credentials.expiration) > new Date());
  const { body } = await new sts.default(new Config({ accessKeyId: credentials.accessKeyId, accessKeySecret: credentials.accessKeySecret,
    securityToken: credentials.securityToken, regionId: REGION, protocol: 'HTTPS', endpoint: 'sts.aliyuncs.com' })).getCallerIdentity();
  assert.equal(body.identityType, 'AssumedRoleUser');
  assert.equal(body.accountId, stage.access.account);
  await assert.rejects(assume('another'), refusal('NoPermission', 403));
});

test('aliyun/alb: the SDK lists regions, and the rules of a listener', async () => {
  const { body } = await client(alb).describeRegions(new alb.DescribeRegionsRequest({}));
  assert.ok(body.regions.some((r) => r.regionId === REGION));
  const { body: { rules } } = await client(alb).listRules(new alb.ListRulesRequest({ maxResults: 100 }));
  assert.ok(Array.isArray(rules) && rules.every((r) => r.ruleId && r.listenerId));
});

test('aliyun: the SDK uploads to the certificate store and finds it in list and detail', async () => {
  const cert = issue('store.example.com');
  const certId = await upload(cert, 'contract_store');
  const { body: detail } = await client(cas).getUserCertificateDetail(
    new cas.GetUserCertificateDetailRequest({ certId, certFilter: true }));
  assert.equal(detail.certIdentifier, `${certId}-${REGION}`);
  assert.equal(detail.sha2, cert.fingerprint.toUpperCase());
  assert.equal(detail.cert, undefined, 'CertFilter leaves the certificate out');
  const { body: list } = await client(cas).listUserCertificateOrder(
    new cas.ListUserCertificateOrderRequest({ orderType: 'UPLOAD', keyword: 'contract_store', showSize: 10, currentPage: 1 }));
  assert.equal(list.totalCount, 1);
  assert.equal(list.certificateOrderList[0].certificateId, certId);
  assert.equal(list.certificateOrderList[0].sans, 'store.example.com');
  await client(cas).deleteUserCertificate(new cas.DeleteUserCertificateRequest({ certId }));
  await assert.rejects(client(cas).getUserCertificateDetail(new cas.GetUserCertificateDetailRequest({ certId })),
    refusal('NotFound', 404));
});

// The SDK's package is older than this operation.
test('aliyun/cas: the core client is told which products use a certificate', async () => {
  const using = (CertificateId) => rpc(stage, 'cas')('GetCertificateDetail', { CertificateId }, { endpoint: 'cas.aliyuncs.com' });
  const cert = issue('users.example.com');
  const certId = await upload(cert, 'contract_users');
  const unused = await using(certId);
  assert.deepEqual(unused.UsingProductList, []);
  assert.equal(unused.CertIdentifier, `${certId}-${REGION}`);
  assert.equal(unused.Domain, 'users.example.com');
  const [resource] = stage.of('aliyun/cdn');
  const { certId: bound } = await domainCertificate(resource.id);
  assert.deepEqual((await using(bound)).UsingProductList, ['cdn']);
  await assert.rejects(using(1), refusal('NotFound', 404));
});

test('aliyun: the two sites of the certificate store do not know each other\'s certificates', async () => {
  const certId = await upload(issue('site.example.com'), 'contract_site');
  const abroad = client(cas, { regionId: 'ap-southeast-1', endpoint: 'cas.ap-southeast-1.aliyuncs.com' });
  await assert.rejects(abroad.getUserCertificateDetail(new cas.GetUserCertificateDetailRequest({ certId })), refusal('NotFound', 404));
});

test('aliyun/cdn: the SDK lists every domain page by page, with its CNAME', async () => {
  const found = [];
  for (let pageNumber = 1, total = 1; found.length < total; pageNumber++) {
    const { body } = await client(cdn).describeUserDomains(new cdn.DescribeUserDomainsRequest({ pageNumber, pageSize: 2 }));
    total = body.totalCount;
    assert.ok(body.domains.pageData.length > 0);
    found.push(...body.domains.pageData);
  }
  const expected = stage.resources.filter((r) => r.product === 'aliyun/cdn');
  assert.deepEqual(found.map((d) => d.domainName).sort(), expected.map((r) => r.id).sort());
  for (const resource of expected)
    assert.equal(`${found.find((d) => d.domainName === resource.id).cname}:443`, resource.entry);
});

test('aliyun/cdn: R15 the SDK binds and certferry sees it; certferry deploys and rolls back and the SDK sees that; the edge serves each', async () => {
  const [resource] = stage.of('aliyun/cdn');
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const before = await served(resource);
  const certId = await upload(theirs, 'contract_cdn');

  await setDomainCertificate(resource.id, certId, 'contract_cdn');
  await serves(resource, theirs);
  assert.notEqual(before, theirs.fingerprint);
  await until('the SDK reads what it wrote', async () => (await domainCertificate(resource.id)).certId === String(certId));
  await online(resource.id);

  const seen = await stage.seen(resource);
  assert.equal(seen.slots[0].fingerprint, theirs.fingerprint);
  assert.equal(seen.slots[0].ref, `${certId}-${REGION}`);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const info = await until('the SDK reads what certferry wrote', async () => {
    const read = await domainCertificate(resource.id);
    return read.certId !== String(certId) && read;
  });
  assert.equal(info.certType, 'cas');
  assert.equal(info.serverCertificateStatus, 'on');
  assert.equal(info.serverCertificate.trim(), ours.chain.trim(), 'the certificate the SDK reads is ours, without the root');
  const { body: stored } = await client(cas).getUserCertificateDetail(
    new cas.GetUserCertificateDetailRequest({ certId: Number(info.certId), certFilter: true }));
  assert.equal(stored.sha2, ours.fingerprint.toUpperCase());
  const changes = stage.changes(resource, since);
  assert.equal(changes.length, 1, 'one write');
  for (const field of changes[0].fields) assert.match(field, /^(SslProtocol|@?Cert\w+)$/);

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  await until('the SDK reads the old certificate again', async () => (await domainCertificate(resource.id)).certId === String(certId));
  await online(resource.id);

  await setDomainCertificate(resource.id, Number(info.certId), stored.name);
  await serves(resource, ours);
  await online(resource.id);
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, ours.fingerprint);
});

test('aliyun/cdn: a second write while the first settles is refused as ServiceBusy', async () => {
  const resource = stage.of('aliyun/cdn')[1];
  const certId = await upload(issue(resource.domain), 'contract_busy');
  await setDomainCertificate(resource.id, certId, 'contract_busy');
  await assert.rejects(setDomainCertificate(resource.id, certId, 'contract_busy'), refusal('ServiceBusy', 400));
  await online(resource.id);
});

test('aliyun/alb: the SDK lists load balancers and listeners by token, with their entry points', async () => {
  const pages = async (call, Request, items) => {
    const all = [];
    let nextToken;
    do {
      const { body } = await client(alb)[call](new alb[Request]({ maxResults: 2, nextToken }));
      all.push(...body[items]);
      nextToken = body.nextToken;
    } while (nextToken);
    return all;
  };
  const balancers = await pages('listLoadBalancers', 'ListLoadBalancersRequest', 'loadBalancers');
  const listeners = await pages('listListeners', 'ListListenersRequest', 'listeners');
  for (const resource of stage.resources.filter((r) => r.product === 'aliyun/alb' && r.entry.includes(REGION))) {
    const one = listeners.find((l) => l.listenerId === resource.id);
    assert.equal(one.listenerProtocol, 'HTTPS');
    const balancer = balancers.find((b) => b.loadBalancerId === one.loadBalancerId);
    assert.equal(`${balancer.DNSName}:${one.listenerPort}`, resource.entry);
  }
  const rules = await pages('listRules', 'ListRulesRequest', 'rules');
  assert.ok(rules.length && rules.every((r) => listeners.some((l) => l.listenerId === r.listenerId)));
  assert.ok(rules.some((r) => r.ruleConditions.some((c) => c.type === 'Host' && c.hostConfig.values.length)));
  const { body: { regions } } = await client(alb).describeRegions(new alb.DescribeRegionsRequest({}));
  assert.ok(regions.some((r) => r.regionId === REGION && r.regionEndpoint));
});

test('aliyun/alb: R14 the SDK replaces a default; certferry sees it, deploys another, and the SDK sees that', async () => {
  const [resource] = stage.of('aliyun/alb');
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const id = `${await upload(theirs, 'contract_alb')}-${REGION}`;

  const { body } = await client(alb).updateListenerAttribute(new alb.UpdateListenerAttributeRequest({
    listenerId: resource.id, certificates: [{ certificateId: id }], clientToken: 'contract-alb-default' }));
  await jobDone(body.jobId);
  await serves(resource, theirs);
  assert.deepEqual((await listener(resource.id)).certificates.map((c) => c.certificateId), [id]);
  const seen = await stage.seen(resource);
  assert.equal(seen.slots.find((s) => s.slot === 'default').fingerprint, theirs.fingerprint);

  const settings = await listener(resource.id);
  await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const now = await until('the SDK reads what certferry wrote', async () => {
    const read = await listener(resource.id);
    return read.listenerStatus === 'Running' && read.certificates[0].certificateId !== id && read;
  });
  for (const name of ['securityPolicyId', 'http2Enabled', 'gzipEnabled', 'idleTimeout', 'requestTimeout', 'caEnabled', 'listenerDescription'])
    assert.deepEqual(now[name], settings[name], `certferry leaves ${name}`);
  const [number] = now.certificates[0].certificateId.split('-');
  const { body: stored } = await client(cas).getUserCertificateDetail(
    new cas.GetUserCertificateDetailRequest({ certId: Number(number), certFilter: true }));
  assert.equal(stored.sha2, ours.fingerprint.toUpperCase());
});

test('aliyun/alb: the SDK adds an SNI certificate and takes it away; the edge chooses by name and certferry sees both', async () => {
  const resource = stage.of('aliyun/alb')[1];
  const extra = issue('sni.contract.example');
  const id = `${await upload(extra, 'contract_sni')}-${REGION}`;
  const first = await served(resource);

  const added = await client(alb).associateAdditionalCertificatesWithListener(
    new alb.AssociateAdditionalCertificatesWithListenerRequest({ listenerId: resource.id, certificates: [{ certificateId: id }] }));
  await assert.rejects(client(alb).dissociateAdditionalCertificatesFromListener(
    new alb.DissociateAdditionalCertificatesFromListenerRequest({ listenerId: resource.id, certificates: [{ certificateId: id }] })),
  refusal('IncorrectStatus.Listener', 400));
  await jobDone(added.body.jobId);
  await serves(resource, extra, 'sni.contract.example');
  assert.equal(await served(resource), first, 'the default stays for other names');
  const listed = await listenerCertificates(resource.id);
  assert.ok(listed.some((c) => c.certificateId === id && !c.isDefault && c.status === 'Associated'));
  assert.equal(listed.filter((c) => c.isDefault).length, 1);
  const seen = await stage.seen(resource);
  assert.ok(seen.slots.some((s) => s.slot !== 'default' && s.fingerprint === extra.fingerprint), 'certferry sees the SNI entry');

  const removed = await client(alb).dissociateAdditionalCertificatesFromListener(
    new alb.DissociateAdditionalCertificatesFromListenerRequest({ listenerId: resource.id, certificates: [{ certificateId: id }] }));
  await jobDone(removed.body.jobId);
  assert.equal(await served(resource, 'sni.contract.example'), first);
  assert.ok(!(await stage.seen(resource)).slots.some((s) => s.fingerprint === extra.fingerprint));
});

test('aliyun/alb: certferry gives an SNI entry to a listener that has one; the SDK sees the set', async () => {
  const resource = stage.of('aliyun/alb')[2];
  const old = issue(`sni.${resource.domain}`), ours = issue(`sni.${resource.domain}`);
  const id = `${await upload(old, 'contract_set')}-${REGION}`;
  const { body } = await client(alb).associateAdditionalCertificatesWithListener(
    new alb.AssociateAdditionalCertificatesWithListenerRequest({ listenerId: resource.id, certificates: [{ certificateId: id }] }));
  await jobDone(body.jobId);
  const first = await served(resource);
  const before = await listenerCertificates(resource.id);

  await stage.deploy(resource, ours);
  assert.equal(await served(resource, `sni.${resource.domain}`), ours.fingerprint);
  assert.equal(await served(resource), first);
  const after = await until('the listener has settled', async () => {
    const read = await listenerCertificates(resource.id);
    return read.every((c) => c.status === 'Associated') && read;
  });
  const gone = before.filter((c) => !after.some((a) => a.certificateId === c.certificateId));
  assert.deepEqual(gone.map((c) => c.certificateId), [id], 'the SNI entry of the same names is replaced, no other is touched');
  assert.equal(after.length, before.length);
});

test('aliyun: a wrong secret is SignatureDoesNotMatch, an unknown key InvalidAccessKeyId.NotFound', async () => {
  for (const signatureAlgorithm of [undefined, 'v2']) {
    await assert.rejects(client(cdn, { secret: 'wrong', signatureAlgorithm }).describeUserDomains(new cdn.DescribeUserDomainsRequest({})),
      refusal('SignatureDoesNotMatch', 400));
    await assert.rejects(client(cdn, { accessKeyId: 'LTAI5tNobodyHasThisKey00', signatureAlgorithm })
      .describeUserDomains(new cdn.DescribeUserDomainsRequest({})), refusal('InvalidAccessKeyId.NotFound', 404));
  }
});

test('aliyun: a missing parameter is named in the code, an unknown one and a wrong value are refused', async () => {
  const [resource] = stage.of('aliyun/cdn');
  await assert.rejects(client(cdn).describeDomainCertificateInfo(new cdn.DescribeDomainCertificateInfoRequest({})),
    refusal('MissingDomainName', 400));
  await assert.rejects(client(alb).getListenerAttribute(new alb.GetListenerAttributeRequest({})), refusal('MissingListenerId', 400));
  await assert.rejects(client(cdn).describeUserDomains(new cdn.DescribeUserDomainsRequest({ pageSize: 501 })),
    refusal('InvalidParameter', 400));
  const call = (query) => client(cdn).callApi(new Params({ action: 'DescribeDomainCertificateInfo', version: '2018-05-10', protocol: 'HTTPS',
    pathname: '/', method: 'POST', authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json' }),
  new OpenApiRequest({ query }), new RuntimeOptions({}));
  assert.equal((await call({ DomainName: resource.id })).body.CertInfos.CertInfo[0].DomainName, resource.id);
  await assert.rejects(call({ DomainName: resource.id, Nonsense: '1' }), refusal('InvalidParameter', 400));
});

test('aliyun: a private key that does not belong to the certificate is refused', async () => {
  const cert = issue('mismatch.example.com'), other = issue('other.example.com');
  await assert.rejects(client(cas).uploadUserCertificate(new cas.UploadUserCertificateRequest(
    { name: 'contract_mismatch', cert: cert.chain, key: other.key })), (error) => {
    assert.equal(error.statusCode, 400);
    assert.ok(!stage.keyMarks(cert, other).some((mark) => error.message.includes(mark)));
    return true;
  });
});

test('aliyun: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
