import { readFileSync } from 'node:fs'
import type { LoadFnOutput, LoadHookContext, ResolveFnOutput, ResolveHookContext } from 'node:module'
import { fileURLToPath } from 'node:url'
import { createJiti } from 'jiti'
import { compiler, failureIn } from './compile.ts'
import { readRunConfig } from './tsconfig.ts'

// Hooks for Node's own loader, in the same thread (`registerHooks`) or in one of their own (`register`): then `next`
// returns a promise.

type Answer<T> = T | Promise<T>

// Without .cts: on Node 20, what a hook compiles to CommonJS can't require an ES module, so not this package.
const TYPESCRIPT = /^file:.*\.m?ts$/
const babel = createJiti(import.meta.url, { fsCache: false })

/** Finds what Node can't: imports without an ending, of a folder, and of `x.js` where only `x.ts` is. */
export function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context: ResolveHookContext) => Answer<ResolveFnOutput>,
): Answer<ResolveFnOutput> {
  const otherwise = (error: unknown): ResolveFnOutput => {
    const { parentURL } = context
    if (parentURL === undefined || !TYPESCRIPT.test(parentURL) || !/^(?:\.{0,2}\/|file:)/.test(specifier)) throw error
    const url = babel.esmResolve(specifier, { parentURL, try: true })
    if (url === undefined) throw error
    return { url, shortCircuit: true }
  }
  try {
    const found = next(specifier, context)
    return found instanceof Promise ? found.catch(otherwise) : found
  } catch (error) {
    return otherwise(error)
  }
}

/** Compiles the TypeScript of the user, and leaves the rest to Node. */
export function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context: LoadHookContext) => Answer<LoadFnOutput>,
): Answer<LoadFnOutput> {
  const [whole] = url.split(/[?#]/)
  if (whole === undefined || !TYPESCRIPT.test(whole) || whole.includes('/node_modules/')) return next(url, context)
  const filename = fileURLToPath(whole)
  const compile = compiler(babel, readRunConfig(filename), 'kept')
  const source = readFileSync(filename, 'utf8')
  const { code } = compile({ source, filename, ts: true, retainLines: true })
  const failure = failureIn(code)
  if (failure !== undefined) throw new SyntaxError(failure)
  return { format: 'module', source: code, shortCircuit: true }
}
