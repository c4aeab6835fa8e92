import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryDirectory } from '../support/temporary-directory.ts'

export const root = join(import.meta.dirname, '../..')

/** A line of the log, as JSON. */
export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

/** What a program left. `lines`: its log; `words`: what it said on standard error beside that. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly lines: readonly LogLine[]
  readonly words: string
  readonly ms: number
}

/** A program that runs. */
export interface Started {
  readonly ended: Promise<Ended>
  /** Resolves when its output matches. */
  said(pattern: RegExp): Promise<void>
  /** What it has written to standard output so far. */
  printed(): string
  /** Reads no more of what it prints. */
  unread(): void
  send(name: NodeJS.Signals): void
  /** Resolves to how long it took to end, in ms, from here on. */
  signal(name: NodeJS.Signals): Promise<Ended & { readonly took: number }>
}

/** `stdout`, `stderr`: where it prints, if not to us. */
export interface How {
  readonly env?: Readonly<Record<string, string>>
  readonly stdout?: number
  readonly stderr?: number
}

/** A folder of a user, far from any package, with these files and `hello.ts`. */
export function userFolder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryDirectory(t)
  copyFileSync(join(root, 'docs/examples/hello.ts'), join(folder, 'hello.ts'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** A program that users start. */
export type Program = 'tidings' | 'agent-test'

/** Starts a built program in a folder. It is killed with the test, if it has not ended by then. */
export function start(
  t: TestContext,
  cwd: string,
  program: Program,
  args: readonly string[],
  { env = {}, stdout, stderr }: How = {},
): Started {
  const path = join(root, 'dist/bin', `${program}.js`)
  if (!existsSync(path)) throw new Error(`${path} is missing: run npm run build`)
  const began = performance.now()
  const child: ChildProcess = spawn(process.execPath, [path, ...args], {
    cwd,
    env: { ...ownEnvironment(), ...env },
    stdio: ['pipe', stdout ?? 'pipe', stderr ?? 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, ...output, ...split(output.stderr), ms: performance.now() - began }))
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  }
  return {
    ended,
    said: (pattern) => said(child, output, pattern),
    printed: () => output.stdout,
    unread: () => child.stdout?.destroy(),
    send: (name) => void child.kill(name),
    signal: (name) => signal(child, ended, name),
  }
}

/** Runs `tidings` in a folder to its end. */
export function tidings(t: TestContext, cwd: string, args: readonly string[], how?: How): Promise<Ended> {
  return start(t, cwd, 'tidings', args, how).ended
}

/** Runs `agent-test` in a folder to its end. */
export function agentTest(t: TestContext, cwd: string, args: readonly string[], how?: How): Promise<Ended> {
  return start(t, cwd, 'agent-test', args, how).ended
}

/**
 * Fails when something took longer than it may, in ms, on a machine that has nothing else to do: there, node itself
 * starts in a tenth of a second. A busy one takes longer for everything.
 */
export async function inTime(took: number, most: number): Promise<void> {
  const began = performance.now()
  await new Promise((resolve) => spawn(process.execPath, ['-e', '0']).on('close', resolve))
  const allowed = most * Math.max(1, (performance.now() - began) / 100)
  assert.ok(took < allowed, `it took ${took} ms, ${allowed} ms are allowed`)
}

/** How often these words are in a log. */
export function count({ lines }: Ended, words: string): number {
  return lines.filter(({ msg }) => msg === words).length
}

/** The environment of this process, without what changes how programs behave. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const env = Object.entries(process.env).filter(
    ([name]) => !/^(TIDINGS_|NO_COLOR$|FORCE_COLOR$|NODE_TEST_CONTEXT$|CREDENTIALS_DIRECTORY$)/.test(name),
  )
  return { ...Object.fromEntries(env), XDG_CACHE_HOME: join(root, '.cache') }
}

function split(stderr: string): Pick<Ended, 'lines' | 'words'> {
  const all = stderr.split('\n')
  const isLine = (text: string): boolean => text.startsWith('{"level":')
  return {
    lines: all.filter(isLine).map((text) => JSON.parse(text) as LogLine),
    words: all.filter((text) => !isLine(text)).join('\n'),
  }
}

function said(child: ChildProcess, output: { stdout: string; stderr: string }, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (pattern.test(output.stdout) || pattern.test(output.stderr)) resolve()
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.on('close', () => reject(new Error(`ended without ${pattern}:\n${output.stdout}\n${output.stderr}`)))
    look()
  })
}

async function signal(
  child: ChildProcess,
  ended: Promise<Ended>,
  name: NodeJS.Signals,
): Promise<Ended & { took: number }> {
  const began = performance.now()
  child.kill(name)
  const result = await ended
  return { ...result, took: performance.now() - began }
}
