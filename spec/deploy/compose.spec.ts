import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { parse as parseYaml } from 'yaml'
import { tidings } from '../../bin/cli/commands.ts'
import { parse } from '../../bin/cli/parse.ts'

const root = join(import.meta.dirname, '../..')

/** Of the specification of Compose, what these files use: anything else is a mistake. */
const strings = v.array(v.string())
const service = v.strictObject({
  image: v.optional(v.string()),
  build: v.optional(v.string()),
  command: v.optional(strings),
  environment: v.optional(v.record(v.string(), v.string())),
  volumes: v.optional(strings),
  secrets: v.optional(strings),
  healthcheck: v.optional(
    v.strictObject({ test: strings, interval: v.pipe(v.string(), v.regex(/^\d+s$/)), retries: v.number() }),
  ),
  deploy: v.optional(v.strictObject({ replicas: v.number() })),
  depends_on: v.optional(v.record(v.string(), v.strictObject({ condition: v.literal('service_healthy') }))),
  read_only: v.optional(v.boolean()),
  tmpfs: v.optional(v.string()),
  stop_grace_period: v.optional(v.pipe(v.string(), v.regex(/^\d+s$/))),
  restart: v.optional(v.picklist(['no', 'always', 'on-failure', 'unless-stopped'])),
})
const compose = v.strictObject({
  services: v.record(v.string(), service),
  volumes: v.optional(v.record(v.string(), v.null())),
  secrets: v.optional(v.record(v.string(), v.strictObject({ file: v.string() }))),
})

/** The files, by where they are. */
const files = {
  'docs/examples/compose.yaml': readFileSync(join(root, 'docs/examples/compose.yaml'), 'utf8'),
  'docs/deploying.md': /```yaml\n(services:[^`]*)```/.exec(readFileSync(join(root, 'docs/deploying.md'), 'utf8'))?.[1],
}

describe('a file for Docker Compose', () => {
  for (const [place, text] of Object.entries(files)) {
    it(`in ${place} has what Compose knows, and nothing that is not declared`, () => {
      const { services, volumes = {}, secrets = {} } = v.parse(compose, parseYaml(text ?? ''))
      for (const [name, each] of Object.entries(services)) {
        assert.ok((each.image === undefined) !== (each.build === undefined), `${name} has an image or is built`)
        for (const volume of each.volumes ?? []) assert.ok((volume.split(':')[0] ?? '') in volumes, volume)
        for (const secret of each.secrets ?? []) assert.ok(secret in secrets, secret)
        for (const other of Object.keys(each.depends_on ?? {}))
          assert.ok(services[other]?.healthcheck !== undefined, `${name} waits for ${other}, which has to be healthy`)
      }
    })
  }

  it('runs two agents on one log, with a command that exists', async () => {
    const { services } = v.parse(compose, parseYaml(files['docs/examples/compose.yaml']))
    const { command = [], deploy, environment = {} } = services['agent'] ?? {}
    assert.equal(deploy?.replicas, 2)
    assert.match(environment['TIDINGS_DB'] ?? '', /^postgres:\/\/tidings@db\/tidings\?schema=home$/)
    assert.deepEqual(command.slice(0, 2), ['tidings', 'run'])
    assert.notEqual(parse(['tidings'], await tidings.commands.run.load(), command.slice(2)), 'help')
  })
})
