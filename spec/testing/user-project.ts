import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryDirectory } from '../support/temporary-directory.ts'

export const root = join(import.meta.dirname, '../..')

/** How a program ended, and its output. */
export interface Ended {
  readonly code: number
  readonly output: string
}

/** The project of a user, with two files of tests for this runner: one must pass, one must fail. */
export function userProject(t: TestContext, runner: 'node:test' | 'vitest'): string {
  const directory = temporaryDirectory(t)
  const from = join(import.meta.dirname, 'user-project')
  copyFileSync(join(from, 'shop.mjs'), join(directory, 'shop.mjs'))
  for (const file of ['good.test.mjs', 'broken.test.mjs']) {
    writeFileSync(join(directory, file), readFileSync(join(from, file), 'utf8').replace("'node:test'", `'${runner}'`))
  }
  return directory
}

/** Links packages of this tree, and this package itself, into the project. */
export function link(directory: string, ...packages: readonly string[]): void {
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(root, join(directory, 'node_modules/tidings'), 'dir')
  for (const name of packages) {
    symlinkSync(join(root, 'node_modules', name), join(directory, 'node_modules', name), 'dir')
  }
}

/** Copies packages of this tree into the project: to Node, they differ from those that this package uses. */
export function copy(directory: string, ...packages: readonly string[]): void {
  for (const name of packages) {
    cpSync(join(root, 'node_modules', name), join(directory, 'node_modules', name), { recursive: true })
  }
}

/** Runs a program in a directory, as from a shell, without the environment of the specs. */
export function run(cwd: string, file: string, ...args: readonly string[]): Promise<Ended> {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env: { ...env, NO_COLOR: '1' } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr })
    })
  })
}

/** The parts of the report of a failing test: the mistake, what was sent, what came. */
export const findings: Readonly<Record<string, RegExp>> = {
  positional:
    /shop\.item "1" occurs only with .*\n.*\n +sent \{"sku":"\S+ \{"sku":"\S+\n +told shop\.item "0", shop\.item "1"\n/,
  timed: /\{"sku":"([\w-]+)".*at another hour\n.*\n +sent \{"sku":"\1".*\n +told shop\.item "\1 at \d+"\n.*\n +sent/,
  truncated: /shop\.item "(\w{8})" stands for two happenings, "\1-\S+" and "\1-\S+"\n/,
  losing: /\{"sku":"([\w-]+)".* was lost, even alone\n.*\n +sent \{"sku":"\1".*\n +told nothing\n/,
}
