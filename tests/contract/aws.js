// What the contract tests of AWS share: a stage, and AWS's own Node SDK (v3) sent through its gateway.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import * as acm from '@aws-sdk/client-acm';
import * as cloudfront from '@aws-sdk/client-cloudfront';
import * as ec2 from '@aws-sdk/client-ec2';
import * as classic from '@aws-sdk/client-elastic-load-balancing';
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { makeStage, until } from './stage.js';

export const stage = makeStage({ cloud: 'aws', options: ['--services', 'aws/cloudfront,aws/elbv2,aws/nlb,aws/elb',
  '--domains', '32', '--settle-ms', '500'] });
export const keys = [];
export const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};

export const client = (Client, { accessKeyId = stage.access.key_id, secretAccessKey = stage.access.secret, sessionToken, region = 'us-east-1' } = {}) =>
  new Client({ region, credentials: { accessKeyId, secretAccessKey, sessionToken }, maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ httpsAgent: new https.Agent({ proxyEnv: { HTTPS_PROXY: stage.gateway } }) }) });
const send = (module, service, name, input = {}, options) => client(module[`${service}Client`], options).send(new module[`${name}Command`](input));
export const STS = (name, input, options) => send(sts, 'STS', name, input, options);
export const EC2 = (name, input, options) => send(ec2, 'EC2', name, input, options);
export const IAM = (name, input, options) => send(iam, 'IAM', name, input, options);
export const ACM = (region, name, input, options) => send(acm, 'ACM', name, input, { region, ...options });
export const CF = (name, input, options) => send(cloudfront, 'CloudFront', name, input, options);
export const ELB = (region, name, input, options) => send(elb, 'ElasticLoadBalancingV2', name, input, { region, ...options });
export const CLB = (region, name, input, options) => send(classic, 'ElasticLoadBalancing', name, input, { region, ...options });

// The SDK's class for what the vendor's model declares, by its name otherwise; always the vendor's code and a request id.
export const refusal = (code, status, Class) => (error) => {
  assert.equal(error.name, code);
  if (Class) assert.ok(error instanceof Class, `${error.constructor.name} is ${Class.name}`);
  assert.equal(error.$metadata.httpStatusCode, status);
  assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
  return true;
};

const blob = (text) => Buffer.from(text);
export const importCertificate = async (region, cert, more) => (await ACM(region, 'ImportCertificate', { Certificate: blob(cert.leaf),
  CertificateChain: blob(cert.intermediate), PrivateKey: blob(cert.key), ...more })).CertificateArn;
// What is just imported is not there yet for the services that use it: like any client of theirs, ask again.
export const whenKnown = (code, ask) => until(`no ${code} any more`, () => ask().catch((error) => {
  if (error.name !== code || /cover/.test(error.message)) throw error;
}), { retryErrors: false });
export const regionOf = (resource) => resource.id.split(':')[3];

export const listener = async (arn) => (await ELB(arn.split(':')[3], 'DescribeListeners', { ListenerArns: [arn] })).Listeners[0];
export const listenerCertificates = async (arn) =>
  (await ELB(arn.split(':')[3], 'DescribeListenerCertificates', { ListenerArn: arn, PageSize: 100 })).Certificates;
export const arns = (certificates, isDefault) => certificates.filter((c) => c.IsDefault === isDefault).map((c) => c.CertificateArn);

// A self-signed RSA certificate, as issue() gives EC ones.
export const issueRsa = (bits, name) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'certferry-contract-rsa-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  openssl('req', '-x509', '-newkey', `rsa:${bits}`, '-nodes', '-keyout', 'key', '-out', 'leaf', '-subj', `/CN=${name}`, '-days', '200',
    '-addext', `subjectAltName=DNS:${name}`, '-addext', 'basicConstraints=critical,CA:FALSE');
  const [leaf, key] = ['leaf', 'key'].map((file) => fs.readFileSync(path.join(folder, file), 'utf8'));
  keys.push(key.split('\n')[1]);
  const fingerprint = openssl('x509', '-in', 'leaf', '-noout', '-fingerprint', '-sha256').trim().split('=')[1].replaceAll(':', '').toLowerCase();
  return { leaf, key, chainFile: path.join(folder, 'leaf'), keyFile: path.join(folder, 'key'), fingerprint };
};
