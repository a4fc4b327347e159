// Calls of Alibaba Cloud's RPC services for which no SDK package is published: the vendor's own core client signs and
// sends, tests/data/operations.json says which parameter goes where and what an answer may hold.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { operations } from './stage.js';

const require = createRequire(import.meta.url);
const { default: Client, Config, OpenApiRequest, Params } = require('@alicloud/openapi-client');
const { RuntimeOptions } = require('@darabonba/typescript');

// { Ids: ['a'], Tag: [{ Key: 'k' }] } as { 'Ids.1': 'a', 'Tag.1.Key': 'k' }
function flatten(value, name, into) {
  if (value === undefined) return into;
  if (Array.isArray(value)) value.forEach((item, i) => flatten(item, `${name}.${i + 1}`, into));
  else if (typeof value === 'object') for (const [key, item] of Object.entries(value)) flatten(item, name ? `${name}.${key}` : key, into);
  else into[name] = String(value);
  return into;
}

function assertKnown(model, value, path) {
  if (Array.isArray(value)) value.forEach((item) => assertKnown(model, item, `${path}[]`));
  else if (path) assert.ok(model.response.some((r) => r.name === path), `${model.operation} answers ${path}, which the model lacks`);
  if (value && typeof value === 'object' && !Array.isArray(value))
    for (const [key, item] of Object.entries(value)) assertKnown(model, item, path ? `${path}.${key}` : key);
}

// rpc(stage, 'nlb')(action, parameters, { region, signatureAlgorithm }): the answer's body.
export const rpc = (stage, service) => async (action, parameters = {}, { region = 'cn-hangzhou', endpoint, ...more } = {}) => {
  const model = operations.find((o) => o.cloud === 'aliyun' && o.service === service && o.operation === action);
  assert.ok(model, `${service} ${action} is not in operations.json`);
  const formed = new Set(model.request.filter((p) => p.in === 'form').map((p) => p.name.split(/[[.]/)[0]));
  const pick = (wanted) => flatten(Object.fromEntries(Object.entries(parameters).filter(([name]) => formed.has(name) === wanted)), '', {});
  const body = pick(true);
  const client = new Client(new Config({ accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, regionId: region,
    protocol: 'HTTPS', endpoint: endpoint ?? model.hosts.at(-1).replace('{region}', region), ...more }));
  const { body: answer } = await client.callApi(
    new Params({ action, version: model.version, protocol: 'HTTPS', pathname: '/', method: 'POST', authType: 'AK', style: 'RPC',
      reqBodyType: 'formData', bodyType: 'json' }),
    new OpenApiRequest({ query: pick(false), ...(Object.keys(body).length ? { body } : {}) }), new RuntimeOptions({}));
  assertKnown(model, answer, '');
  return answer;
};

export const refusal = (code, status) => (error) => {
  assert.equal(error.code, code);
  assert.equal(error.statusCode, status);
  assert.match(String(error.data.RequestId), /^[0-9A-F-]{36}$/);
  return true;
};
