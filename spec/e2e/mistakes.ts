import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { answered, answeredTest } from './answered.ts'
import { type Program, start, userFolder } from './program.ts'

const parts = `
import { agent, eventType, every, job, listener, on } from 'tidings'
const greeting = eventType('greeting').of<{ n: number }>()
export const myJob = job('my_job', every(2).seconds, () => greeting('1', { n: 1 }))
export const myListener = listener('my_listener', on(greeting), () => undefined)
export const myAgent = agent('mine', [myJob, myListener])
export const answer = 42
`

const files = {
  'parts.ts': parts,
  'loose.ts': parts.replace(/export const myAgent.*\n/, ''),
  'several.ts': `export * from './parts.ts'\nexport { myAgent as another } from './parts.ts'\n`,
  'nothing.ts': 'export const answer = 42\n',
  'syntax.ts': "import { agent } from 'tidings'\n\nconst x = = 3\n",
  'throws.ts': "type X = string\n\nthrow new Error('not today')\n",
  'helper.ts': "import './throws.ts'\n",
  'stuck.ts': 'await new Promise(() => undefined)\n',
  'missing.ts': "\nimport './nowhere.ts'\n",
  'badjob.ts': "import { job } from 'tidings'\n\nexport default job('x', 'every day', () => undefined)\n",
  'notalog/notes.txt': 'mine',
}

export const run = (...args: readonly string[]) => ({ program: 'tidings' as const, args: ['run', ...args] })
export const tidings = (...args: readonly string[]) => ({ program: 'tidings' as const, args })
export const test = (...args: readonly string[]) => ({ program: 'agent-test' as const, args })

/** A command line, the exit code, and how the one sentence begins that is said; HERE is the folder. */
export type Mistake = readonly [{ readonly program: Program; readonly args: readonly string[] }, number, string]

/** Makes every mistake, in one folder. */
export async function make(t: TestContext, mistakes: readonly Mistake[]): Promise<void> {
  const folder = userFolder(t, files)
  const wrong: string[] = []
  const started = new Set<Program>()
  for (const [{ program, args }, code, sentence] of mistakes) {
    // Each program starts once, and for what only the end of a process shows; the rest is answered in this one.
    const isStart = !started.has(program) || args.includes('stuck.ts')
    started.add(program)
    const inside = program === 'tidings' ? answered : answeredTest
    const ended = isStart ? start(t, folder, program, args).ended : inside(folder, args)
    const { code: found, words, stderr, stdout } = await ended
    const fits =
      words.startsWith(`tidings: ${sentence.replace('HERE', folder)}`) && words.trim().split('\n').length === 1
    if (found === code && fits && stdout === '') continue
    wrong.push(`${program} ${args.join(' ')}\n  ${found} ${stderr}${stdout}  ${code} tidings: ${sentence}`)
  }
  assert.deepEqual(wrong, [])
  // Nobody who only made a mistake finds a log afterwards.
  assert.equal(existsSync(join(folder, '.tidings')), false)
  assert.equal(readFileSync(join(folder, 'notalog/notes.txt'), 'utf8'), 'mine')
}
