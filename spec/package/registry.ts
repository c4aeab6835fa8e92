import { execFileSync, spawn } from 'node:child_process'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { root } from './programs.ts'

/** A registry with the content of node_modules, and packed packages, so that npm installs as usual without the network. */
export interface Registry extends AsyncDisposable {
  readonly url: string
}

type Manifest = Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string }

export async function openRegistry(tarballs: readonly string[] = []): Promise<Registry> {
  const folders = installed()
  for (const tarball of tarballs) add(folders, manifestIn(tarball), tarball)
  const server = createServer(({ url = '/' }, response) => {
    // No connection outlives its answer: a test would find those that a registry in front of this one keeps.
    response.setHeader('connection', 'close')
    const [name = '', version] = decodeURIComponent(url.slice(1)).split('/-/')
    const versions = folders.get(name)
    if (versions === undefined) return void response.writeHead(404).end()
    if (version === undefined) return void response.end(JSON.stringify(packument(name, versions, origin)))
    sendPacked(versions.get(version)?.place, response)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: origin, [Symbol.asyncDispose]: close }
}

/** The versions of a package. `place`: its folder, or its tarball. */
type Versions = Map<string, { readonly place: string; readonly manifest: Manifest }>

/** Every package that is installed here, by name and version. */
function installed(): Map<string, Versions> {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>
  }
  const found = new Map<string, Versions>()
  for (const path of Object.keys(lock.packages)) {
    const folder = join(root, path)
    // Without the root itself, and without packages of other platforms, which are not installed.
    if (path === '' || !existsSync(folder)) continue
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    add(found, manifest, folder)
  }
  return found
}

function add(found: Map<string, Versions>, manifest: Manifest, place: string): void {
  const versions: Versions = found.get(manifest.name) ?? new Map()
  found.set(manifest.name, versions.set(manifest.version, { place, manifest }))
}

function manifestIn(tarball: string): Manifest {
  return JSON.parse(execFileSync('tar', ['-xOf', tarball, 'package/package.json'], { encoding: 'utf8' })) as Manifest
}

function packument(name: string, versions: Versions, origin: string): object {
  const entries = [...versions].map(([version, { manifest }]) => {
    return [version, { ...manifest, dist: { tarball: `${origin}/${name}/-/${version}` } }] as const
  })
  return { name, 'dist-tags': { latest: entries.at(-1)?.[0] }, versions: Object.fromEntries(entries) }
}

function sendPacked(place: string | undefined, response: ServerResponse): void {
  if (place === undefined) return void response.writeHead(404).end()
  if (place.endsWith('.tgz')) return void createReadStream(place).pipe(response)
  const tar = spawn('tar', ['-c', '--exclude=./node_modules', '-C', place, '.'])
  tar.stdout.pipe(response)
}
