// ACK: the official CS SDK for clusters and kubeconfigs, the official Kubernetes client as judge of the simulated API servers,
// and what they and certferry see of each other.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as k8s from '@kubernetes/client-node';
import { makeStage, served, serves } from './stage.js';

const require = createRequire(import.meta.url);
const cs = require('@alicloud/cs20151215');
const cas = require('@alicloud/cas20200407');
const { Config } = require('@alicloud/openapi-client');

const stage = makeStage({ cloud: 'aliyun', preload: true, options: ['--services', 'aliyun/k8s', '--domains', '30', '--settle-ms', '300'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const config = (regionId) => new Config({ accessKeyId: stage.access.key_id, accessKeySecret: stage.access.secret, regionId, protocol: 'HTTPS' });
const csClient = (region = 'cn-hangzhou') => new cs.default(config(region));
const GROUP = { group: 'alibabacloud.com', version: 'v1', plural: 'albconfigs' };

async function clusters() {
  const found = [];
  for (let pageNumber = 1, total = 1; found.length < total; pageNumber++) {
    const { body } = await csClient().describeClustersV1(new cs.DescribeClustersV1Request({ pageNumber, pageSize: 2 }));
    total = body.pageInfo.totalCount;
    found.push(...body.clusters);
  }
  return found;
}

// What the official client makes of a cluster's kubeconfig; its connections go through the gateway by CONNECT.
async function clientOf(cluster, change = (config) => config) {
  const isPrivate = !JSON.parse(cluster.masterUrl).api_server_endpoint;
  const { body } = await csClient(cluster.regionId).describeClusterUserKubeconfig(cluster.clusterId,
    new cs.DescribeClusterUserKubeconfigRequest({ privateIpAddress: isPrivate, temporaryDurationMinutes: 15 }));
  const kubeconfig = new k8s.KubeConfig();
  kubeconfig.loadFromString(change(body.config));
  keys.push(...[kubeconfig.users[0].keyData ?? []].flat().map((data) => Buffer.from(data, 'base64').toString().split('\n')[1]));
  kubeconfig.clusters = kubeconfig.clusters.map((c) => ({ ...c, proxyUrl: stage.gateway }));
  return { core: kubeconfig.makeApiClient(k8s.CoreV1Api), custom: kubeconfig.makeApiClient(k8s.CustomObjectsApi),
    net: kubeconfig.makeApiClient(k8s.NetworkingV1Api), cluster };
}
const as = (strategy) => k8s.setHeaderOptions('Content-Type', strategy);
const parts = (resource) => resource.id.split('/'); // cluster, kind, [namespace], name, [port]
const place = async (resource) => {
  const [id, , ...rest] = parts(resource);
  return { client: await clientOf((await clusters()).find((c) => c.clusterId === id)), path: rest };
};
const secretOf = (client, [namespace, name]) => client.core.readNamespacedSecret({ namespace, name });
const albOf = (client, path) => (path.length === 3
  ? client.custom.getNamespacedCustomObject({ ...GROUP, namespace: path[0], name: path[1] })
  : client.custom.getClusterCustomObject({ ...GROUP, name: path[0] }));
const patchAlb = (client, path, body) => (path.length === 3
  ? client.custom.patchNamespacedCustomObject({ ...GROUP, namespace: path[0], name: path[1], body }, as(k8s.PatchStrategy.JsonPatch))
  : client.custom.patchClusterCustomObject({ ...GROUP, name: path[0], body }, as(k8s.PatchStrategy.JsonPatch)));
const secrets = () => stage.of('aliyun/ack').filter((r) => parts(r)[1] === 'secret');
const albconfigs = () => stage.of('aliyun/ack').filter((r) => parts(r)[1] === 'albconfig');
const code = (status) => (error) => {
  assert.equal(error.code, status, String(error));
  return true;
};

test('aliyun/ack: the CS SDK lists regions, managed and dedicated clusters, and gets a kubeconfig that ends', async () => {
  const { body: { regions } } = await csClient().describeRegions(new cs.DescribeRegionsRequest({}));
  assert.ok(regions.some((r) => r.regionId === 'cn-hangzhou'));
  const all = await clusters();
  assert.deepEqual(new Set(all.map((c) => c.clusterType)), new Set(['ManagedKubernetes', 'Kubernetes']));
  const { body } = await csClient(all[0].regionId).describeClusterDetail(all[0].clusterId);
  assert.equal(body.state, 'running');
  await assert.rejects(csClient(all[0].regionId).describeClusterUserKubeconfig(all[0].clusterId,
    new cs.DescribeClusterUserKubeconfigRequest({ temporaryDurationMinutes: 1 })));
});

test('aliyun/ack: the Kubernetes client pages through Secrets and finds the Ingresses that use them', async () => {
  const client = await clientOf((await clusters())[0]);
  const names = [];
  let token;
  do {
    const list = await client.core.listSecretForAllNamespaces({ fieldSelector: 'type=kubernetes.io/tls', limit: 2, _continue: token });
    assert.ok(list.items.length <= 2);
    names.push(...list.items.map((s) => `${s.metadata.namespace}/${s.metadata.name}`));
    token = list.metadata._continue;
  } while (token);
  const here = secrets().concat(stage.resources).filter((r) => r.product === 'aliyun/ack' && r.id.startsWith(`${client.cluster.clusterId}/secret/`));
  assert.deepEqual(new Set(names), new Set(here.map((r) => r.id.split('/').slice(2).join('/'))));
  const { items } = await client.net.listIngressForAllNamespaces();
  assert.ok(items.every((i) => names.includes(`${i.metadata.namespace}/${i.spec.tls[0].secretName}`)));
});

test('aliyun/ack: who shows no certificate, or another cluster\'s, is unauthorized', async () => {
  const [one, two] = await clusters();
  const { body } = await csClient(two.regionId).describeClusterUserKubeconfig(two.clusterId, new cs.DescribeClusterUserKubeconfigRequest({ temporaryDurationMinutes: 15 }));
  const other = (name) => body.config.match(new RegExp(`${name}: (\\S+)`))[1];
  const stranger = await clientOf(one, (config) => config.replace(/client-certificate-data: \S+/, `client-certificate-data: ${other('client-certificate-data')}`)
    .replace(/client-key-data: \S+/, `client-key-data: ${other('client-key-data')}`));
  await assert.rejects(stranger.core.listSecretForAllNamespaces(), code(401));
  const nobody = await clientOf(one, (config) => config.replace(/ {4}client-(certificate|key)-data: \S+\n/g, '').replace('user:\n', 'user: {}\n'));
  await assert.rejects(nobody.core.listSecretForAllNamespaces(), code(401));
});

test('aliyun/ack: R10 certferry replaces a Secret, the Kubernetes client sees it, and a rollback brings back every byte', async () => {
  const [resource] = secrets(), { client, path } = await place(resource), ours = issue(resource.domain);
  const before = await secretOf(client, path);
  const task = await stage.deploy(resource, ours);
  await serves(resource, ours);
  const after = await secretOf(client, path);
  assert.equal(Buffer.from(after.data['tls.crt'], 'base64').toString().trim(), ours.chain.trim());
  assert.notEqual(after.metadata.resourceVersion, before.metadata.resourceVersion);
  assert.deepEqual(after.metadata.labels, before.metadata.labels);
  assert.equal(after.data['ca.crt'], before.data['ca.crt']);
  await stage.rollback(task);
  const back = await secretOf(client, path);
  assert.deepEqual(back.data, before.data);
});

test('aliyun/ack: a Secret changed by the Kubernetes client is seen; an outdated resourceVersion is a conflict', async () => {
  const resource = secrets()[1], { client, path: [namespace, name] } = await place(resource), theirs = issue(resource.domain);
  const { metadata: { resourceVersion } } = await secretOf(client, [namespace, name]);
  const data = { 'tls.crt': Buffer.from(theirs.chain).toString('base64'), 'tls.key': Buffer.from(theirs.key).toString('base64') };
  const patch = () => client.core.patchNamespacedSecret({ namespace, name, body: { metadata: { resourceVersion }, data } }, as(k8s.PatchStrategy.MergePatch));
  await patch();
  await serves(resource, theirs);
  assert.equal((await stage.seen(resource)).slots[0].fingerprint, theirs.fingerprint);
  await assert.rejects(patch(), code(409));
  await assert.rejects(secretOf(client, [namespace, 'nothing']), code(404));
});

test('aliyun/ack: the Kubernetes client reads and changes AlbConfigs of either scope as custom resources', async () => {
  const scopes = new Set();
  for (const resource of albconfigs()) {
    const { client, path } = await place(resource);
    if (scopes.has(path.length)) continue;
    scopes.add(path.length);
    const before = await albOf(client, path), at = before.spec.listeners.findIndex((l) => l.protocol === 'HTTPS');
    const listener = `/spec/listeners/${at}`;
    await patchAlb(client, path, [{ op: 'test', path: `${listener}/certificates`, value: before.spec.listeners[at].certificates },
      { op: 'replace', path: `${listener}/idleTimeout`, value: 60 }]);
    assert.equal((await albOf(client, path)).spec.listeners[at].idleTimeout, 60);
    await assert.rejects(patchAlb(client, path, [{ op: 'test', path: `${listener}/idleTimeout`, value: 15 }]), code(422));
    await assert.rejects(patchAlb(client, path, [{ op: 'replace', path: '/metadata/resourceVersion', value: before.metadata.resourceVersion },
      { op: 'replace', path: `${listener}/idleTimeout`, value: 30 }]), code(409));
    const replace = (body) => (path.length === 3
      ? client.custom.replaceNamespacedCustomObject({ ...GROUP, namespace: path[0], name: path[1], body })
      : client.custom.replaceClusterCustomObject({ ...GROUP, name: path[0], body }));
    await assert.rejects(replace(before), code(409));
    await replace({ ...before, metadata: (await albOf(client, path)).metadata });
    const all = await client.custom.listClusterCustomObject(GROUP);
    assert.ok(all.items.some((i) => i.metadata.name === before.metadata.name));
  }
  assert.equal(scopes.size, 2, 'one of the cluster, one of a namespace');
});

test('aliyun/ack: R10 certferry replaces the default of an AlbConfig\'s listener and nothing else, and puts it back', async () => {
  const [resource] = albconfigs(), { client, path } = await place(resource), ours = issue(resource.domain);
  const before = await albOf(client, path), first = await served(resource);
  const task = await stage.deploy(resource, ours);
  await serves(resource, ours);
  const after = await albOf(client, path);
  const without = (config) => config.spec.listeners.map(({ certificates, ...rest }) => ({ ...rest, flags: certificates?.map((c) => c.IsDefault) }));
  assert.deepEqual(without(after), without(before));
  assert.deepEqual(after.spec.config, before.spec.config);
  const id = after.spec.listeners.find((l) => l.protocol === 'HTTPS').certificates[0].CertificateId;
  const region = id.slice(id.indexOf('-') + 1);
  const { body } = await new cas.default(config(region)).getUserCertificateDetail(new cas.GetUserCertificateDetailRequest({ certId: Number(id.split('-')[0]), certFilter: true }));
  assert.equal(body.certIdentifier, id);
  await stage.rollback(task);
  assert.deepEqual((await albOf(client, path)).spec, before.spec);
  assert.equal(await served(resource), first);
});

test('aliyun/ack: what cert-manager owns is named as managed, and deployed to on an explicit word alone', async () => {
  await stage.certferry('resource', 'sync', '--product', 'aliyun/ack');
  const { items } = await stage.certferry('resource', 'list', '--product', 'aliyun/ack', '--limit', '1000');
  assert.ok(items.some((i) => i.managed_by === 'cert-manager:shop'));
});

test('aliyun/ack: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
