import * as module from 'node:module'
import { extname } from 'node:path'

// `node --import tidings/register`: Node runs TypeScript, compiled as `tidings run` compiles it.

type Hooks = typeof import('./user/module-hooks.ts')

// Newer versions of Node call hooks in the same thread, and warn of the older way.
const { registerHooks } = module as { readonly registerHooks?: (hooks: Hooks) => void }
const hooks = `./user/module-hooks${extname(import.meta.url)}`
if (registerHooks === undefined) module.register(hooks, import.meta.url)
else registerHooks((await import(hooks)) as Hooks)
