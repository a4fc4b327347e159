// What every contract test stands on: a simulator of its own, certificates, a look at an edge, certferry's command line.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { after, before } from 'node:test';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const build = path.resolve(root, process.env.BUILD || 'build');
const programs = {
  certferry: process.env.CERTFERRY || path.join(build, 'certferry'),
  simulator: process.env.CERTFERRY_SIM || path.join(build, 'certferry-sim'),
};
const DEADLINE_MS = 10_000;
const POLL_MS = 20;

export const operations = JSON.parse(fs.readFileSync(path.join(root, 'tests/data/operations.json'), 'utf8')).operations;

// The value of ask() as soon as it is one; fails with the wish, and the last error, when it is none in time.
export async function until(wish, ask, { retryErrors = true } = {}) {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    let error;
    try {
      const value = await ask();
      if (value) return value;
    } catch (caught) {
      if (!retryErrors) throw caught;
      error = caught;
    }
    if (Date.now() > end) throw new Error(`in ${DEADLINE_MS} ms it never came true that ${wish}`, { cause: error });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

// The page docs/simulator.md gives this to those whose SDK has no proxy that works; so it is taken from there.
function takeDocumentedPreload(gateway) {
  const page = fs.readFileSync(path.join(root, 'docs/simulator.md'), 'utf8');
  const script = page.match(/```js\n([^`]*createConnection[^`]*`[^`]*`[^]*?)```/);
  assert.ok(script, 'docs/simulator.md shows no preload script');
  process.env.SIM_GATEWAY = gateway;
  new Function('require', script[1])(createRequire(import.meta.url));
}

const openssl = (folder, ...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });

// An authority with an intermediate, and issue(): certificates with a full chain, each valid a day longer
// than the one before, so that none is held back as the shorter.
function makeAuthority(folder) {
  let made = 0;
  const key = (name) => openssl(folder, 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.sec1`) &&
    openssl(folder, 'pkcs8', '-topk8', '-nocrypt', '-in', `${name}.sec1`, '-out', `${name}.key`);
  const sign = (name, subject, issuer, extensions) => {
    key(name);
    fs.writeFileSync(path.join(folder, `${name}.ext`), extensions);
    openssl(folder, 'req', '-new', '-key', `${name}.key`, '-subj', `/CN=${subject}`, '-out', `${name}.csr`);
    const by = issuer === name ? ['-signkey', `${name}.key`] : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`];
    openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...by, '-set_serial', String(1000 + ++made), '-days', String(60 + made),
      '-extfile', `${name}.ext`, '-out', `${name}.pem`);
    return fs.readFileSync(path.join(folder, `${name}.pem`), 'utf8');
  };
  const authority = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n';
  const root = sign('root', 'Contract Root', 'root', authority);
  const intermediate = sign('issuer', 'Contract Issuing CA', 'root', `${authority}authorityKeyIdentifier=keyid\n`);
  return (...names) => {
    const name = `leaf${made}`;
    const leaf = sign(name, names[0], 'issuer', 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' +
      `authorityKeyIdentifier=keyid\nsubjectAltName=${names.map((n) => `DNS:${n}`).join(',')}\n`);
    const chainFile = path.join(folder, `${name}.chain.pem`);
    fs.writeFileSync(chainFile, leaf + intermediate + root); // certferry stores the root and uploads the rest
    const fingerprint = openssl(folder, 'x509', '-in', `${name}.pem`, '-noout', '-fingerprint', '-sha256')
      .toString().trim().split('=')[1].replaceAll(':', '').toLowerCase();
    return { leaf, intermediate, chain: leaf + intermediate, key: fs.readFileSync(path.join(folder, `${name}.key`), 'utf8'),
      chainFile, keyFile: path.join(folder, `${name}.key`), fingerprint };
  };
}

// An SM2 pair by a CA of its own, as two files: both certificates with the CA's, both keys.
export function issueSmPair(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'certferry-contract-sm-'));
  const file = (f) => path.join(folder, f);
  const sign = ['-sm3', '-sigopt', 'distid:1234567812345678'];
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const key = (who) => {
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2', '-out', `${who}.key`);
    return fs.readFileSync(file(`${who}.key`), 'utf8');
  };
  const caKey = key('ca');
  openssl('req', '-x509', '-new', '-key', 'ca.key', ...sign, '-subj', '/CN=Contract SM CA', '-days', '90', '-out', 'ca.pem');
  const leaf = (who, usage) => {
    const secret = key(who);
    fs.writeFileSync(file('ext'), `basicConstraints=CA:FALSE\nkeyUsage=critical,${usage}\nsubjectAltName=DNS:${name}\n`);
    openssl('req', '-new', '-key', `${who}.key`, ...sign, '-subj', `/CN=${name}`, '-out', 'csr');
    openssl('x509', '-req', '-in', 'csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', ...sign, '-vfyopt', 'distid:1234567812345678',
      '-CAcreateserial', '-days', '80', '-extfile', 'ext', '-out', `${who}.pem`);
    return { cert: fs.readFileSync(file(`${who}.pem`), 'utf8'), key: secret };
  };
  const signing = leaf('sign', 'digitalSignature'), encryption = leaf('encrypt', 'keyEncipherment,dataEncipherment,keyAgreement');
  const ca = fs.readFileSync(file('ca.pem'), 'utf8');
  fs.writeFileSync(file('pair.pem'), signing.cert + encryption.cert + ca);
  fs.writeFileSync(file('pair.key'), signing.key + encryption.key, { mode: 0o600 });
  const marks = [signing, encryption, { key: caKey }].map(({ key: text }) => text.split('\n')[1]); // of the private keys
  return { signing, encryption, marks, chainFile: file('pair.pem'), keyFile: file('pair.key'), remove: () => fs.rmSync(folder, { recursive: true }) };
}

// The SHA-256 fingerprint of what this edge presents to a client that asks for the name.
export function served(resource, name = resource.domain.replace('*', 'www')) {
  const [host, port] = resource.edge.split(':');
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host, port: Number(port), servername: name, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase());
      socket.destroy();
    });
    socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error(`the edge ${resource.edge} is silent`)));
    socket.on('error', reject);
  });
}

export const serves = (resource, cert, name) =>
  until(`the edge of ${resource.id} serves the new certificate`, async () => (await served(resource, name)) === cert.fingerprint);

// A simulator for the tests of this file, and certferry with an access to the cloud in it. How official SDKs reach the
// simulator is for the caller: stage.gateway as their proxy, or preload: true.
export function makeStage({ cloud, options = [], preload = false }) {
  const stage = { cloud };
  const said = []; // all that certferry put out, at debug level
  let folder, simulator;

  // Also when the runner has no more patience with this file and ends it.
  const cleanUp = () => {
    simulator?.kill('SIGKILL');
    if (folder) fs.rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  process.once('SIGTERM', () => process.exit(1));

  before(async () => {
    for (const program of Object.values(programs)) assert.ok(fs.existsSync(program), `${program} is not there: run script/build first`);
    folder = fs.mkdtempSync(path.join(os.tmpdir(), `certferry-contract-${cloud}-`));
    const file = (name) => path.join(folder, name);
    stage.logFile = file('calls.jsonl');
    const output = fs.openSync(file('simulator.out'), 'a');
    simulator = spawn(programs.simulator, ['--listen', '127.0.0.1:0', '--ready-file', file('ready.json'), '--ca-out', file('ca.pem'),
      '--log', stage.logFile, ...options], { stdio: ['ignore', output, output] });
    const ready = await until('the simulator is ready', () => {
      if (simulator.exitCode !== null) throw new Error(fs.readFileSync(file('simulator.out'), 'utf8'));
      return JSON.parse(fs.readFileSync(file('ready.json'), 'utf8'));
    });
    stage.gateway = ready.gateway;
    stage.ready = ready; // of all clouds
    stage.access = ready.accesses.find((a) => a.cloud === cloud);
    stage.resources = ready.resources.filter((r) => r.cloud === cloud);
    if (preload) takeDocumentedPreload(stage.gateway);
    tls.setDefaultCACertificates([fs.readFileSync(file('ca.pem'), 'utf8')]);
    stage.issue = makeAuthority(folder);
    fs.writeFileSync(file('secret'), stage.access.secret, { mode: 0o600 });
    await stage.certferry('access', 'add', '--cloud', cloud, '--name', cloud, '--key-id', stage.access.key_id,
      '--secret-file', file('secret'), '--gateway', stage.gateway);
  });

  after(async () => {
    if (simulator?.exitCode === null) {
      const gone = new Promise((resolve) => simulator.once('exit', resolve));
      simulator.kill('SIGTERM');
      await gone;
    }
    cleanUp();
  });

  // certferry serve on that store: its port, until the tests of the file are over. What it says is looked at with the rest.
  stage.serve = async (...args) => {
    const log = path.join(fs.mkdtempSync(path.join(folder, 'serve-')), 'log'), output = fs.openSync(log, 'a');
    const server = spawn(programs.certferry, ['serve', '--listen', '127.0.0.1:0', '--data', path.join(folder, 'data'),
      '--master-key', path.join(folder, 'master.key'), '--log-level', 'debug', ...args], { stdio: ['ignore', output, output] });
    process.once('exit', () => server.kill('SIGKILL'));
    stage.stopServer = async () => {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      assert.equal(await gone, 0, 'the server ends well');
      said.push(fs.readFileSync(log, 'utf8'));
    };
    return until('the server says where it serves', () => {
      if (server.exitCode !== null) throw new Error(fs.readFileSync(log, 'utf8'));
      return Number(fs.readFileSync(log, 'utf8').match(/serve\.start.*http:\/\/[^ "]+:(\d+)/)?.[1]);
    });
  };

  // certferry ARGS --json: what it answers. Its exit code is 0 or the test fails with what it said.
  stage.certferry = async (...args) => {
    const more = ['--data', path.join(folder, 'data'), '--master-key', path.join(folder, 'master.key'), '--json', '--log-level', 'debug'];
    try {
      const { stdout, stderr } = await promisify(execFile)(programs.certferry, [...args, ...more], { timeout: 60_000, maxBuffer: 16 << 20 });
      said.push(stdout, stderr);
      return stdout.trim() ? JSON.parse(stdout) : null;
    } catch (error) {
      throw new Error(`certferry ${args.join(' ')}: exit ${error.code}\n${error.stdout}\n${error.stderr}`);
    }
  };

  // What certferry finds in the cloud for this resource now.
  stage.seen = async (resource) => {
    await stage.certferry('resource', 'sync', '--product', resource.product);
    const { items } = await stage.certferry('resource', 'list', '--product', resource.product, '--limit', '1000');
    const found = items.find((item) => item.vendor_id === resource.id);
    assert.ok(found, `certferry lists ${resource.id}`);
    return found;
  };

  // The task that put the certificate there; rollback() takes it back.
  stage.deploy = async (resource, cert, ...more) => (await stage.certferry('deploy', '--cert-file', cert.chainFile, '--key-file', cert.keyFile,
    '--resource', resource.id, '--product', resource.product, '--sync', '--yes', ...more)).task.id;
  stage.rollback = (task) => stage.certferry('task', 'rollback', String(task), '--yes');

  stage.of = (product) => stage.resources.filter((r) => r.product === product && !r.domain.startsWith('*'));

  stage.log = () => fs.readFileSync(stage.logFile, 'utf8').trim().split('\n').map((line) => JSON.parse(line));

  // The calls of one kind since a point of the log, for "no call changed another field".
  stage.changes = (resource, since = 0) =>
    stage.log().slice(since).filter((call) => call.outcome === 'changed' && call.resource === resource.id);

  stage.assertNothingTold = (secrets) => {
    const log = fs.readFileSync(stage.logFile, 'utf8'), output = said.join('');
    assert.ok(log.length > 0 && output.length > 0, 'the simulator and certferry said something');
    assert.doesNotMatch(log, /-----BEGIN|PRIVATE KEY/);
    for (const secret of [stage.access.secret, ...secrets])
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')])
        for (const text of [log, output]) assert.ok(!text.includes(form), 'a secret is told');
  };
  // What identifies a private key wherever it may turn up: the middle of its base64.
  stage.keyMarks = (...certs) => certs.map((cert) => cert.key.split('\n')[1]);

  return stage;
}
