// sdk.js - the bind work of certferry, done by Alibaba Cloud's official Node SDK with N workers, on the same simulator and over
// the same plain http, as a program written for the purpose would: one client, connections kept alive, no limits, no journal.
//
//   node sdk.js READY_FILE CERT_FILE KEY_FILE WORKERS bind|full      full: read, bind, read back and compare
//
// Prints one JSON line. CPU time is that of the work alone: without starting Node, and without loading the SDK.
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { createRequire } = require('node:module');

const sdks = createRequire(path.resolve(__dirname, '../tests/contract/package.json'));
const cas = sdks('@alicloud/cas20200407');
const cdn = sdks('@alicloud/cdn20180510');
const { Config } = sdks('@alicloud/openapi-client');

const [readyFile, certFile, keyFile, workers, mode] = process.argv.slice(2);
const ready = JSON.parse(fs.readFileSync(readyFile, 'utf8'));
const gateway = new URL(ready.gateway);
const access = ready.accesses.find((a) => a.cloud === 'aliyun');
const domains = ready.resources.filter((r) => r.product === 'aliyun/cdn').map((r) => r.domain.replace(/^\*/, ''));

http.Agent.prototype.createConnection = () => net.connect(gateway.port, gateway.hostname);
const client = (sdk, endpoint) => new sdk.default(new Config({
  accessKeyId: access.key_id, accessKeySecret: access.secret, regionId: 'cn-hangzhou', endpoint, protocol: 'HTTP',
}));

async function upload() {
  const [name, cert, key] = ['bench', fs.readFileSync(certFile, 'utf8'), fs.readFileSync(keyFile, 'utf8')];
  const { body } = await client(cas, 'cas.aliyuncs.com').uploadUserCertificate(new cas.UploadUserCertificateRequest({ name, cert, key }));
  return body.certId;
}

const one = client(cdn, 'cdn.aliyuncs.com');
const read = async (domainName) => {
  const { body } = await one.describeDomainCertificateInfo(new cdn.DescribeDomainCertificateInfoRequest({ domainName }));
  return body.certInfos.certInfo[0].certId;
};
const bind = (domainName, certId) => one.setCdnDomainSSLCertificate(new cdn.SetCdnDomainSSLCertificateRequest({
  domainName, SSLProtocol: 'on', certType: 'cas', certId, certName: 'bench', certRegion: 'cn-hangzhou',
}));

async function deploy(domain, certId) {
  if (mode === 'full' && await read(domain) === String(certId))
    return;
  await bind(domain, certId);
  if (mode === 'full' && await read(domain) !== String(certId))
    throw new Error(`${domain} does not show what was bound`);
}

async function main() {
  const certId = await upload();
  let next = 0;
  const worker = async () => {
    while (next < domains.length)
      await deploy(domains[next++], certId);
  };
  const begin = process.hrtime.bigint(), cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: Number(workers) }, worker));
  const used = process.cpuUsage(cpu);
  console.log(JSON.stringify({ done: domains.length, seconds: Number(process.hrtime.bigint() - begin) / 1e9,
    cpu_seconds: (used.user + used.system) / 1e6, rss_kib: process.resourceUsage().maxRSS }));
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
