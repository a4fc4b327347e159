// Calls of Alibaba Cloud's path-based (ROA) services for which no SDK package is published: the vendor's own core client
// signs and sends, tests/data/operations.json says which parameter goes where and what an answer may hold.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { operations } from './stage.js';

const require = createRequire(import.meta.url);
const { default: Client, Config, OpenApiRequest, Params } = require('@alicloud/openapi-client');
const { RuntimeOptions } = require('@darabonba/typescript');

function assertKnown(model, value, path) {
  if (Array.isArray(value)) value.forEach((item) => assertKnown(model, item, `${path}[]`));
  else if (path) assert.ok(model.response.some((r) => r.name === path), `${model.operation} answers ${path}, which the model lacks`);
  if (value && typeof value === 'object' && !Array.isArray(value))
    for (const [key, item] of Object.entries(value)) assertKnown(model, item, path ? `${path}.${key}` : key);
}

// roa(stage, 'apig')(action, parameters, { region }): the answer's body, whatever it says of success.
export const roa = (stage, service) => async (action, parameters = {}, { region = 'cn-hangzhou', ...more } = {}) => {
  const model = operations.find((o) => o.cloud === 'aliyun' && o.service === service && o.operation === action);
  assert.ok(model, `${service} ${action} is not in operations.json`);
  const place = (name) => model.request.find((p) => p.name.split(/[[.]/)[0] === name)?.in;
  const pick = (where) => Object.fromEntries(Object.entries(parameters).filter(([name]) => place(name) === where));
  const pathname = model.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(parameters[name]));
  const body = pick('json');
  const client = new Client(new Config({ accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, regionId: region,
    protocol: 'HTTPS', endpoint: model.hosts[0].replace('{region}', region), ...more }));
  const { body: answer } = await client.callApi(
    new Params({ action, version: model.version, protocol: 'HTTPS', pathname, method: model.http_method, authType: 'AK', style: 'ROA',
      reqBodyType: 'json', bodyType: 'json' }),
    new OpenApiRequest({ query: Object.fromEntries(Object.entries(pick('query')).map(([name, value]) => [name, String(value)])),
      ...(Object.keys(body).length ? { body } : {}) }), new RuntimeOptions({}));
  assertKnown(model, answer, '');
  return answer;
};
