// Huawei Cloud's CDN by the vendor's own core SDK, and what it and certferry see of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globalCaller, refusal } from './huawei.js';
import { issueSmPair, makeStage, served, serves, until } from './stage.js';

const stage = makeStage({ cloud: 'huawei', preload: true,
  options: ['--services', 'huawei/cdn', '--domains', '18', '--settle-ms', '500'] });
const keys = [];
const issue = (...names) => {
  const cert = stage.issue(...names);
  keys.push(...stage.keyMarks(cert));
  return cert;
};
const cdn = (name, parameters) => globalCaller(stage, 'cdn', 'https://cdn.myhuaweicloud.com')(name, parameters);
const scm = (name, parameters) => globalCaller(stage, 'scm', 'https://scm.cn-north-4.myhuaweicloud.com')(name, parameters);

const domains = async (query = {}) => (await cdn('ListDomains', { query: { enterprise_project_id: 'all', page_size: 100, ...query } })).domains;
const configs = async (domain) => (await cdn('ShowDomainFullConfig',
  { path: { domain_name: domain.domain_name }, query: { enterprise_project_id: domain.enterprise_project_id } })).configs;
const update = (domain, https) => cdn('UpdateDomainFullConfig', { path: { domain_name: domain.domain_name },
  query: { enterprise_project_id: domain.enterprise_project_id }, body: { configs: { https } } });
const online = (domain) => until(`${domain.domain_name} is online`, async () => (await cdn('ShowDomainDetailByName',
  { path: { domain_name: domain.domain_name }, query: { enterprise_project_id: domain.enterprise_project_id } })).domain.domain_status === 'online');

const CERTIFICATE = ['certificate_type', 'certificate_source', 'scm_certificate_id', 'certificate_name', 'certificate_value', 'enc_certificate_value', 'expire_time'];
const besides = ({ https, ...rest }) => ({ ...rest, https: Object.fromEntries(Object.entries(https).filter(([k]) => !CERTIFICATE.includes(k))) });
const frame = (pem) => pem.trim();
const importCertificate = async (cert, name) => (await scm('ImportCertificate', { body: { name, certificate: frame(cert.leaf),
  certificate_chain: frame(cert.intermediate), private_key: frame(cert.key) } })).certificate_id;

const fit = async (which = () => true) => {
  const all = await domains();
  const found = all.filter((d) => d.domain_status === 'online' && !d.locked && !d.domain_name.startsWith('*') && which(d));
  assert.ok(found.length > 0);
  return found.map((domain) => ({ domain, resource: stage.resources.find((r) => r.id === domain.domain_name) }));
};

test('huawei/cdn: the SDK lists every domain page by page, with its entry point', async () => {
  await stage.certferry('access', 'update', 'huawei', '--calls-per-second', '1000'); // the published limits are slow
  const found = [];
  for (let page = 1, total = 1; found.length < total; page++) {
    const answer = await cdn('ListDomains', { query: { enterprise_project_id: 'all', page_size: 5, page_number: page } });
    total = answer.total;
    assert.ok(answer.domains.length > 0);
    found.push(...answer.domains);
  }
  assert.deepEqual(found.map((d) => d.domain_name).sort(), stage.resources.map((r) => r.id).sort());
  for (const d of found) assert.equal(`${d.cname}:443`, stage.resources.find((r) => r.id === d.domain_name).entry);
  const [one] = await domains({ domain_name: found[0].domain_name, exact_match: true });
  assert.equal(one.domain_name, found[0].domain_name);
});

test('huawei/cdn: the SDK imports a certificate into SCM, which shows its key in an export alone', async () => {
  const cert = issue('store.example.com', 'more.example.com');
  const id = await importCertificate(cert, 'contract-store');
  assert.match(id, /^scs[0-9]{13}$/);
  const { certificates, total_count: total } = await scm('ListCertificates', { query: { content: 'contract-store', limit: 50 } });
  assert.equal(total, 1);
  assert.deepEqual([certificates[0].id, certificates[0].domain, certificates[0].sans, certificates[0].status],
    [id, 'store.example.com', 'more.example.com', 'UPLOAD']);
  const shown = await scm('ShowCertificate', { path: { certificate_id: id } });
  assert.doesNotMatch(JSON.stringify(shown), /PRIVATE/);
  const exported = await scm('ExportCertificate', { path: { certificate_id: id } });
  assert.equal(exported.private_key.trim(), cert.key.trim());
  assert.equal(exported.certificate.trim(), cert.leaf.trim());
  await scm('DeleteCertificate', { path: { certificate_id: id } });
  await assert.rejects(scm('ShowCertificate', { path: { certificate_id: id } }), refusal(400, 'SCM.0020'));
});

test('huawei/cdn: the SDK binds by SCM id and certferry sees it; certferry deploys and rolls back and every neighbour stays', async () => {
  const [{ domain, resource }] = await fit((d) => d.https_status && d.enterprise_project_id !== '0');
  const theirs = issue(resource.domain), ours = issue(resource.domain);
  const id = await importCertificate(theirs, 'contract-theirs');
  const before = await configs(domain);
  const { http2_status, tls_version, ocsp_stapling_status } = before.https;
  await update(domain, { https_status: 'on', certificate_type: 'server', certificate_source: 2, scm_certificate_id: id,
    certificate_name: 'contract-theirs', http2_status, tls_version, ocsp_stapling_status });
  await serves(resource, theirs);
  await online(domain);
  const seen = (await stage.seen(resource)).slots.find((s) => s.slot === 'default');
  assert.equal(seen.ref, id);
  assert.equal(seen.fingerprint, theirs.fingerprint);
  assert.deepEqual(besides(await configs(domain)), besides(before));

  const since = stage.log().length;
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  const after = await configs(domain);
  assert.equal(after.https.certificate_source, 2);
  assert.notEqual(after.https.scm_certificate_id, id);
  assert.deepEqual(besides(after), besides(before), 'HTTP/2, OCSP, TLS versions, redirect, HSTS, mutual TLS and the rest survive');
  assert.deepEqual(stage.changes(resource, since).map((c) => c.fields.filter((f) => !f.startsWith('server.'))), [[]],
    'one write, and only of the certificate');
  assert.equal((await scm('ExportCertificate', { path: { certificate_id: after.https.scm_certificate_id } })).private_key.trim(), ours.key.trim());

  await stage.rollback(task);
  assert.equal(await served(resource), theirs.fingerprint);
  const last = await configs(domain);
  assert.equal(last.https.scm_certificate_id, id);
  assert.deepEqual(besides(last), besides(before));
});

test('huawei/cdn: what the SDK uploads to CDN directly is told by its digest, and comes back only where we hold it', async () => {
  const [, { domain, resource }] = await fit((d) => d.https_status);
  const old = issue(resource.domain), ours = issue(resource.domain);
  const { https } = await configs(domain);
  await update(domain, { https_status: 'on', certificate_type: 'server', certificate_source: 0, certificate_name: 'by-hand',
    certificate_value: old.chain, private_key: old.key, http2_status: https.http2_status, tls_version: https.tls_version,
    ocsp_stapling_status: https.ocsp_stapling_status });
  await serves(resource, old);
  await online(domain);
  const before = await configs(domain);
  assert.equal(before.https.private_key, undefined);
  const seen = (await stage.seen(resource)).slots[0];
  assert.equal(seen.ref, old.fingerprint);
  await assert.rejects(stage.deploy(resource, ours), /exit [234]/, 'a step of no return needs a yes');
  await stage.certferry('cert', 'import', '--cert', old.chainFile, '--key', old.keyFile);
  const task = await stage.deploy(resource, ours);
  assert.equal(await served(resource), ours.fingerprint);
  await stage.rollback(task);
  assert.equal(await served(resource), old.fingerprint);
  assert.deepEqual(besides(await configs(domain)), besides(before));
});

test('huawei/cdn: certferry switches HTTPS on for the first time and off again, and the SDK sees both', async () => {
  const [{ domain, resource }] = await fit((d) => !d.https_status);
  const ours = issue(resource.domain), before = await configs(domain);
  const task = await stage.deploy(resource, ours);
  assert.equal((await configs(domain)).https.https_status, 'on');
  assert.equal(await served(resource), ours.fingerprint);
  await stage.rollback(task);
  assert.deepEqual(await configs(domain), before);
});

test('huawei/cdn: R19: an SM2 pair goes beside the international certificate, both are read back, and each can be changed and put back', async () => {
  const { domain, resource } = (await fit((d) => d.https_status))[3];
  const pair = issueSmPair(resource.domain), ours = issue(resource.domain);
  keys.push(...pair.marks);
  const before = await configs(domain), first = await served(resource);
  const task = await stage.deploy(resource, pair);
  const [deployment] = (await stage.certferry('task', 'show', String(task))).deployments;
  assert.deepEqual([deployment.slot, deployment.verdict], ['sm', 'not verified']);
  const both = (await configs(domain)).https.certificates;
  assert.deepEqual(both.map((c) => c.certificate_type), ['server', 'server_sm']);
  assert.equal(both[0].scm_certificate_id, before.https.scm_certificate_id);
  assert.ok(both[1].certificate_value.startsWith(pair.signing.cert.trim()));
  assert.ok(both[1].enc_certificate_value.trim().startsWith(pair.encryption.cert.trim()));
  assert.equal(await served(resource), first, 'the other certificate is served as before');
  const seen = (await stage.seen(resource)).slots;
  assert.deepEqual(seen.map((s) => s.slot), ['default', 'sm']);
  assert.equal(seen[1].ref, seen[1].fingerprint, 'told by both halves');

  const second = await stage.deploy(resource, ours);
  await serves(resource, ours);
  assert.equal((await configs(domain)).https.certificates[1].certificate_value, both[1].certificate_value);
  await stage.rollback(second);
  await serves(resource, { fingerprint: first });
  await stage.rollback(task);
  assert.deepEqual(await configs(domain), before);
  assert.deepEqual((await stage.seen(resource)).slots.map((s) => s.slot), ['default']);
  pair.remove();
});

test('huawei/cdn: what is left out of the HTTPS block falls back to its default; a domain being configured takes no change', async () => {
  const { domain, resource } = (await fit((d) => d.https_status))[2];
  const before = (await configs(domain)).https;
  assert.equal(before.http2_status, 'on');
  const bare = { https_status: 'on', certificate_type: 'server', certificate_source: 2, scm_certificate_id: before.scm_certificate_id, certificate_name: 'bare' };
  await update(domain, bare);
  assert.equal((await configs(domain)).https.http2_status, 'off', 'lost');
  const busy = await update(domain, { ...bare, http2_status: 'on' });
  assert.equal(busy.error.error_code, 'CDN.0106', 'refused with the status 200');
  await online(domain);
  await update(domain, { ...bare, http2_status: 'on', tls_version: before.tls_version, ocsp_stapling_status: before.ocsp_stapling_status });
  await online(domain);
  assert.ok(resource);
});

test('huawei/cdn and SCM: missing, unknown and wrong parameters keep the vendor\'s codes', async () => {
  const [{ domain, resource }] = await fit((d) => d.https_status);
  const cert = issue(resource.domain), other = issue(resource.domain), long = 'x'.repeat(5000);
  const put = (https, project = domain.enterprise_project_id) => cdn('UpdateDomainFullConfig',
    { path: { domain_name: domain.domain_name }, query: { enterprise_project_id: project }, body: { configs: { https } } });
  const bare = { https_status: 'on', certificate_type: 'server', certificate_name: 'wrong' };
  await assert.rejects(put({ ...bare, certificate_source: 2, scm_certificate_id: 'scs0000000000000' }), { httpStatusCode: 400 });
  await assert.rejects(put({ ...bare, certificate_source: 0, certificate_value: cert.chain, private_key: other.key }), { httpStatusCode: 400 });
  await assert.rejects(put({ ...bare, certificate_source: 2 }, 'all'), { httpStatusCode: 403 });
  await assert.rejects(cdn('ListDomains', {}), { httpStatusCode: 403 });
  await assert.rejects(cdn('ListDomains', { extra: { query: { nonsense: 1 } } }), { httpStatusCode: 400 });
  await assert.rejects(scm('ListCertificates', { query: { limit: 30 } }), refusal(400, 'SCM.0005'));
  const body = { name: 'contract-bad', certificate: frame(cert.leaf), certificate_chain: frame(cert.intermediate), private_key: frame(cert.key) };
  await assert.rejects(scm('ImportCertificate', { body: { ...body, certificate: long } }), refusal(400, 'SCM.0005'));
  await assert.rejects(scm('ImportCertificate', { body: { ...body, certificate: cert.leaf } }), refusal(400, 'SCM.0053'));
  await assert.rejects(scm('ImportCertificate', { body: { ...body, private_key: frame(other.key) } }), refusal(400, 'SCM.0014'));
  await assert.rejects(scm('ImportCertificate', { body: { ...body, certificate_chain: undefined } }), refusal(400, 'SCM.0013'));
});

test('huawei/cdn: after all these calls no secret and no private key is in the simulator\'s log or in what certferry said', () => stage.assertNothingTold(keys));
