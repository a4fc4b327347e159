// AWS's own Node SDK (v3) against the simulator, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as acm from '@aws-sdk/client-acm';
import * as cloudfront from '@aws-sdk/client-cloudfront';
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2';
import * as iam from '@aws-sdk/client-iam';
import { ACM, CF, EC2, ELB, IAM, STS, arns, client, importCertificate, issue, keys, listener, listenerCertificates, refusal, regionOf, stage,
  whenKnown } from './aws.js';
import { served, serves, until } from './stage.js';

const deployed = (Id) => until(`${Id} is deployed`, async () => (await CF('GetDistribution', { Id })).Distribution.Status === 'Deployed');
const distribution = (Id) => CF('GetDistributionConfig', { Id });
// Whole configurations go back, as the vendor wants it, through the SDK's typed model.
async function bind(Id, arn) {
  const { ETag, DistributionConfig } = await distribution(Id);
  const { MinimumProtocolVersion, SSLSupportMethod } = DistributionConfig.ViewerCertificate;
  return CF('UpdateDistribution', { Id, IfMatch: ETag, DistributionConfig: { ...DistributionConfig,
    ViewerCertificate: { ACMCertificateArn: arn, MinimumProtocolVersion, SSLSupportMethod } } });
}
const besides = ({ ViewerCertificate: { ACMCertificateArn, Certificate, ...viewer }, ...rest }) => ({ ...rest, viewer });

test('aws: STS tells whose key it is, EC2 which regions there are', async () => {
  const identity = await STS('GetCallerIdentity');
  assert.equal(identity.Account, stage.access.account);
  assert.match(identity.Arn, new RegExp(`^arn:aws:iam::${stage.access.account}:user/`));
  const { Regions } = await EC2('DescribeRegions', { AllRegions: false });
  assert.ok(Regions.some((r) => r.RegionName === 'us-east-1' && r.Endpoint === 'ec2.us-east-1.amazonaws.com'));
  const { Regions: [one] } = await EC2('DescribeRegions', { RegionNames: ['us-east-1'] });
  assert.equal(one.RegionName, 'us-east-1');
});

test('aws: STS gives the keys of a role, which the other services take; not to whom does not know its external id', async () => {
  const assume = (ExternalId) => STS('AssumeRole', { RoleArn: `arn:aws:iam::${stage.access.account}:role/certferry`, RoleSessionName: 'contract',
    ExternalId, DurationSeconds: 900 });
  const { Credentials, AssumedRoleUser } = await assume('certferry-trial');
  assert.match(AssumedRoleUser.Arn, /assumed-role\/certferry\/contract$/);
  assert.ok(Credentials.Expiration > new Date());
  const { SecretAccessKey: secretAccessKey, AccessKeyId: accessKeyId, SessionToken: sessionToken } = Credentials;
  assert.match((await STS('GetCallerIdentity', {}, { accessKeyId, secretAccessKey, sessionToken })).Arn, /assumed-role/);
  await assert.rejects(STS('GetCallerIdentity', {}, { accessKeyId, secretAccessKey }), refusal('InvalidClientTokenId', 403));
  await assert.rejects(assume('another'), refusal('AccessDenied', 403));
});

test('aws/alb: the SDK reads the tags of a load balancer, and the rules of a listener', async () => {
  const { id } = stage.of('aws/alb')[0], region = id.split(':')[3];
  const { Listeners: [{ LoadBalancerArn }] } = await ELB(region, 'DescribeListeners', { ListenerArns: [id] });
  const { TagDescriptions } = await ELB(region, 'DescribeTags', { ResourceArns: [LoadBalancerArn] });
  assert.equal(TagDescriptions[0].ResourceArn, LoadBalancerArn);
  const { Rules } = await ELB(region, 'DescribeRules', { ListenerArn: id, PageSize: 400 });
  assert.ok(Rules.some((r) => r.IsDefault));
});

test('aws/acm: the SDK imports, describes, lists page by page, imports anew under the same ARN, and deletes', async () => {
  const cert = issue('store.example.com', 'www.store.example.com'), renewed = issue('store.example.com');
  const arn = await importCertificate('eu-central-1', cert, { Tags: [{ Key: 'by', Value: 'contract' }] });
  assert.match(arn, new RegExp(`^arn:aws:acm:eu-central-1:${stage.access.account}:certificate/`));
  const { Certificate } = await ACM('eu-central-1', 'DescribeCertificate', { CertificateArn: arn });
  assert.equal(Certificate.Type, 'IMPORTED');
  assert.equal(Certificate.Status, 'ISSUED');
  assert.deepEqual(Certificate.SubjectAlternativeNames, ['store.example.com', 'www.store.example.com']);
  assert.ok(Certificate.NotAfter instanceof Date && Certificate.NotAfter > new Date());
  assert.deepEqual(Certificate.InUseBy, []);
  const read = await ACM('eu-central-1', 'GetCertificate', { CertificateArn: arn });
  assert.equal(read.Certificate.trim(), cert.leaf.trim());
  assert.equal(read.CertificateChain.trim(), cert.intermediate.trim());
  await ACM('eu-central-1', 'ImportCertificate', { CertificateArn: arn, Certificate: Buffer.from(renewed.leaf),
    CertificateChain: Buffer.from(renewed.intermediate), PrivateKey: Buffer.from(renewed.key) });
  assert.equal((await ACM('eu-central-1', 'GetCertificate', { CertificateArn: arn })).Certificate.trim(), renewed.leaf.trim());
  const found = [];
  const paginator = acm.paginateListCertificates({ client: client(acm.ACMClient, { region: 'eu-central-1' }), pageSize: 1 },
    { Includes: { keyTypes: ['RSA_2048', 'EC_prime256v1'] } });
  for await (const page of paginator) found.push(...page.CertificateSummaryList);
  assert.ok(found.some((c) => c.CertificateArn === arn));
  await ACM('eu-central-1', 'DeleteCertificate', { CertificateArn: arn });
  await assert.rejects(ACM('eu-central-1', 'DescribeCertificate', { CertificateArn: arn }),
    refusal('ResourceNotFoundException', 400, acm.ResourceNotFoundException));
});

test('aws/iam: the SDK uploads a server certificate, finds it, and deletes it', async () => {
  const cert = issue('iam.example.com');
  const ServerCertificateName = 'contract-iam';
  const { ServerCertificateMetadata: made } = await IAM('UploadServerCertificate', { ServerCertificateName, Path: '/cloudfront/contract/',
    CertificateBody: cert.leaf, CertificateChain: cert.intermediate, PrivateKey: cert.key });
  assert.equal(made.Arn, `arn:aws:iam::${stage.access.account}:server-certificate/cloudfront/contract/${ServerCertificateName}`);
  const { ServerCertificate } = await IAM('GetServerCertificate', { ServerCertificateName });
  assert.equal(ServerCertificate.CertificateBody.trim(), cert.leaf.trim());
  const { ServerCertificateMetadataList } = await IAM('ListServerCertificates', { PathPrefix: '/cloudfront/' });
  assert.ok(ServerCertificateMetadataList.some((c) => c.ServerCertificateId === made.ServerCertificateId));
  await assert.rejects(IAM('UploadServerCertificate', { ServerCertificateName, CertificateBody: cert.leaf, PrivateKey: cert.key }),
    refusal('EntityAlreadyExistsException', 409, iam.EntityAlreadyExistsException));
  const { SummaryMap } = await IAM('GetAccountSummary', {});
  assert.ok(SummaryMap.ServerCertificatesQuota >= 20 && SummaryMap.ServerCertificates >= 1);
  await IAM('DeleteServerCertificate', { ServerCertificateName });
  await assert.rejects(IAM('GetServerCertificate', { ServerCertificateName }),
    refusal('NoSuchEntityException', 404, iam.NoSuchEntityException));
});

test('aws/cloudfront: the SDK lists every distribution page by page, with its domain', async () => {
  const found = [];
  let Marker;
  do {
    const { DistributionList } = await CF('ListDistributions', { MaxItems: 3, Marker });
    found.push(...DistributionList.Items);
    Marker = DistributionList.NextMarker;
  } while (Marker);
  const expected = stage.resources.filter((r) => r.product === 'aws/cloudfront');
  assert.deepEqual(found.map((d) => d.Id).sort(), expected.map((r) => r.id).sort());
  for (const resource of expected) {
    const one = found.find((d) => d.Id === resource.id);
    assert.equal(`${one.DomainName}:443`, resource.entry);
    assert.ok(one.LastModifiedTime instanceof Date);
  }
});

test('aws/cloudfront: the SDK binds and certferry sees it; certferry deploys and rolls back and the SDK sees that; the edge serves each', async () => {
  const [resource] = stage.of('aws/cloudfront');
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const before = (await distribution(resource.id)).DistributionConfig;
  const arn = await importCertificate('us-east-1', theirs);

  await whenKnown('InvalidViewerCertificate', () => bind(resource.id, arn));
  await serves(resource, theirs);
  await deployed(resource.id);
  const bound = await distribution(resource.id);
  assert.equal(bound.DistributionConfig.ViewerCertificate.ACMCertificateArn, arn);
  assert.deepEqual(besides(bound.DistributionConfig), besides(before), 'the typed model carries the configuration both ways');
  const { Certificate } = await ACM('us-east-1', 'DescribeCertificate', { CertificateArn: arn });
  assert.ok(Certificate.InUseBy.some((user) => user.endsWith(`distribution/${resource.id}`)));
  const seen = await stage.seen(resource);
  assert.equal(seen.slots[0].ref, arn);
  assert.equal(seen.slots[0].fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await deployed(resource.id);
  const after = await distribution(resource.id);
  const now = after.DistributionConfig.ViewerCertificate.ACMCertificateArn;
  assert.notEqual(now, arn);
  assert.deepEqual(besides(after.DistributionConfig), besides(before), 'nothing but the certificate changed');
  const stored = await ACM('us-east-1', 'GetCertificate', { CertificateArn: now });
  assert.equal(stored.Certificate.trim(), ours.leaf.trim());
  assert.equal(stored.CertificateChain.trim(), ours.intermediate.trim(), 'the root is not uploaded');
  const changes = stage.changes(resource, since);
  assert.equal(changes.length, 1, 'one write');
  assert.deepEqual(changes[0].fields.filter((field) => !field.startsWith('@')), ['ViewerCertificate']);

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  const { DistributionConfig: last } = await distribution(resource.id);
  assert.equal(last.ViewerCertificate.ACMCertificateArn, arn);
  assert.deepEqual(besides(last), besides(before));

  await bind(resource.id, now);
  await serves(resource, ours);
  await deployed(resource.id);
  assert.equal((await stage.seen(resource)).slots[0].ref, now);
});

test('aws/cloudfront: an old ETag, and a certificate that does not cover the aliases, are refused', async () => {
  const resource = stage.of('aws/cloudfront')[1];
  const { ETag, DistributionConfig } = await distribution(resource.id);
  await assert.rejects(CF('UpdateDistribution', { Id: resource.id, IfMatch: 'E1OLDETAG', DistributionConfig }),
    refusal('PreconditionFailed', 412, cloudfront.PreconditionFailed));
  await assert.rejects(CF('UpdateDistribution', { Id: resource.id, DistributionConfig }),
    refusal('InvalidIfMatchVersion', 400, cloudfront.InvalidIfMatchVersion));
  const uncovered = await importCertificate('us-east-1', issue('elsewhere.contract.example'));
  await assert.rejects(whenKnown('InvalidViewerCertificate', () => bind(resource.id, uncovered)), (error) => {
    assert.match(error.message, /doesn't cover the alternate domain name/);
    return refusal('InvalidViewerCertificate', 400, cloudfront.InvalidViewerCertificate)(error);
  });
  const abroad = await importCertificate('eu-central-1', issue(resource.domain));
  await assert.rejects(bind(resource.id, abroad), refusal('InvalidViewerCertificate', 400, cloudfront.InvalidViewerCertificate));
  await assert.rejects(distribution('ENOTHERE00000'), refusal('NoSuchDistribution', 404, cloudfront.NoSuchDistribution));
  assert.equal((await distribution(resource.id)).ETag, ETag, 'nothing was changed');
});

test('aws/alb: the SDK reads the tags of load balancers and the hosts of rules', async () => {
  const [resource] = stage.of('aws/alb'), region = resource.id.split(':')[3];
  const one = await listener(resource.id);
  const { TagDescriptions } = await ELB(region, 'DescribeTags', { ResourceArns: [one.LoadBalancerArn] });
  assert.equal(TagDescriptions[0].ResourceArn, one.LoadBalancerArn);
  const { Rules } = await ELB(region, 'DescribeRules', { ListenerArn: resource.id });
  for (const rule of Rules) assert.match(rule.RuleArn, /:listener-rule\//);
  const hosts = Rules.flatMap((r) => r.Conditions ?? []).filter((c) => c.Field === 'host-header').flatMap((c) => c.HostHeaderConfig.Values);
  assert.ok(hosts.includes(resource.domain), `${hosts} has ${resource.domain}`);
});

test('aws/alb: the SDK lists load balancers and listeners by marker in every region, with their entry points', async () => {
  const expected = stage.resources.filter((r) => r.product === 'aws/alb');
  for (const region of new Set(expected.map(regionOf))) {
    const balancers = [], found = [];
    for await (const page of elb.paginateDescribeLoadBalancers(
      { client: client(elb.ElasticLoadBalancingV2Client, { region }), pageSize: 1 }, {})) balancers.push(...page.LoadBalancers);
    for (const { LoadBalancerArn, DNSName, Type } of balancers) {
      if (Type !== 'application') continue;
      for await (const page of elb.paginateDescribeListeners(
        { client: client(elb.ElasticLoadBalancingV2Client, { region }), pageSize: 2 }, { LoadBalancerArn }))
        found.push(...page.Listeners.map((l) => ({ ...l, DNSName })));
    }
    for (const resource of expected.filter((r) => regionOf(r) === region)) {
      const one = found.find((l) => l.ListenerArn === resource.id);
      assert.equal(`${one.DNSName}:${one.Port}`, resource.entry);
      assert.equal(one.Protocol, 'HTTPS');
    }
  }
});

test('aws/alb: the SDK replaces a default; certferry sees it, deploys another, and the SDK sees that', async () => {
  const [resource] = stage.of('aws/alb');
  const region = regionOf(resource);
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const before = await listener(resource.id);
  const arn = await importCertificate(region, theirs);

  const { Listeners } = await whenKnown('CertificateNotFoundException', () =>
    ELB(region, 'ModifyListener', { ListenerArn: resource.id, Certificates: [{ CertificateArn: arn }] }));
  assert.deepEqual(Listeners[0].Certificates.map((c) => c.CertificateArn), [arn]);
  await serves(resource, theirs);
  const seen = await stage.seen(resource);
  assert.equal(seen.slots.find((s) => s.slot === 'default').fingerprint, theirs.fingerprint);

  const since = stage.log().length;
  await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const after = await until('the SDK reads what certferry wrote', async () => {
    const read = await listener(resource.id);
    return read.Certificates[0].CertificateArn !== arn && read;
  });
  for (const name of ['SslPolicy', 'Port', 'Protocol', 'AlpnPolicy', 'DefaultActions'])
    assert.deepEqual(after[name], before[name], `certferry leaves ${name}`);
  const { Certificate } = await ACM(region, 'GetCertificate', { CertificateArn: after.Certificates[0].CertificateArn });
  assert.equal(Certificate.trim(), ours.leaf.trim());
  assert.deepEqual(stage.changes(resource, since).map((c) => c.fields), [['DefaultCertificate']], 'one write, one field');
});

test('aws/alb: the SDK adds an SNI certificate; certferry sees it and replaces it; the SDK sees that and takes it away', async () => {
  const resource = stage.of('aws/alb')[1];
  const region = regionOf(resource), name = 'sni.contract.example';
  const theirs = issue(name), ours = issue(name);
  const arn = await importCertificate(region, theirs);
  const first = await served(resource), before = arns(await listenerCertificates(resource.id), false);

  await whenKnown('CertificateNotFoundException', () =>
    ELB(region, 'AddListenerCertificates', { ListenerArn: resource.id, Certificates: [{ CertificateArn: arn }] }));
  await serves(resource, theirs, name);
  assert.equal(await served(resource), first, 'the default stays for other names');
  await until('the SDK reads what it wrote', async () => arns(await listenerCertificates(resource.id), false).includes(arn));
  const seen = await stage.seen(resource);
  assert.ok(seen.slots.some((s) => s.slot !== 'default' && s.fingerprint === theirs.fingerprint), 'certferry sees the SNI entry');

  await stage.deploy(resource, ours, '--domain', name);
  assert.equal(await served(resource, name), ours.fingerprint);
  assert.equal(await served(resource), first);
  const after = await until('the SDK reads what certferry wrote', async () => {
    const read = arns(await listenerCertificates(resource.id), false);
    return read.length === before.length + 1 && !read.includes(arn) && read;
  });
  const [mine] = after.filter((one) => !before.includes(one));
  assert.equal((await ACM(region, 'GetCertificate', { CertificateArn: mine })).Certificate.trim(), ours.leaf.trim());

  await ELB(region, 'RemoveListenerCertificates', { ListenerArn: resource.id, Certificates: [{ CertificateArn: mine }] });
  await until('the edge forgets the SNI entry', async () => (await served(resource, name)) === first);
  assert.ok(!(await stage.seen(resource)).slots.some((s) => s.fingerprint === ours.fingerprint));
});

test('aws/alb: what the vendor forbids is refused with its code', async () => {
  const resource = stage.of('aws/alb')[2];
  const region = regionOf(resource);
  const [first] = arns(await listenerCertificates(resource.id), true);
  const nowhere = `arn:aws:acm:${region}:${stage.access.account}:certificate/00000000-0000-0000-0000-000000000000`;
  await assert.rejects(ELB(region, 'RemoveListenerCertificates', { ListenerArn: resource.id, Certificates: [{ CertificateArn: first }] }),
    refusal('OperationNotPermittedException', 400, elb.OperationNotPermittedException));
  await assert.rejects(ELB(region, 'AddListenerCertificates', { ListenerArn: resource.id, Certificates: [{ CertificateArn: nowhere }] }),
    refusal('CertificateNotFoundException', 400, elb.CertificateNotFoundException));
  await assert.rejects(ELB(region, 'DescribeListeners', { ListenerArns: [`${resource.id.slice(0, -16)}0000000000000000`] }),
    refusal('ListenerNotFoundException', 400, elb.ListenerNotFoundException));
  await assert.rejects(ACM(region, 'DeleteCertificate', { CertificateArn: first }),
    refusal('ResourceInUseException', 400, acm.ResourceInUseException));
});

test('aws: a wrong secret and an unknown key have the code of each wire form', async () => {
  const wrong = { secretAccessKey: 'wrong' }, unknown = { accessKeyId: 'AKIANOBODYHASTHISKEY' };
  await assert.rejects(STS('GetCallerIdentity', {}, wrong), refusal('SignatureDoesNotMatch', 403));
  await assert.rejects(STS('GetCallerIdentity', {}, unknown), refusal('InvalidClientTokenId', 403));
  await assert.rejects(IAM('ListServerCertificates', {}, unknown), refusal('InvalidClientTokenId', 403));
  await assert.rejects(ELB('us-east-1', 'DescribeLoadBalancers', {}, wrong), refusal('SignatureDoesNotMatch', 403));
  await assert.rejects(CF('ListDistributions', {}, wrong), refusal('SignatureDoesNotMatch', 403));
  await assert.rejects(CF('ListDistributions', {}, unknown), refusal('InvalidClientTokenId', 403));
  await assert.rejects(ACM('us-east-1', 'ListCertificates', {}, wrong), refusal('InvalidSignatureException', 400));
  await assert.rejects(ACM('us-east-1', 'ListCertificates', {}, unknown), refusal('UnrecognizedClientException', 400));
  await assert.rejects(EC2('DescribeRegions', {}, unknown), refusal('AuthFailure', 401));
});

// The SDK's types know no other parameters; a middleware puts one beside those of the request.
test('aws: missing and unknown parameters keep the vendor\'s codes', async () => {
  await assert.rejects(ACM('us-east-1', 'DescribeCertificate', {}), refusal('ValidationException', 400));
  await assert.rejects(ACM('us-east-1', 'ListCertificates', { MaxItems: 1001 }), refusal('ValidationException', 400));
  await assert.rejects(ELB('us-east-1', 'DescribeListenerCertificates', {}), refusal('ValidationError', 400));
  await assert.rejects(IAM('GetServerCertificate', {}), refusal('ValidationError', 400));
  const withBody = (one, change) => {
    one.middlewareStack.add((next) => (args) => {
      args.request.body = change(args.request.body);
      args.request.headers['content-length'] = String(Buffer.byteLength(args.request.body));
      return next(args);
    }, { step: 'build', priority: 'low' });
    return one;
  };
  await assert.rejects(withBody(client(elb.ElasticLoadBalancingV2Client), (body) => `${body}&Nonsense=1`)
    .send(new elb.DescribeLoadBalancersCommand({})), refusal('ValidationError', 400));
  await assert.rejects(withBody(client(acm.ACMClient), (body) => body.replace('{', '{"Nonsense":1,').replace(',}', '}'))
    .send(new acm.ListCertificatesCommand({})), refusal('SerializationException', 400));
});

test('aws: a private key that does not belong to the certificate is refused', async () => {
  const cert = issue('mismatch.example.com'), other = issue('other.example.com');
  const quiet = (code, status, Class) => (error) => {
    refusal(code, status, Class)(error);
    assert.ok(!stage.keyMarks(cert, other).some((mark) => error.message.includes(mark)));
    return true;
  };
  await assert.rejects(importCertificate('us-east-1', { ...cert, key: other.key }), quiet('ValidationException', 400));
  await assert.rejects(IAM('UploadServerCertificate', { ServerCertificateName: 'mismatch', CertificateBody: cert.leaf, PrivateKey: other.key }),
    quiet('KeyPairMismatchException', 400, iam.KeyPairMismatchException));
});

test('aws: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
