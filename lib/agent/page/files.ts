import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { hash } from '../../core/hash.ts'

/** A file that the browser loads. */
export interface PageFile {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same, for browsers that take gzip. */
  readonly gzipped: Uint8Array<ArrayBuffer>
  /** Changes with the bytes. */
  readonly tag: string
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
}

/** Shown by a source folder in which `npm run build` has not run. */
const UNBUILT =
  '<!doctype html><html lang="en"><title>Tidings</title><p>The page is not built: run npm run build.</html>'

/** Where the built page is, from the sources and from dist/ alike. */
function builtPage(): string {
  return join(dirname(createRequire(import.meta.url).resolve('tidings/package.json')), 'dist/page')
}

/**
 * Reads the files of the page, by their names. They are in memory from then on: a request picks one by its name, so no
 * path of a request ever reaches the disk.
 */
export async function pageFiles(directory = builtPage()): Promise<ReadonlyMap<string, PageFile>> {
  const names = await readdir(directory).catch(() => [])
  const files = new Map<string, PageFile>([['index.html', fileOf('index.html', Buffer.from(UNBUILT))]])
  for (const name of names)
    if (typeOf(name) !== undefined) files.set(name, fileOf(name, await readFile(join(directory, name))))
  return files
}

function fileOf(name: string, bytes: Buffer): PageFile {
  const tag = hash(bytes.toString('latin1')).toString('base64url').slice(0, 16)
  return { type: typeOf(name) ?? '', bytes: new Uint8Array(bytes), gzipped: new Uint8Array(gzipSync(bytes)), tag }
}

function typeOf(name: string): string | undefined {
  const ending = name.slice(name.lastIndexOf('.') + 1)
  return Object.hasOwn(types, ending) ? types[ending] : undefined
}
