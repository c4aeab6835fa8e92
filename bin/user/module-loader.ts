import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, isAbsolute, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Jiti, JitiOptions } from 'jiti'
import { compiler } from './compile.ts'
import type { RunConfig } from './tsconfig.ts'

/** What jiti uses of Node. What `jiti` exports passes them itself, and takes no others. */
interface Surroundings {
  onError(error: Error): never
  nativeImport(id: string): Promise<unknown>
  createRequire(file: string): NodeJS.Require
}

type CreateJiti = (file: string, options: JitiOptions, surroundings: Surroundings) => Jiti

const own = createRequire(import.meta.url)

/** Folders of this program: its modules are loaded once. */
const OURS = ['lib', 'bin', 'streams'].map((name) => fileURLToPath(new URL(`../../${name}/`, import.meta.url)))

/** How to import a module of a user. */
export interface LoaderOptions {
  readonly config: RunConfig
  /** The folder for compiled modules; false: none. */
  readonly cache: string | false
  /** Receives the path of each file of the user that is reached, also if it can't be loaded. May repeat. */
  reached(file: string): void
}

/**
 * Modules of a user that belong together: each file is loaded once among them. Those of another graph are apart, and keep
 * working (decision 0058). Packages and Tidings itself are loaded once for all.
 *
 * Node keeps an ES module for ever, so those of the user are kept from it: jiti compiles them, and this class has what it
 * compiled. CommonJS stays with Node, whose cache can be emptied.
 */
export class ModuleGraph {
  readonly #compiled = Object.create(null) as NodeJS.Dict<NodeJS.Module>
  #begun = false

  /** Imports a user's module. `path` is absolute. */
  async import(path: string, options: LoaderOptions): Promise<object> {
    const foreign = [...OURS, ...installed(path)]
    const isUsers = (file: string): boolean =>
      !file.includes('/node_modules/') && !foreign.some((each) => file.startsWith(each))
    const reached = (file: string): void => {
      if (isUsers(file)) options.reached(file)
    }
    if (!this.#begun) for (const file of Object.keys(own.cache)) if (isUsers(file)) delete own.cache[file]
    this.#begun = true
    // Required, not imported: Node then need not search its source for what it exports.
    const { createJiti } = own('jiti') as typeof import('jiti')
    const alias = aliases(path)
    const compile = compiler(createJiti(import.meta.url, { alias, fsCache: false }), options.config)
    const transform: typeof compile = (given) => {
      if (given.filename !== undefined) reached(given.filename)
      return compile(given)
    }
    // What `jiti` exports has Node's own import built in.
    const create = own(join(dirname(own.resolve('jiti/package.json')), 'dist/jiti.cjs')) as CreateJiti
    const surroundings = { onError: rethrow, ...this.#node(isUsers, reached) }
    const jiti = create(fileURLToPath(import.meta.url), { alias, transform, fsCache: options.cache }, surroundings)
    reached(path)
    return jiti.import<object>(path)
  }

  /** Node's import and require, for jiti. */
  #node(
    isUsers: (file: string) => boolean,
    reached: (file: string) => void,
  ): Pick<Surroundings, 'nativeImport' | 'createRequire'> {
    const compiled = this.#compiled
    const cache = new Proxy(own.cache, {
      get: (all, file: string) => (isUsers(file) ? (compiled[file] ?? all[file]) : all[file]),
      set: (all, file: string, module: NodeJS.Module) => Reflect.set(isUsers(file) ? compiled : all, file, module),
      deleteProperty: (all, file: string) => Reflect.deleteProperty(file in compiled ? compiled : all, file),
    })
    const load = (file: string): unknown => {
      reached(file)
      try {
        return own(file)
      } finally {
        for (const each of Object.keys(own.cache)) reached(each)
      }
    }
    return {
      nativeImport: async (id) => {
        const file = id.startsWith('file:') ? fileURLToPath(id) : id
        if (!isAbsolute(file) || !isUsers(file)) return import(id) as Promise<unknown>
        if (isEsModule(file)) throw new Error('jiti compiles it')
        return load(file)
      },
      createRequire: (file) => {
        reached(file)
        const require = createRequire(file)
        const recording = (id: string): unknown => (isAbsolute(id) && isUsers(id) ? load(id) : require(id))
        return Object.assign(recording, require, { cache })
      },
    }
  }
}

function rethrow(error: Error): never {
  throw error
}

function isEsModule(file: string): boolean {
  const ending = extname(file)
  return ending === '.mjs' || (ending === '.js' && typeOf(dirname(file)) === 'module')
}

/** The `type` in the nearest package.json. */
function typeOf(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly type?: unknown }).type
  } catch {
    return folder === dirname(folder) ? undefined : typeOf(dirname(folder))
  }
}

/** The folder of a Tidings that is installed for a module by a link, so that its path is not in `node_modules`. */
function installed(path: string): readonly string[] {
  try {
    return [dirname(dirname(realpathSync(createRequire(path).resolve('tidings')))) + sep]
  } catch {
    return []
  }
}

function aliases(path: string): Record<string, string> {
  const local = createRequire(path)
  const has = (name: string): boolean => {
    try {
      return existsSync(local.resolve(name))
    } catch {
      return false
    }
  }
  return {
    ...(has('tidings')
      ? {}
      : {
          tidings: ours('lib/index'),
          'tidings/filters': ours('lib/filters'),
          'tidings/testing': ours('lib/testing/index'),
          'tidings/streams': fileURLToPath(new URL('../../streams', import.meta.url)),
        }),
    // The folder, because rxjs/operators and the like are folders in it.
    ...(has('rxjs') ? {} : { rxjs: dirname(own.resolve('rxjs/package.json')) }),
  }
}

// When run from source this is a .ts file, and so are its neighbours; in dist/ all are .js.
function ours(name: string): string {
  return fileURLToPath(new URL(`../../${name}${extname(import.meta.url)}`, import.meta.url))
}
