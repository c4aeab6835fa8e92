import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Commands from '../../bin/cli/commands.ts'
import type * as Main from '../../bin/cli/main.ts'
import { captured, type Said, unguarded } from '../support/command.ts'
import { type Ended, type How, ownEnvironment, type Program, root } from './program.ts'

/** What a command answered. Its log, which `Ended` has, is off. */
export type Answered = Omit<Ended, 'lines'>

/**
 * Runs a command of the built program in this process, which takes a tenth of a start: for what it answers. How a process
 * begins, logs and ends shows in a start alone. Calls wait for each other, since folder, environment and output are those
 * of this process.
 */
export function answered(cwd: string, args: readonly string[], how?: Pick<How, 'env'>): Promise<Answered & Said> {
  return inTurn('tidings', cwd, args, how)
}

/** The same for `agent-test`. */
export function answeredTest(cwd: string, args: readonly string[], how?: Pick<How, 'env'>): Promise<Answered & Said> {
  return inTurn('agent-test', cwd, args, how)
}

/** `command` of the built program, whose children are built, too. */
export async function command(...args: readonly string[]): Promise<Said> {
  const { code, stdout, stderr } = await answered(process.cwd(), args)
  return { code, stdout, stderr }
}

let turn: Promise<unknown> = Promise.resolve()

function inTurn(...given: Parameters<typeof answer>): Promise<Answered & Said> {
  const mine = turn.then(() => answer(...given))
  turn = mine.catch(() => undefined)
  return mine
}

async function answer(
  program: Program,
  cwd: string,
  args: readonly string[],
  { env = {} }: Pick<How, 'env'> = {},
): Promise<Answered & Said> {
  const { main, tidings } = await built()
  const began = performance.now()
  const before = { folder: process.cwd(), env: { ...process.env }, exitCode: process.exitCode }
  // The log goes to the file of standard error, past what is captured here.
  setEnvironment({ ...ownEnvironment(), TIDINGS_LOG_LEVEL: 'silent', ...env })
  process.chdir(cwd)
  // Children of a command get these, too: they are those of the runner of specs.
  const flags = process.execArgv.splice(0)
  try {
    const entry = program === 'tidings' ? tidings : tidings.commands.test
    const said = await unguarded(() => withoutIntervals(() => captured(() => main.answer([program], entry, args))))
    return { ...said, words: said.stderr, ms: performance.now() - began }
  } finally {
    process.execArgv.push(...flags)
    process.chdir(before.folder)
    setEnvironment(before.env)
    process.exitCode = before.exitCode
  }
}

/** Clears the intervals that work leaves, as the end of its process would: that which waits for signals keeps it alive. */
async function withoutIntervals<R>(work: () => Promise<R>): Promise<R> {
  const { setInterval } = globalThis
  const made: NodeJS.Timeout[] = []
  const recording = (...given: Parameters<typeof setInterval>): NodeJS.Timeout => {
    const timer = setInterval(...given)
    made.push(timer)
    return timer
  }
  globalThis.setInterval = recording
  try {
    return await work()
  } finally {
    globalThis.setInterval = setInterval
    for (const timer of made) clearInterval(timer)
  }
}

function setEnvironment(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  Object.assign(process.env, env)
}

let loading: Promise<{ readonly main: typeof Main; readonly tidings: typeof Commands.tidings }> | undefined

/** The commands as they are shipped: a user's modules get the same copy of the engine. */
function built(): NonNullable<typeof loading> {
  loading ??= (async () => {
    const load = (name: string): Promise<unknown> => {
      const path = join(root, 'dist/bin/cli', `${name}.js`)
      if (!existsSync(path)) throw new Error(`${path} is missing: run npm run build`)
      return import(pathToFileURL(path).href)
    }
    const [main, { tidings }] = (await Promise.all([load('main'), load('commands')])) as [typeof Main, typeof Commands]
    return { main, tidings }
  })()
  return loading
}
