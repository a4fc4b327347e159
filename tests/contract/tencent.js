// What the contract tests of Tencent Cloud share: a stage, and Tencent Cloud's own Node SDK sent through its gateway.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { makeStage } from './stage.js';

const require = createRequire(import.meta.url);
const sdk = require('tencentcloud-sdk-nodejs');
export const Refusal = require('tencentcloud-sdk-nodejs/tencentcloud/common/exception/tencent_cloud_sdk_exception').default;

export const stage = makeStage({ cloud: 'tencent', options: ['--services', 'tencent/cdn,tencent/clb,tencent/waf',
  '--each', '12', '--settle-ms', '500'] });
export const keys = [];
export const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

const config = ({ secretId = stage.access.key_id, secretKey = stage.access.secret, token, region = '', ...more } = {}) =>
  ({ credential: { secretId, secretKey, token }, region, profile: { httpProfile: { proxy: stage.gateway, reqTimeout: 10 }, ...more } });
export const cdnClient = (options) => new sdk.cdn.v20180606.Client(config(options));
export const sslClient = (options) => new sdk.ssl.v20191205.Client(config(options));
export const stsClient = (options) => new sdk.sts.v20180813.Client(config(options));
export const regionClient = (options) => new sdk.region.v20220627.Client(config(options));
export const clbClient = (region, options) => new sdk.clb.v20180317.Client(config({ region, ...options }));
export const wafClient = (region, options) => new sdk.waf.v20180125.Client(config({ region, ...options }));

export const refusal = (code) => (error) => {
  assert.ok(error instanceof Refusal, String(error));
  assert.equal(error.code, code);
  assert.match(error.requestId, /^[0-9a-f-]{36}$/);
  return true;
};

export const upload = async (cert, alias) => (await sslClient().UploadCertificate({
  CertificatePublicKey: cert.chain, CertificatePrivateKey: cert.key, CertificateType: 'SVR', Alias: alias, Repeatable: true })).CertificateId;
