// Tencent Cloud's own Node SDK against the simulator, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal, cdnClient, issue, keys, refusal, sslClient, stage, stsClient, upload } from './tencent.js';
import { served, serves, until } from './stage.js';

const cdnDomains = () => stage.resources.filter((r) => r.product === 'tencent/cdn');
const domain = async (name) => {
  const answer = await cdnClient().DescribeDomainsConfig({ Filters: [{ Name: 'domain', Value: [name] }], Limit: 1 });
  assert.equal(answer.TotalNumber, 1);
  return answer.Domains[0];
};

const online = (name) => until(`${name} is online again`, async () => {
  const read = await domain(name);
  return read.Status === 'online' && read.Https.SslStatus === 'deployed' && read;
});

const bind = (Domain, certId) => cdnClient().ModifyDomainConfig(
  { Domain, Route: 'Https.CertInfo.CertId', Value: JSON.stringify({ update: certId }) });

// What a change of the certificate must leave as it is.
const besides = ({ Https: { CertInfo, ...https }, ForceRedirect, HttpsBilling }) => ({ https, ForceRedirect, HttpsBilling });

test('tencent: STS tells whose key it is', async () => {
  const answer = await stsClient({ region: 'ap-guangzhou' }).GetCallerIdentity();
  assert.equal(answer.AccountId, stage.access.account);
  assert.match(answer.Arn, new RegExp(`^qcs::(sts|cam):.*${stage.access.account}`));
});

test('tencent: STS gives the keys of a role, which it takes itself; not to whom does not know its external id', async () => {
  const assume = (ExternalId) => stsClient({ region: 'ap-guangzhou' }).AssumeRole({ RoleArn: `qcs::cam::uin/${stage.access.account}:roleName/certferry`,
    RoleSessionName: 'contract', ExternalId, DurationSeconds: 900 });
  const { Credentials: { TmpSecretId, TmpSecretKey, Token }, ExpiredTime } = await assume('certferry-trial');
  assert.ok(ExpiredTime * 1000 > Date.now());
  const client = stsClient({ region: 'ap-guangzhou', secretId: TmpSecretId, secretKey: TmpSecretKey, token: Token });
  assert.equal((await client.GetCallerIdentity()).Type, 'CAMRole');
  await assert.rejects(assume('another'), refusal('UnauthorizedOperation'));
});

test('tencent/ssl: the SDK uploads, finds it in list and detail, and the same again answers what is there', async () => {
  const cert = issue('store.example.com');
  const id = await upload(cert, 'contract-store');
  const list = await sslClient().DescribeCertificates({ SearchKey: 'contract-store', Limit: 10 });
  assert.equal(list.TotalCount, 1);
  assert.equal(list.Certificates[0].CertificateId, id);
  assert.deepEqual(list.Certificates[0].SubjectAltName, ['store.example.com']);
  const detail = await sslClient().DescribeCertificateDetail({ CertificateId: id });
  assert.ok(detail.CertificatePublicKey.startsWith(cert.leaf.trim()));
  const again = await sslClient().UploadCertificate({ CertificatePublicKey: cert.chain, CertificatePrivateKey: cert.key, CertificateType: 'SVR', Repeatable: false });
  assert.equal(again.CertificateId || again.RepeatCertId, id);
});

test('tencent/ssl: the SDK looks up what uses a certificate, and deletes what nothing uses', async () => {
  const resource = stage.of('tencent/cdn').find((r) => r.edge);
  const used = (await domain(resource.id)).Https.CertInfo.CertId, unused = await upload(issue('users.example.com'), 'contract-users');
  const { CertTaskIds } = await sslClient().CreateCertificateBindResourceSyncTask({ CertificateIds: [used, unused], IsCache: 0 });
  assert.deepEqual(CertTaskIds.map((t) => t.CertId), [used, unused]);
  const TaskIds = CertTaskIds.map((t) => t.TaskId);
  const results = await until('the look-up is done', async () => {
    const { SyncTaskBindResourceResult: list } = await sslClient().DescribeCertificateBindResourceTaskResult({ TaskIds });
    return list.every((t) => t.Status === 1) && list;
  });
  const total = (task) => task.BindResourceResult.flatMap((r) => r.BindResourceRegionResult)
    .reduce((sum, part) => sum + part.TotalCount, 0);
  assert.deepEqual(results.map((t) => t.TaskId), TaskIds);
  assert.deepEqual(results.map(total), [1, 0]);
  await assert.rejects(sslClient().DescribeCertificateBindResourceTaskResult({ TaskIds: ['1'] }), refusal('FailedOperation.CertificateSyncTaskIdInvalid'));
  await assert.rejects(sslClient().DeleteCertificate({ CertificateId: used, IsCheckResource: true }), refusal('FailedOperation.BoundResources'));
  const { DeleteResult } = await sslClient().DeleteCertificate({ CertificateId: unused, IsCheckResource: true });
  assert.equal(DeleteResult, true);
  await assert.rejects(sslClient().DescribeCertificateDetail({ CertificateId: unused }), refusal('FailedOperation.CertificateNotFound'));
});

test('tencent/cdn: the SDK lists every domain page by page, with its CNAME', async () => {
  const found = [];
  for (let total = 1; found.length < total;) {
    const answer = await cdnClient().DescribeDomainsConfig({ Offset: found.length, Limit: 3 });
    total = answer.TotalNumber;
    assert.ok(answer.Domains.length > 0);
    found.push(...answer.Domains);
  }
  assert.deepEqual(found.map((d) => d.Domain).sort(), cdnDomains().map((r) => r.id).sort());
  for (const resource of cdnDomains())
    assert.equal(`${found.find((d) => d.Domain === resource.id).Cname}:443`, resource.entry);
});

test('tencent/cdn: the SDK binds and certferry sees it; certferry deploys and rolls back and the SDK sees that; the edge serves each', async () => {
  const [resource] = stage.of('tencent/cdn');
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const before = await domain(resource.id);
  const certId = await upload(theirs, 'contract-cdn');

  await bind(resource.id, certId);
  await serves(resource, theirs);
  const bound = await online(resource.id);
  assert.equal(bound.Https.CertInfo.CertId, certId);
  assert.equal(bound.Https.CertInfo.CertName, 'contract-cdn');
  assert.deepEqual(besides(bound), besides(before));
  const seen = await stage.seen(resource);
  assert.equal(seen.slots[0].ref, certId);
  assert.equal(seen.slots[0].fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const after = await online(resource.id);
  assert.notEqual(after.Https.CertInfo.CertId, certId);
  assert.deepEqual(besides(after), besides(before), 'HTTP/2, HSTS, OCSP, TLS versions and redirects survive');
  const detail = await sslClient().DescribeCertificateDetail({ CertificateId: after.Https.CertInfo.CertId });
  assert.equal(detail.CertificatePublicKey.trim(), ours.chain.trim(), 'the certificate the SDK reads is ours, without the root');
  assert.equal(stage.changes(resource, since).length, 1, 'one write');

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  assert.equal((await online(resource.id)).Https.CertInfo.CertId, certId);

  await bind(resource.id, after.Https.CertInfo.CertId);
  await online(resource.id);
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, ours.fingerprint);
});

test('tencent/cdn: domains of ECDN are listed and deployed to like the others', async () => {
  const { Domains } = await cdnClient().DescribeDomains({ Limit: 1000 });
  const ecdn = Domains.filter((d) => d.Product === 'ecdn').map((d) => d.Domain);
  const resource = cdnDomains().find((r) => ecdn.includes(r.id));
  assert.ok(resource, 'a domain of ECDN');
  const ours = issue(resource.domain);
  await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
});

test('tencent/cdn: mutual TLS survives certferry\'s deployment', async () => {
  let resource;
  for (const one of stage.of('tencent/cdn')) if ((await domain(one.id)).Https.VerifyClient === 'on') resource = one;
  assert.ok(resource, 'one domain asks clients for certificates');
  const before = await domain(resource.id), ours = issue(resource.domain);
  await stage.deploy(resource, ours);
  const after = await online(resource.id);
  assert.notEqual(after.Https.CertInfo.CertId, before.Https.CertInfo.CertId);
  assert.equal(after.Https.VerifyClient, 'on');
  const client = ({ DeployTime, ExpireTime, ...rest }) => rest; // times that move by themselves
  assert.deepEqual(client(after.Https.ClientCertInfo), client(before.Https.ClientCertInfo));
});

test('tencent/cdn: the whole Https object written by the SDK falls back where it is silent; certferry then sees that', async () => {
  const resource = stage.of('tencent/cdn')[1];
  const theirs = issue(resource.domain);
  const certId = await upload(theirs, 'contract-whole');
  await cdnClient().UpdateDomainConfig({ Domain: resource.id, Https: { Switch: 'on', CertInfo: { CertId: certId } } });
  await serves(resource, theirs);
  const after = await online(resource.id);
  assert.equal(after.Https.Http2, 'off');
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, theirs.fingerprint);
});

test('tencent/cdn: a second write while the first is in progress is refused as busy', async () => {
  const resource = stage.of('tencent/cdn')[2];
  const certId = await upload(issue(resource.domain), 'contract-busy');
  await bind(resource.id, certId);
  await assert.rejects(bind(resource.id, certId), refusal('ResourceInUse.CdnOpInProgress'));
  await online(resource.id);
});

test('tencent: a wrong secret is AuthFailure.SignatureFailure, an unknown key AuthFailure.SecretIdNotFound', async () => {
  await assert.rejects(cdnClient({ secretKey: 'wrong' }).DescribeDomains({}), refusal('AuthFailure.SignatureFailure'));
  await assert.rejects(cdnClient({ secretId: 'AKIDnobodyhasthiskey' }).DescribeDomains({}), refusal('AuthFailure.SecretIdNotFound'));
});

test('tencent: missing and unknown parameters, wrong values and unknown certificates keep the vendor\'s codes', async () => {
  const [resource] = stage.of('tencent/cdn');
  await assert.rejects(cdnClient().ModifyDomainConfig({ Domain: resource.id, Route: 'Https.CertInfo.CertId' }), refusal('MissingParameter'));
  await assert.rejects(cdnClient().DescribeDomains({ Nonsense: 1 }), refusal('UnknownParameter'));
  await assert.rejects(cdnClient().DescribeDomainsConfig({ Limit: 101 }), refusal('InvalidParameterValue'));
  await assert.rejects(cdnClient().request('NoSuchAction', {}), refusal('InvalidAction'));
  await assert.rejects(bind('nobody.example.com', 'x'), refusal('ResourceNotFound.CdnHostNotExists'));
  await assert.rejects(bind(resource.id, 'nothere0'), refusal('FailedOperation.SslCertNotFound'));
});

test('tencent: a private key that does not belong to the certificate is refused', async () => {
  const cert = issue('mismatch.example.com'), other = issue('other.example.com');
  await assert.rejects(upload({ ...cert, key: other.key }, 'mismatch'), (error) => {
    assert.ok(error instanceof Refusal);
    assert.match(error.code, /^FailedOperation\.Certificate/);
    assert.ok(!stage.keyMarks(cert, other).some((mark) => error.message.includes(mark)));
    return true;
  });
});

test('tencent: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
