// Starts a did:plc directory (in memory) and a real Bluesky PDS in one process, loopback only.
//
//   node start.cjs [--rate-limits] [--blob-limit BYTES] [--clock FILE] DATA_DIR
//
// Prints one JSON line {"pds": ..., "plc": ..., "pid": ...} when both listen. It
// stops on SIGTERM, and when its standard input closes: a test run that is killed must not leave a
// server behind. On SIGUSR2 the PDS goes away and comes back on the same port, data and secrets,
// while the directory stays; DATA_DIR/starts counts how often it came. FILE holds a JSON list whose
// first number is by how many seconds its clock is ahead.
// The packages are found through NODE_PATH, since they live in a cache outside this folder.
'use strict'
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { parseArgs } = require('node:util')
const { randomBytes } = require('node:crypto')

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'rate-limits': { type: 'boolean' },
    'blob-limit': { type: 'string' },
    clock: { type: 'string' },
  },
})
const dataDir = path.resolve(positionals[0] ?? 'data')
if (options.clock) globalThis.Date = dateAhead(path.resolve(options.clock))

process.env.LOG_ENABLED ??= '0' // read by the PDS when it is loaded
const { PlcServer, Database } = require('@did-plc/server')
const { PDS, envToCfg, envToSecrets } = require('@atproto/pds')

// Tokens end and rate limits pass by this clock, so it must be there before the packages are.
function dateAhead(file) {
  const True = Date
  let ahead = 0, isFresh = false
  const now = () => {
    // Once a turn of the event loop: a request sent after the file was written finds it so.
    if (!isFresh) {
      isFresh = true
      setImmediate(() => { isFresh = false }).unref()
      try {
        ahead = JSON.parse(fs.readFileSync(file, 'utf8'))[0] * 1000
      } catch { /* it is not there yet */ }
    }
    return Math.round(True.now() + ahead)
  }
  return class extends True {
    constructor(...given) {
      super(...(given.length ? given : [now()]))
    }

    static now() {
      return now()
    }
  }
}

// Both packages call app.listen(port), which would listen on every interface.
function onLoopbackOnly(app) {
  const listen = app.listen.bind(app)
  app.listen = (port) => listen(port, '127.0.0.1')
}

// The PDS must know its own port before it listens, so a free one is looked for first.
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = http.createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

async function startPlc(port) {
  const plc = PlcServer.create({ db: Database.mock(), port })
  onLoopbackOnly(plc.app)
  await plc.start()
  return plc
}

// One public record or description of the PDS, or {} where it has none.
async function ask(pdsUrl, method, params) {
  const answer = await fetch(`${pdsUrl}/xrpc/${method}?${new URLSearchParams(params)}`)
  return answer.ok ? answer.json() : {}
}

function profileView(did, handle, profile) {
  const labels = (profile.value?.labels?.values ?? []).map(({ val }) => (
    { src: did, uri: profile.uri, val, cts: '2026-01-01T00:00:00.000Z' }
  ))
  const { displayName, description } = profile.value ?? {}
  return { did, handle, displayName, description, labels }
}

// An AppView that answers app.bsky.actor.getProfile alone, from the PDS's own public records:
// atproto's Client.login() looks the profile up and fails without it.
function startAppView(pdsUrl) {
  const view = http.createServer(async (request, response) => {
    const say = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    const url = new URL(request.url, 'http://loopback')
    if (url.pathname !== '/xrpc/app.bsky.actor.getProfile') {
      return say(501, { error: 'MethodNotImplemented', message: url.pathname })
    }
    const repo = url.searchParams.get('actor')
    const { did, handle } = await ask(pdsUrl, 'com.atproto.repo.describeRepo', { repo })
    if (!did) return say(400, { error: 'InvalidRequest', message: 'Profile not found' })
    const profile = await ask(pdsUrl, 'com.atproto.repo.getRecord', {
      repo: did, collection: 'app.bsky.actor.profile', rkey: 'self',
    })
    say(200, profileView(did, handle, profile))
  })
  return new Promise((resolve) => view.listen(0, '127.0.0.1', () => resolve(view)))
}

// A PDS that people run tells its version; by itself the older one tells none.
function packageVersion() {
  const described = path.join(process.env.NODE_PATH, '@atproto/pds/package.json')
  return JSON.parse(fs.readFileSync(described, 'utf8')).version
}

function newSecrets() {
  return {
    jwtSecret: randomBytes(16).toString('hex'),
    dpopSecret: randomBytes(32).toString('hex'),
    adminPassword: randomBytes(16).toString('hex'),
    plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
  }
}

function pdsEnvironment(port, plcUrl, viewPort, secrets) {
  return {
    devMode: true,
    version: packageVersion(),
    hostname: 'localhost',
    port,
    dataDirectory: dataDir,
    blobstoreDiskLocation: path.join(dataDir, 'blobs'),
    blobUploadLimit: options['blob-limit'] ? Number(options['blob-limit']) : undefined,
    didPlcUrl: plcUrl,
    serviceHandleDomains: ['.test'],
    inviteRequired: false,
    rateLimitsEnabled: options['rate-limits'] ?? false,
    rateLimitBypassIps: [],
    crawlers: [],
    trustedOAuthClients: [],
    handleBackupNameservers: [],
    bskyAppViewUrl: `http://127.0.0.1:${viewPort}`,
    bskyAppViewDid: 'did:web:appview.test',
    ...secrets,
  }
}

async function startPds(env) {
  const pds = await PDS.create(envToCfg(env), envToSecrets(env))
  onLoopbackOnly(pds.app)
  await pds.start()
  const counted = path.join(dataDir, 'starts')
  const before = fs.existsSync(counted) ? Number(fs.readFileSync(counted, 'utf8')) : 0
  fs.writeFileSync(counted, String(before + 1))
  return pds
}

async function main() {
  fs.mkdirSync(dataDir, { recursive: true })
  const plcPort = await freePort()
  const plc = await startPlc(plcPort)
  const plcUrl = `http://localhost:${plcPort}`
  const port = await freePort()
  const view = await startAppView(`http://127.0.0.1:${port}`)
  const secrets = newSecrets()
  const env = pdsEnvironment(port, plcUrl, view.address().port, secrets)
  let pds = await startPds(env)

  const stop = async () => {
    view.close()
    await pds.destroy()
    await plc.destroy()
    process.exit(0)
  }
  process.on('SIGUSR2', async () => {
    await pds.destroy()
    pds = await startPds(env)
  })
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.stdin.once('end', stop).once('error', stop).resume()
  console.log(JSON.stringify({ pds: `http://localhost:${port}`, plc: plcUrl, pid: process.pid }))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
