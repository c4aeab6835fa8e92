import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
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
export function userProject(t: TestContext, runner: 'node:test' | 'vitest' | '@jest/globals'): string {
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
  forgetful:
    /event 2 is filtered out; where the process restarts, it passes as event 2\n +event 1, .*\n +restart\n +event 2, /,
  keyless: /does not count once: POST https:\/\/chat\.example\/.*, without a key, 2 times\n +event 1, .*shop\.item/,
  circle: /"shop\.item" leads to itself, by way of "again": .*\n +event 1, .*\n +event 2, .*\n +event 3, /,
  losing: /\{"sku":"([\w-]+)".* was lost, even alone\n.*\n +sent \{"sku":"\1".*\n +told nothing\n/,
}

/** A project with nothing in it but this package, as it is published, and these. */
export async function emptyProject(directory: string, ...packages: readonly string[]): Promise<void> {
  const npm = async (...args: string[]): Promise<void> => {
    const { code, output } = await run(directory, 'npm', ...args)
    assert.equal(code, 0, output)
  }
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'mine', private: true, type: 'module' }))
  await npm('pack', root, '--ignore-scripts')
  const packed = readdirSync(directory).filter((file) => file.endsWith('.tgz'))
  await npm('install', ...packed.map((file) => `./${file}`), 'rxjs@7', 'fast-check@4', ...packages)
}
