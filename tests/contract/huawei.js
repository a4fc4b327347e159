// What the tests of Huawei Cloud's products share. The registry has no packages for ELB, CDN, WAF and SCM: their requests are
// declared here as the SDK's generated packages do it, from tests/data/operations.json, and sent by the SDK's own core.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { operations } from './stage.js';

const require = createRequire(import.meta.url);
const core = '@huaweicloud/huaweicloud-sdk-core';
const { BasicCredentials, GlobalCredentials, Region } = require(core);
const { ClientBuilder } = require(`${core}/ClientBuilder`);
const { ClientRequestException } = require(`${core}/exception/ClientRequestException`);

// The SDK prints every refused request, private key and all, on standard output.
require(`${core}/logger/log4jLogger`).Logger4jInstance.error = () => {};

// Every member of a body, by its name in the model: "configs.https.certificates[].certificate_name".
function members(value, name = '') {
  if (Array.isArray(value)) return value.length ? value.flatMap((v) => members(v, `${name}[]`)) : [`${name}[]`];
  const own = name ? [name] : [];
  if (value === null || typeof value !== 'object') return own;
  return own.concat(Object.keys(value).flatMap((key) => members(value[key], name ? `${name}.${key}` : key)));
}

// A call with its parameters where the vendor's model wants them; what the model requires must be there and what it does
// not know must not, so that a test cannot ask for more than the vendor takes. `extra` goes past that check.
export function request(service, name, { path = {}, query = {}, body, extra = {} } = {}) {
  const models = operations.filter((o) => o.cloud === 'huawei' && o.service === service && o.operation === name);
  const model = models.find((o) => o.version !== 'v2') ?? models[0];
  assert.ok(model, `operations.json has huawei ${service} ${name}`);
  const of = (where) => model.request.filter((p) => p.in === where);
  const queries = of('query').map((p) => p.name.replace(/\[\]$/, '')), known = of('json').map((p) => p.name);
  for (const key of Object.keys(query)) assert.ok(queries.includes(key), `${name} has the parameter ${key}`);
  for (const p of of('path').filter((p) => p.name !== 'project_id')) assert.ok(path[p.name], p.name);
  const sent = members(body ?? {});
  for (const member of sent)
    assert.ok(known.some((k) => k === member || k.startsWith(`${member}.`)), `${name} has ${member}`);
  for (const p of extra.incomplete ? [] : of('json').filter((p) => p.required)) {
    const parent = p.name.slice(0, Math.max(p.name.lastIndexOf('.'), 0));
    assert.ok(sent.includes(p.name) || (parent && !sent.includes(parent)), `${name} needs ${p.name}`);
  }
  return { method: model.http_method, url: model.path, contentType: 'application/json', headers: {}, pathParams: path,
    queryParams: { ...query, ...extra.query }, data: body ? { ...body, ...extra.body } : {} };
}

export const refusal = (status, code) => (error) => {
  assert.ok(error instanceof ClientRequestException, String(error));
  assert.equal(error.httpStatusCode, status);
  assert.equal(error.errorCode, code);
  assert.match(error.requestId, /^[0-9a-f-]{32,36}$/);
  return true;
};

const build = (credentials, where) => where(new ClientBuilder((client) => client).withCredential(credentials)).build();

// Calls of a global service, which name the account.
export const globalCaller = (stage, service, endpoint) => (name, parameters) => build(
  new GlobalCredentials({ ak: stage.access.key_id, sk: stage.access.secret, domainId: stage.access.account }),
  (builder) => builder.withEndpoint(endpoint)).sendRequest(request(service, name, parameters));

// Calls of a region: the SDK asks IAM for the project of that name by itself.
export const regionalCaller = (stage, service, region) => (name, parameters) => build(
  new BasicCredentials({ ak: stage.access.key_id, sk: stage.access.secret, iamEndpoint: 'https://iam.myhuaweicloud.com' }),
  (builder) => builder.withRegion(new Region(region, `https://${service}.${region}.myhuaweicloud.com`)))
  .sendRequest(request(service, name, parameters));
