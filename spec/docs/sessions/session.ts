import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Repository } from '../../streams/repository.ts'

const root = join(import.meta.dirname, '../../..')

/** A command of a session in a page, and what it prints. */
export interface Step {
  readonly command: string
  readonly output: string
}

/** A page with its sessions: blocks fenced as `console commits`, all in one folder, one after the other. */
export interface Page {
  readonly name: string
  readonly text: string
}

const FENCE = /^```console commits\n([\s\S]*?)^```$/gm

/** The pages that have a session. */
export function pagesWithSessions(): Page[] {
  return readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => ({ name, text: readFileSync(join(root, 'docs', name), 'utf8') }))
    .filter(({ text }) => text.match(FENCE) !== null)
}

/** The steps of a page, in order. */
export function stepsOf({ text }: Page): Step[] {
  return Array.from(text.matchAll(FENCE), ([, block]) => block as string).flatMap(stepsIn)
}

function stepsIn(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = '', ...output] = step.split('\n')
      return { command, output: output.join('\n').trimEnd() }
    })
}

/** The page with what its commands print now. */
export function recorded(page: Page, folder: string): string {
  return page.text.replace(FENCE, (_, block: string) => {
    const steps = stepsIn(block).map(({ command }) => `$ ${command}\n${run(command, folder)}`.trimEnd())
    return ['```console commits', ...steps, '```'].join('\n')
  })
}

/** Output without what differs from day to day: times, durations, keys. */
export function lasting(output: string): string {
  return output
    .replace(/\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?)?/g, 'DATE')
    .replace(/\b(?:\d\d-\d\d )?\d\d:\d\d:\d\d\b/g, 'DATE')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+\b/g, 'KEY')
    .replace(/\b\d+(?:\.\d+)? ?(?:ms|s|m|h|d)\b(?: ago)?/g, 'DURATION')
    .replace(/ +$/gm, '')
}

const SUBJECTS: readonly (readonly [author: string, subject: string])[] = [
  ['Ada', 'engine: a first sketch'],
  ['Grace', 'docs: how to begin'],
  ['Ada', 'engine: handle an empty answer'],
  ['Ada', 'fixup! engine: handle an empty answer'],
  ['Linus', 'fix: a crash on Mondays'],
  ['Grace', 'docs: the words'],
  ['Ada', 'fix: the crash on Tuesdays, too'],
]

/** Makes the folder of a session: a repository with the example in it, and `tidings` in its PATH. */
export function prepare(folder: string): void {
  const repository = new Repository(folder)
  for (const [author, subject] of SUBJECTS) repository.commit(subject, { env: { GIT_AUTHOR_NAME: author } })
  copyFileSync(join(root, 'docs/examples/commits.ts'), join(folder, 'commits.ts'))
  const bin = join(folder, '.git/bin')
  mkdirSync(bin)
  writeFileSync(
    join(bin, 'tidings'),
    `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'dist/bin/tidings.js')}" "$@"\n`,
  )
  chmodSync(join(bin, 'tidings'), 0o755)
}

/** What a command prints on a terminal of 80 columns, without colours. */
export function run(command: string, folder: string): string {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...rest } = process.env
  const env = {
    ...rest,
    NO_COLOR: '1',
    TERM: 'dumb',
    TZ: 'UTC',
    XDG_CACHE_HOME: join(root, '.cache'),
    PATH: `${join(folder, '.git/bin')}:${process.env.PATH}`,
  }
  const inTerminal = `stty cols 80 rows 24; ${command}`
  const args =
    process.platform === 'linux' ? ['-qefc', inTerminal, '/dev/null'] : ['-q', '/dev/null', 'sh', '-c', inTerminal]
  const { stdout, error } = spawnSync('script', args, { cwd: folder, env, encoding: 'utf8', timeout: 60_000 })
  if (error !== undefined) throw error
  return onScreen(stdout).replaceAll(folder, '~/project').trimEnd()
}

/** What is left of lines that were written over: a bar of progress. */
export function onScreen(written: string): string {
  return written
    .replaceAll(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1).replaceAll('\u001b[K', ''))
    .join('\n')
}
