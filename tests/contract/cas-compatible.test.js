// certferry as Alibaba Cloud's certificate service: the official SDK, as it is and as it was, runs the whole life of a task onto
// Alibaba Cloud and of one onto another cloud, through certferry, on the simulated clouds.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import net from 'node:net';
import { before, test } from 'node:test';
import { makeStage, served, serves, until } from './stage.js';

const require = createRequire(import.meta.url);
const stage = makeStage({ cloud: 'aliyun',
  options: ['--services', 'aliyun/cdn,tencent/cdn', '--domains', '12', '--settle-ms', '100'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

const newest = require('@alicloud/cas20200407'), core = require('@alicloud/openapi-core').$OpenApiUtil;
const older = require('cas20200407-v1'), classic = require('@alicloud/openapi-client');
const { RuntimeOptions } = require('@darabonba/typescript');
const { RuntimeOptions: ClassicOptions } = require('@alicloud/tea-util');

let port, key, viewer;

// One SDK as a caller: sdk('listContact', {...}) by its method, sdk.any('GetContact', {...}) by its generic call.
function makeCaller(Cas, { Config, Params, OpenApiRequest }, Options, credentials, more = {}) {
  const client = new Cas.default(new Config({ accessKeyId: credentials.key_id, accessKeySecret: credentials.secret,
    endpoint: `127.0.0.1:${port}`, protocol: 'http', ...more }));
  const sdk = async (method, parameters = {}) => {
    const Request = Cas[`${method[0].toUpperCase()}${method.slice(1)}Request`];
    return (await client[method](new Request(parameters))).body;
  };
  sdk.any = async (action, parameters = {}, form = false) => (await client.callApi(
    new Params({ action, version: '2020-04-07', protocol: 'HTTP', pathname: '/', method: 'POST', authType: 'AK', style: 'RPC',
      reqBodyType: 'formData', bodyType: 'json' }),
    new OpenApiRequest(form ? { body: parameters } : { query: parameters }), new Options({}))).body;
  return sdk;
}
const callers = {
  '3.0.0': (credentials = key, more = {}) => makeCaller(newest, core, RuntimeOptions, credentials, more),
  '1.3.0': (credentials = key, more = {}) => makeCaller(older, classic, ClassicOptions, credentials, more),
};

before(async () => {
  const create = (...args) => stage.certferry('api-key', 'create', ...args);
  key = await create('writer', '--role', 'admin', '--export');
  viewer = await create('reader', '--role', 'viewer');
  port = await stage.serve();
});

const code = (wanted, status) => (error) => {
  assert.equal(error.code, wanted, error.message);
  assert.equal(error.statusCode ?? error.data.statusCode, status);
  assert.match(error.data.RequestId, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  return true;
};

const resourcesOf = (sdk, cloudProduct) => until(`${cloudProduct} is discovered`, async () => {
  const { data, total } = await sdk('listCloudResources', { cloudProduct, showSize: 50 });
  return total > 0 && data.length === Math.min(total, 50) && data;
});

// What the simulator serves at the domain of a listed resource.
const edgeOf = (resource) => stage.ready.resources.find((r) => r.domain === resource.domain && !r.domain.startsWith('*'));

const progress = (sdk, jobId) => sdk('describeDeploymentJobStatus', { jobId });

async function runJob(sdk, jobType, chosen, contactIds, name) {
  const edges = chosen.map(edgeOf), before = await Promise.all(edges.map((edge) => served(edge)));
  const cert = issue(...chosen.map((r) => r.domain));
  const { certId } = await sdk('uploadUserCertificate', { name, cert: cert.chain, key: cert.key });
  const { jobId } = await sdk('createDeploymentJob', { name: `${name} (1)*`, jobType, certIds: String(certId), contactIds,
    resourceIds: chosen.map((r) => r.id).join(',') });
  const job = await sdk('describeDeploymentJob', { jobId });
  assert.deepEqual([job.status, job.jobType, job.certType, job.name], ['editing', jobType, 'upload', `${name} (1)*`]);
  assert.equal(job.casContacts[0].id, contactIds);
  const preview = await progress(sdk, jobId);
  assert.deepEqual([preview.workerCount, preview.matchWorkerCount, preview.certCount], [chosen.length, chosen.length, 1]);
  assert.equal((await sdk('listDeploymentJobCert', { jobId })).data[0].certId, certId);
  assert.equal((await sdk('listDeploymentJobResource', { jobId })).data.length, chosen.length);

  await sdk('updateDeploymentJob', { jobId, name });
  await sdk('updateDeploymentJobStatus', { jobId, status: 'pending' });
  const done = await until('the task is over', async () => {
    const now = await progress(sdk, jobId);
    return now.successCount + now.failedCount === now.workerCount && now;
  });
  assert.equal(done.failedCount, 0, JSON.stringify((await sdk('listWorkerResource', { jobId })).data));
  await Promise.all(edges.map((edge) => serves(edge, cert)));
  await until('the task says success', async () => (await sdk('describeDeploymentJob', { jobId })).status === 'success');
  assert.deepEqual((await sdk.any('GetCertificateDetail', { CertificateId: certId })).UsingProductList, [chosen[0].cloudProduct]);
  assert.ok((await sdk('listDeploymentJob', { jobType, status: 'success' })).data.some((j) => j.id === jobId));
  await assert.rejects(sdk('updateDeploymentJobStatus', { jobId, status: 'pending' }), code('InvalidOperation', 400));

  const workers = (await sdk('listWorkerResource', { jobId, status: 'success' })).data;
  assert.equal(workers.length, chosen.length);
  for (const worker of workers) await sdk('updateWorkerResourceStatus', { jobId, workerId: worker.id, status: 'rollback' });
  await until('all went back', async () => (await progress(sdk, jobId)).rollbackSuccessCount === chosen.length);
  assert.equal((await sdk('describeDeploymentJob', { jobId })).rollback, 1);
  assert.deepEqual(await Promise.all(edges.map((edge) => served(edge))), before);
  await sdk('deleteDeploymentJob', { jobId });
  await assert.rejects(sdk('describeDeploymentJob', { jobId }), code('NotFound', 404));
  await sdk('deleteUserCertificate', { certId });
  await assert.rejects(sdk('getUserCertificateDetail', { certId }), code('NotFound', 404));
}

let turn = 0; // each SDK takes other resources
for (const version of Object.keys(callers)) {
  test(`cas-compatible: R56 R74 an access to another cloud is added and its resources are found, by ${version}`, async () => {
    const sdk = callers[version](), { key_id, secret } = stage.ready.accesses.find((a) => a.cloud === 'tencent');
    if (turn) await assert.rejects(sdk.any('AddCloudAccess', { CloudName: 'Tencent', SecretId: key_id, SecretKey: secret }), code('InvalidSecretId', 400));
    else await sdk.any('AddCloudAccess', { CloudName: 'Tencent', SecretId: key_id, SecretKey: secret }, true);
    const access = await until('the access is checked', async () => {
      const { cloudAccessList } = await sdk('listCloudAccess', { cloudName: 'Tencent', currentPage: 1, showSize: 10 });
      return cloudAccessList[0].serviceStatus === 'normal' && cloudAccessList[0];
    });
    assert.equal(access.secretId, key_id);
    const found = await resourcesOf(sdk, 'TencentCDN');
    assert.ok(found.every((r) => r.cloudName === 'Tencent' && r.cloudAccessId === key_id));
    const { data } = await sdk('describeCloudResourceStatus', { secretId: key_id });
    assert.ok(data.some((count) => count.cloudProduct === 'TencentCDN' && count.totalCount >= found.length));
  });

  test(`cas-compatible: R103 R105 R107 the whole life of a multi-cloud task, by ${version}`, async () => {
    const sdk = callers[version]();
    const { ContactId } = await sdk.any('CreateContact', { Name: `Ops ${version}`, Mobile: '13800138000' });
    assert.ok((await sdk('listContact', { keyword: version })).contactList.some((c) => c.contactId === ContactId));
    const found = (await resourcesOf(sdk, 'TencentCDN')).filter((r) => r.enableHttps && edgeOf(r));
    await runJob(sdk, 'cloud', found.slice(2 * turn, 2 * turn + 2), String(ContactId), `multi-${turn}`);
    await sdk.any('DeleteContact', { ContactId });
  });

  test(`cas-compatible: R103 R105 R107 the whole life of an Alibaba Cloud task, by ${version}`, async () => {
    const sdk = callers[version]();
    const { ContactId } = await sdk.any('CreateContact', { Name: `Dev ${version}`, Mobile: '13800138000' });
    const found = (await resourcesOf(sdk, 'CDN')).filter((r) => r.enableHttps && edgeOf(r));
    await runJob(sdk, 'user', found.slice(2 * turn, 2 * turn + 2), String(ContactId), `own-${turn}`);
    turn++;
  });

  test(`cas-compatible: R137 R140 R141 R142 refusals arrive as errors with the vendor's codes, by ${version}`, async () => {
    const sdk = callers[version]();
    await assert.rejects(sdk('updateDeploymentJobStatus', { jobId: 1 }), code('MissingStatus', 400));
    await assert.rejects(sdk.any('CreateCsr'), code('InvalidAction.NotFound', 404));
    await assert.rejects(callers[version]({ ...key, secret: 'wrong' })('listContact'), code('SignatureDoesNotMatch', 400));
    await assert.rejects(callers[version]({ ...key, key_id: 'nobody' })('listContact'), code('InvalidAccessKeyId.NotFound', 404));
    await assert.rejects(callers[version](viewer)('deleteDeploymentJob', { jobId: 1 }), code('Forbidden.RAM', 403));
    await assert.rejects(sdk('listCloudResources', { currentPage: 300, showSize: 50 }), code('InvalidCurrentPage', 400));
  });
}

test('cas-compatible: errors are the SDK\'s own types, and throttling is told with the time to wait', async () => {
  const sdk = callers['3.0.0']();
  await assert.rejects(sdk('describeDeploymentJob', { jobId: 1 }), (error) => error.name === 'ClientError');
  const answers = await Promise.allSettled(Array.from({ length: 40 }, () => sdk('listUserCertificateOrder', { orderType: 'CERT' })));
  const { reason } = answers.find((answer) => answer.status === 'rejected');
  assert.equal(reason.name, 'ThrottlingError');
  assert.ok(reason.retryAfter > 0);
});

test('cas-compatible: R139 the SDK\'s older signature is taken, too', async () => {
  const sdk = callers['3.0.0'](key, { signatureAlgorithm: 'v2' });
  assert.ok(Array.isArray((await sdk('listDeploymentJob', { jobType: 'user' })).data));
});

test('cas-compatible: R144 R145 a key comes back only to whom it may be exported', async () => {
  const sdk = callers['3.0.0'](), cert = issue('export.example.com');
  const { certId } = await sdk('uploadUserCertificate', { name: 'export', cert: cert.chain, key: cert.key,
    tags: [new newest.UploadUserCertificateRequestTags({ key: 'a', value: 'b' })] });
  assert.equal((await sdk('getUserCertificateDetail', { certId })).key, cert.key);
  assert.equal((await sdk('getUserCertificateDetail', { certId, certFilter: true })).cert, undefined);
  const other = await callers['3.0.0'](viewer)('getUserCertificateDetail', { certId });
  assert.deepEqual([other.key, Boolean(other.cert), other.sans], [undefined, true, 'export.example.com']);
});

// As a careless script or an attacker who listened may send it: the very same bytes again.
test('cas-compatible: R140 a request that was heard is not taken again, and not after a restart', async () => {
  let heard;
  const ear = net.createServer((socket) => {
    const onwards = net.connect(port, '127.0.0.1');
    socket.on('data', (bytes) => { heard ??= bytes; });
    socket.on('error', () => {}).pipe(onwards).on('error', () => {}).pipe(socket);
  });
  await new Promise((resolve) => ear.listen(0, '127.0.0.1', resolve));
  const sdk = callers['3.0.0'](key, { endpoint: `127.0.0.1:${ear.address().port}` });
  assert.ok((await sdk('listContact')).contactList);
  ear.close();
  const replay = () => new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(heard));
    let text = '';
    socket.on('data', (bytes) => { text += bytes; if (text.includes('}')) socket.destroy(); });
    socket.on('close', () => resolve(text)).on('error', reject);
  });
  assert.match(await replay(), /^HTTP\/1.1 400 [^]*"SignatureNonceUsed"/);
  await stage.stopServer();
  port = await stage.serve();
  assert.match(await replay(), /"SignatureNonceUsed"/);
});

test('cas-compatible: R144 after all these calls no secret and no private key is in any log or answer of certferry', async () => {
  await stage.stopServer();
  stage.assertNothingTold([...keys, stage.ready.accesses.find((a) => a.cloud === 'tencent').secret]);
});
