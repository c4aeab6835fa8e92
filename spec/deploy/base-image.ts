import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** What an image of a base needs of this machine, by the folder that it is in there. */
const programs = {
  'usr/local/bin': ['node'],
  'usr/bin': ['env', 'tini'],
  bin: ['sh', 'mkdir', 'chown'],
} as const

/** The users of the image: as in the official one of Node.js, 1000 is not root. */
const users = {
  passwd: 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
  group: 'root:x:0:\nnode:x:1000:\n',
}

/**
 * Makes a file system like that of an image with Node.js, from this machine: no registry of images is needed. It has
 * node, npm, a shell and tini, and the libraries that they load.
 */
export function makeBase(folder: string): void {
  const at = (path: string): string => join(folder, path)
  for (const each of ['etc', 'proc', 'dev', 'home/node', 'usr/local/lib/node_modules'])
    mkdirSync(at(each), { recursive: true })
  mkdirSync(at('tmp'))
  chmodSync(at('tmp'), 0o1777)
  for (const [name, text] of Object.entries(users)) writeFileSync(at(`etc/${name}`), text)
  for (const [place, names] of Object.entries(programs)) {
    for (const name of names) {
      const program = realpathSync(name === 'node' ? process.execPath : which(name))
      copy(program, at(join(place, name)))
      for (const library of librariesOf(program)) copy(library, at(library))
    }
  }
  cpSync(
    join(dirname(realpathSync(process.execPath)), '../lib/node_modules/npm'),
    at('usr/local/lib/node_modules/npm'),
    {
      recursive: true,
    },
  )
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', at('usr/local/bin/npm'))
}

function which(name: string): string {
  return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).trim()
}

function librariesOf(program: string): string[] {
  // A program that is linked statically has none.
  if (!readFileSync(program).includes('/ld-')) return []
  return execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/[^ \n]*/g) ?? []
}

function copy(from: string, to: string): void {
  if (existsSync(to)) return
  mkdirSync(dirname(to), { recursive: true })
  cpSync(realpathSync(from), to)
}
