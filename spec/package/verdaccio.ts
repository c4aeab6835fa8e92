import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { must, root } from './programs.ts'
import { openRegistry } from './registry.ts'

/** Too large for a dependency, with more than 300 packages: it is installed when it is first used. Newer ones need Node 22. */
const VERSION = '6.8.0'
const home = join(root, '.cache', `verdaccio-${VERSION}`)

/** A registry that can be published to. What is not published there comes from node_modules. */
export interface PublishedRegistry extends AsyncDisposable {
  /** The settings of an npm that uses it, and nothing else. */
  readonly env: Readonly<Record<string, string>>
}

/** Starts verdaccio with its storage, and the cache of npm, in a folder. */
export async function openVerdaccio(directory: string): Promise<PublishedRegistry> {
  const program = join(home, 'node_modules/verdaccio/bin/verdaccio')
  if (!existsSync(program)) await installVerdaccio()
  const installed = await openRegistry()
  const port = await freePort()
  const config = join(directory, 'verdaccio.yaml')
  writeFileSync(
    config,
    `storage: ${join(directory, 'storage')}
max_body_size: 20mb
uplinks:
  installed:
    url: ${installed.url}
    cache: false
packages:
  '{tidings,create-tidings}':
    access: $all
    publish: $all
  '**':
    access: $all
    proxy: installed
log: { type: stdout, format: json, level: warn }
`,
  )
  const child = spawn(process.execPath, [program, '--config', config, '--listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const url = `http://127.0.0.1:${port}`
  while (!(await isUp(url))) {
    if (child.exitCode !== null) throw new Error(`verdaccio ended:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const npmrc = join(directory, 'npmrc')
  writeFileSync(npmrc, `registry=${url}/\n//127.0.0.1:${port}/:_authToken=any\nnoproxy=127.0.0.1\n`)
  return {
    env: {
      npm_config_userconfig: npmrc,
      npm_config_cache: join(directory, 'npm-cache'),
      npm_config_update_notifier: 'false',
      npm_config_progress: 'false',
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      await closed
      await installed[Symbol.asyncDispose]()
    },
  }
}

async function installVerdaccio(): Promise<void> {
  mkdirSync(home, { recursive: true })
  // One of its dependencies is named by a tag, which not every registry has.
  const manifest = { private: true, dependencies: { verdaccio: VERSION }, overrides: { 'node-fetch': '2.7.0' } }
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest))
  await must(home, 'npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'])
}

async function isUp(url: string): Promise<boolean> {
  const response = await fetch(`${url}/-/ping`).catch(() => undefined)
  await response?.body?.cancel()
  return response?.ok === true
}

function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  return new Promise((resolve) => {
    server.once('listening', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
