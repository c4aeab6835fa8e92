import assert from 'node:assert/strict'
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pack } from '../package/install.ts'
import { must } from '../package/programs.ts'
import { openRegistry, type Registry } from '../package/registry.ts'
import { prefix } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { makeBase } from './base-image.ts'
import { type Container, type ImageConfig, runContainer } from './container.ts'
import { needs } from './needs.ts'
import { makeProject } from './project.ts'
import { startTraffic, type Traffic } from './traffic.ts'

/** How long `docker stop` waits before it kills, in ms. */
const GRACE = 10_000

describe('Dockerfile', () => {
  let machine: string
  let registry: Registry
  let traffic: Traffic
  let image: ImageConfig
  let root: string
  let container: Container | undefined
  const at = (path: string): string => join(machine, path)

  const buildah = (...args: readonly string[]): Promise<string> =>
    must(machine, 'buildah', ['--root', at('images'), '--runroot', at('mounts'), '--storage-driver', 'vfs', ...args])

  before(async () => {
    needs('buildah', 'tini', 'unshare')
    machine = mkdtempSync(join(tmpdir(), prefix))
    const { tarball } = await pack(machine)
    registry = await openRegistry([tarball])
    traffic = await startTraffic()
    const npm = { npm_config_registry: registry.url, npm_config_noproxy: '127.0.0.1' }
    await makeProject(at('project'), traffic.url, ['docker'], { ...npm, npm_config_cache: at('npm') })
    makeBase(at('base'))
    const base = (await buildah('from', 'scratch')).trim()
    await buildah('add', '--quiet', base, at('base'), '/')
    const variables = { PATH: '/usr/local/bin:/usr/bin:/bin', ...npm }
    await buildah('config', ...Object.entries(variables).map(([name, value]) => `--env=${name}=${value}`), base)
    await buildah('commit', '--quiet', '--rm', base, 'base')
    mkdirSync(at('data'))
    chownSync(at('data'), 1000, 1000)
  })
  after(async () => {
    await container?.kill()
    await traffic?.close()
    await registry?.[Symbol.asyncDispose]()
    rmSync(machine, { recursive: true, force: true })
  })

  const start = (): Promise<Container> => runContainer(image, root, { '/data': at('data') })

  it('builds an image that says how it is run', async () => {
    await buildah(
      'bud',
      '--isolation=chroot',
      '--format=docker',
      '--build-arg=BASE=localhost/base',
      '--tag=home',
      at('project'),
    )
    const inspected = JSON.parse(await buildah('inspect', '--type=image', 'home')) as {
      Docker: { config: ImageConfig }
    }
    image = inspected.Docker.config
    const { User, Entrypoint, StopSignal, Volumes, Healthcheck } = image
    assert.deepEqual(
      { User, Entrypoint, StopSignal, Volumes },
      {
        User: '1000:1000',
        Entrypoint: ['tini', '--'],
        StopSignal: 'SIGTERM',
        Volumes: { '/data': {} },
      },
    )
    assert.equal(Healthcheck.Test[0], 'CMD')
    const working = (await buildah('from', 'home')).trim()
    root = (await buildah('mount', working)).trim()
  })

  it('runs without root, on a root that is read-only, gets well, and ends with 0 when it is stopped', async (t) => {
    container = await start()
    await until(async () => traffic.told().length > 0, 'the first effect')
    const { code, output } = await container.health()
    assert.equal(code, 0, output)
    assert.equal(statSync(at('data/log')).uid, 1000)
    const stopped = await container.stop()
    t.diagnostic(`it took ${stopped.took.toFixed()} ms`)
    assert.equal(stopped.code, 0, stopped.output)
    assert.ok(stopped.took < GRACE, `${stopped.took} ms`)
  })

  it('tells nothing twice in the next container', async () => {
    const before = traffic.told().length
    container = await start()
    await until(() => traffic.told().length > before, 'the first effect')
    await traffic.settled()
    // Long enough for another poll, which finds only what was told.
    await sleep(2000)
    const numbers = Array.from({ length: traffic.published() }, (_, index) => index + 1)
    assert.deepEqual(
      traffic.told().map(({ n }) => n),
      numbers,
    )
    assert.equal((await container.stop()).code, 0)
    container = undefined
  })
})
