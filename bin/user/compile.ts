import { createRequire, SourceMap, type SourceMapPayload } from 'node:module'
import { fileURLToPath } from 'node:url'
import type * as Esbuild from 'esbuild'
import type { Jiti, TransformOptions, TransformResult } from 'jiti'
import type { RunConfig } from './tsconfig.ts'

/** A start position: the line from 1, the column from 0. */
interface Start {
  readonly line: number
  readonly column: number
}

/** The parts of a Babel syntax tree node that this file reads or changes. */
interface Node {
  readonly type: string
  readonly kind?: string
  readonly name?: string
  readonly source?: Node | null
  readonly callee?: Node
  readonly object?: Node
  readonly property?: Node
  readonly arguments?: readonly Node[]
  readonly expression?: Node
  readonly specifiers?: readonly { readonly local: Node & { readonly name: string } }[]
  readonly body?: unknown
  loc?: { readonly start: Start; readonly end: Start } | undefined
  value?: unknown
  extra?: unknown
}

interface NodePath {
  readonly node: Node
  readonly parent: Node
  readonly scope: { getBinding(name: string): { readonly kind: string } | undefined }
}

type Visit = (path: NodePath) => void

/** Syntax that Babel, as jiti configures it, compiles incorrectly. */
interface Miscompiled {
  readonly what: string
  readonly start: Start | undefined
}

const BABEL_FAILED = 'exports.__JITI_ERROR__ = '

/** Whether imports and exports become calls for jiti, or stay for Node. */
export type Modules = 'compiled' | 'kept'

/**
 * Compiles a user's modules for jiti. Babel compiles alone where it can. It supports only an old proposal for
 * decorators, drops the exports of a module with `using` at its top level, and can't parse all of TypeScript: in these
 * cases esbuild, if installed, compiles first. Line numbers are preserved, so that errors name the right lines.
 *
 * @param babel A jiti without a cache, used for its transform and its resolution.
 * @param modules Jiti needs `compiled` ones, Node's own loader `kept` ones.
 * @returns The `transform` option of jiti. It throws an error in jiti's own form (`ParseError: … FILE:LINE:COLUMN`) for
 *   source that needs esbuild when esbuild is not installed or rejects it.
 */
export function compiler(
  babel: Jiti,
  config: RunConfig,
  modules: Modules = 'compiled',
): (options: TransformOptions) => TransformResult {
  return (options) => {
    const found: Miscompiled[] = []
    const visits = [findMiscompiled(found)]
    if (!options.filename?.includes('/node_modules/')) visits.push(followPaths(babel, config))
    const code = babel.transform(visiting(options, visits, modules))
    const [first] = found
    if (first === undefined && !code.startsWith(BABEL_FAILED)) return { code }
    if (first?.what === 'a decorator' && config.compilerOptions.emitDecoratorMetadata === true)
      throw parseError(
        'decorators have no metadata here: leave emitDecoratorMetadata out of tsconfig.json',
        options,
        first.start,
      )
    const esbuild = installedEsbuild(options.filename)
    if (esbuild === undefined && first === undefined) return { code }
    if (esbuild === undefined)
      throw parseError(`${first?.what} needs a compiler that knows it: npm install esbuild`, options, first?.start)
    try {
      return { code: compileTwice(babel, esbuild, config, options, modules) }
    } catch (error) {
      // If neither can parse it, the source is wrong: report Babel's message, unless Babel parsed it.
      const { text, location = null } = (error as Partial<Esbuild.TransformFailure>).errors?.[0] ?? {}
      if (text === undefined) throw error
      if (first === undefined) return { code }
      throw parseError(text, options, location ?? first.start)
    }
  }
}

/** Where and why source can't be compiled, from what Babel prints instead of the module. */
export function failureIn(code: string): string | undefined {
  if (!code.startsWith(BABEL_FAILED)) return undefined
  const { filename, line, column, message } = JSON.parse(code.slice(BABEL_FAILED.length)) as Record<string, string>
  return `${filename}:${line}:${column}: ${message?.trim()}`
}

function findMiscompiled(found: Miscompiled[]): Visit {
  return ({ node, parent }) => {
    const { type, kind = '', loc } = node
    if (type === 'Decorator') found.push({ what: 'a decorator', start: loc?.start })
    const using = type === 'VariableDeclaration' && kind.endsWith('using')
    if (using && parent.type === 'Program') found.push({ what: `${kind} at the top of a module`, start: loc?.start })
  }
}

/** Rewrites imports that match `paths` or `baseUrl` of a tsconfig.json into imports of the resolved file. */
function followPaths(babel: Jiti, { candidates }: RunConfig): Visit {
  const follow = (node: Node | null | undefined): void => {
    if (node?.type !== 'StringLiteral' || typeof node.value !== 'string') return
    const [file] = candidates?.(node.value).flatMap((path) => babel.esmResolve(path, { try: true }) ?? []) ?? []
    if (file === undefined) return
    node.value = fileURLToPath(file)
    node.extra = undefined
  }
  return ({ node }) => {
    if (/^(?:Import|ExportNamed|ExportAll)Declaration$/.test(node.type)) follow(node.source)
    if (node.type === 'TSExternalModuleReference') follow(node.expression)
    const { callee } = node
    if (callee?.type === 'Import' || callee?.name === 'require') follow(node.arguments?.[0])
  }
}

/** Compiles the language with esbuild, and imports and exports with Babel, which keeps the source lines. */
function compileTwice(
  babel: Jiti,
  esbuild: typeof Esbuild,
  config: RunConfig,
  options: TransformOptions,
  modules: Modules,
): string {
  const { source, filename = '', ts = false } = options
  const { code, map } = transformed(esbuild, source, {
    loader: ts ? 'ts' : 'js',
    target: `node${process.versions.node}`,
    sourcefile: filename,
    sourcemap: 'external',
    // Babel keeps existing line breaks, and those that esbuild inserts are not in the source.
    minifyWhitespace: true,
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: config.compilerOptions },
  })
  const lines = new SourceMap(JSON.parse(map) as SourceMapPayload)
  const original = ({ line, column }: Start): Start | undefined => {
    const entry = lines.findEntry(line - 1, column)
    return 'originalLine' in entry ? { line: entry.originalLine + 1, column: entry.originalColumn } : undefined
  }
  const moveBack: Visit = ({ node }) => {
    const [start, end] = [node.loc && original(node.loc.start), node.loc && original(node.loc.end)]
    node.loc = start && end && { start, end }
  }
  const visits = [moveBack, exportAtEnd, followPaths(babel, config)]
  return babel.transform(visiting({ ...options, source: code, ts: false }, visits, modules))
}

function transformed(esbuild: typeof Esbuild, source: string, options: Esbuild.TransformOptions) {
  try {
    return esbuild.transformSync(source, options)
  } finally {
    // The esbuild process would otherwise keep running beside the agent.
    void esbuild.stop()
  }
}

/** Compiled `using` turns an export into a `var` in a block, which Babel exports only when it is reassigned. */
const exportAtEnd: Visit = ({ node, parent, scope }) => {
  if (node.type !== 'ExportNamedDeclaration' || node.source) return
  for (const { local } of node.specifiers ?? []) {
    if (scope.getBinding(local.name)?.kind !== 'var') continue
    const name = { type: 'Identifier', name: local.name }
    const expression = { type: 'AssignmentExpression', operator: '=', left: name, right: { ...name } }
    const body = parent.body as object[]
    body.push({ type: 'ExpressionStatement', expression })
  }
}

/** What Node understands without a translation is printed as it is: Babel compiles no identifiers. */
const keepForNode: Visit = ({ node }) => {
  if (node.callee?.type === 'Import') Object.assign(node.callee, { type: 'Identifier', name: 'import' })
  const { object, property } = node
  if (object?.type === 'MetaProperty' && property?.name === 'resolve')
    Object.assign(object, { type: 'Identifier', name: 'import.meta' })
}

/** The whole module. */
interface Root {
  readonly node: { sourceType: 'module' | 'script' }
  traverse(visitor: { readonly enter: Visit }): void
}

/** Adds a plugin that visits every node before any other plugin. */
function visiting(options: TransformOptions, visits: readonly Visit[], modules: Modules): TransformOptions {
  const all = modules === 'kept' ? [...visits, keepForNode] : visits
  const enter: Visit = (path) => {
    for (const visit of all) visit(path)
  }
  const plugin = () => ({
    pre: ({ path }: { readonly path: Root }) => {
      // Babel compiles the imports and exports of modules only.
      if (modules === 'kept') path.node.sourceType = 'script'
      path.traverse({ enter })
    },
  })
  return { ...options, babel: { ...options.babel, plugins: [plugin] } }
}

/** Loads esbuild from the module's own folder, else from this program. */
function installedEsbuild(filename: string | undefined): typeof Esbuild | undefined {
  for (const base of [filename ?? import.meta.url, import.meta.url]) {
    try {
      return createRequire(base)('esbuild') as typeof Esbuild
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  return undefined
}

function parseError(message: string, { filename }: TransformOptions, start: Start | undefined): Error {
  return new Error(`ParseError: ${message} \n ${filename}:${start?.line ?? 0}:${start?.column ?? 0}`)
}
