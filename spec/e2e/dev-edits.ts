import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { connect } from '../../lib/agent/socket/client.ts'
import type { PartChange } from '../../lib/index.ts'
import { until } from '../support/until.ts'
import { root, userFolder } from './program.ts'

/** A job or listener as the model has it. `lineage`: whose cursor it has in the log, for listeners. */
interface PartModel {
  readonly lineage: string
  readonly schedule: string
  readonly attempts: number
  readonly code: number
  readonly formerly?: string
}

/** A version of the agent. */
export interface Model {
  readonly jobs: Readonly<Record<string, PartModel>>
  readonly listeners: Readonly<Record<string, PartModel>>
  readonly words: number
}

/** A random edit: what to do, and two numbers that choose where. */
export interface Edit {
  readonly kind: (typeof kinds)[number]
  readonly a: number
  readonly b: number
}

export const kinds = [
  'schedule',
  'attempts',
  'code',
  'add',
  'remove',
  'rename',
  'adopt',
  'words',
  'syntax',
  'throws',
  'other name',
  'no such import',
  'unlink',
] as const

/** A line that `tidings dev --json` prints. */
interface Printed {
  readonly error?: string
  readonly last?: number
  readonly changes?: readonly PartChange[]
}

const schedules = ['100ms', '150ms', '200ms']
const FILES = ['hello.ts', 'parts.ts', 'words.mjs'] as const

function otherThan(schedule: string, b: number): string {
  const others = schedules.filter((each) => each !== schedule)
  return others[b % others.length] as string
}

function filesOf({ jobs, listeners, words }: Model): Record<(typeof FILES)[number], string> {
  const options = (given: object): string => JSON.stringify(given)
  const formerly = (part: PartModel): object => (part.formerly === undefined ? {} : { formerly: part.formerly })
  const job = ([name, part]: [string, PartModel]): string =>
    `  job('${name}', every('${part.schedule}'), ({ publish, slot }) => void publish('tick', '${name} ' + slot.toISOString(), { code: ${part.code} }), ${options(formerly(part))}),`
  const listener = ([name, part]: [string, PartModel]): string =>
    `  listener('${name}', on('tick'), ({ seq }) => hear('${part.lineage}', seq, ${part.code}), ${options({ attempts: part.attempts, ...formerly(part) })}),`
  return {
    'hello.ts':
      "import { agent } from 'tidings'\nimport { parts } from './parts.ts'\nexport default agent('hello', parts)\n",
    'parts.ts': [
      "import { every, job, listener, on } from 'tidings'",
      "import { hear } from './words.mjs'",
      'export const parts = [',
      ...Object.entries(jobs).map(job),
      ...Object.entries(listeners).map(listener),
      ']\n',
    ].join('\n'),
    'words.mjs': `import { appendFileSync } from 'node:fs'\nexport const hear = (who, seq) => appendFileSync('heard.txt', \`\${who} \${seq} ${words}\\n\`)\n`,
  }
}

const part = (lineage: string, more: Partial<PartModel> = {}): PartModel => ({
  lineage,
  schedule: '100ms',
  attempts: 5,
  code: 0,
  ...more,
})

/** `tidings dev` on an agent that is edited. Every edit is checked against a model of the agent. */
export class Editing {
  readonly folder: string
  readonly #child: ChildProcess
  readonly #printed: Printed[] = []
  readonly #ended: Promise<number | null>
  #stderr = ''
  /** What is on disk, and what runs. */
  #model: Model = {
    jobs: { a: part('a'), b: part('b', { schedule: '200ms' }) },
    listeners: { x: part('L0') },
    words: 0,
  }
  #running = this.#model
  #names = 1
  /** The lineages that the log knows, by the name of their listener. */
  readonly #known = new Map([['x', 'L0']])
  /** Each lineage: it begins after one seq, and with the first tick after the other, or before that. */
  readonly #origins = new Map([['L0', { after: 0, by: 0 }]])
  #last = 0

  constructor(t: TestContext) {
    this.folder = userFolder(t, filesOf(this.#model))
    const args = [join(root, 'dist/bin/tidings.js'), 'dev', 'hello.ts', '--json', '--log-level', 'warn']
    // A group of its own, so that whatever it leaves behind is found.
    this.#child = spawn(process.execPath, args, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, XDG_CACHE_HOME: join(root, '.cache') },
    })
    let text = ''
    this.#child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      const lines = (text + more).split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) this.#printed.push(JSON.parse(line) as Printed)
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (more: string) => (this.#stderr += more))
    this.#ended = new Promise((resolve) => this.#child.on('close', resolve))
    t.after(async () => {
      this.#child.kill('SIGKILL')
      await this.#ended
    })
  }

  /** Resolves when events flow. */
  async begin(): Promise<void> {
    await until(() => this.#heard().length > 0, `events: ${this.#stderr}`)
  }

  /** Makes the edit, and checks what is printed. An edit that breaks the code is followed by one that repairs it. */
  async edit({ kind, a, b }: Edit): Promise<void> {
    const broken = this.#broken(kind, a)
    if (broken !== undefined) return this.#breakAndRepair(broken, b)
    this.#model = this.#changed(kind, a, b)
    await this.#save(kind === 'words' ? 'words.mjs' : 'parts.ts')
  }

  #broken(
    kind: Edit['kind'],
    a: number,
  ): { readonly file: string; readonly text?: string; readonly says: RegExp } | undefined {
    const files = filesOf(this.#model)
    const file = FILES[a % FILES.length] as (typeof FILES)[number]
    if (kind === 'syntax') return { file, text: `${files[file]}\n)(`, says: new RegExp(`^${file}:\\d+:\\d+: `) }
    if (kind === 'throws')
      return {
        file,
        text: `${files[file]}\nthrow new Error('not today')`,
        says: new RegExp(`^${file}:\\d+: not today`),
      }
    if (kind === 'no such import')
      return {
        file,
        text: `import './nowhere.ts'\n${files[file]}`,
        says: new RegExp(`^${file}:1: can't find "./nowhere.ts"`),
      }
    if (kind === 'other name')
      return { file: 'hello.ts', text: files['hello.ts'].replace("'hello'", "'other'"), says: /now named "other"/ }
    if (kind === 'unlink') return { file, says: file === 'hello.ts' ? /there is no file hello.ts/ : /can't find/ }
    return undefined
  }

  async #breakAndRepair({ file, text, says }: { file: string; text?: string; says: RegExp }, b: number): Promise<void> {
    const path = join(this.folder, file)
    if (text === undefined) rmSync(path)
    else writeFileSync(path, text)
    const { error = '' } = await this.#next()
    assert.match(error, says)
    assert.match(error, /; still running the version of \d\d:\d\d$/)
    await this.#events()
    // What is repaired is not always what was there.
    if (b % 2 === 0 && file === 'parts.ts') this.#model = this.#changed('code', b, 0)
    if (b % 2 === 0 && file === 'words.mjs') this.#model = this.#changed('words', b, 0)
    await this.#save(file as (typeof FILES)[number])
  }

  // As editors do: the file is never half written.
  #write(file: (typeof FILES)[number]): void {
    const path = join(this.folder, file)
    writeFileSync(`${path}~`, filesOf(this.#model)[file])
    renameSync(`${path}~`, path)
  }

  #changed(kind: Edit['kind'], a: number, b: number): Model {
    const model = this.#model
    if (kind === 'words') return { ...model, words: model.words + 1 }
    const isJob = kind === 'schedule' || (kind !== 'attempts' && kind !== 'code' && b % 3 === 0)
    const group = isJob && (kind !== 'add' || Object.keys(model.jobs).length < 4) ? 'jobs' : 'listeners'
    const parts = { ...model[group] }
    const names = Object.keys(parts)
    const name = names[a % names.length] as string
    const own = parts[name] as PartModel
    const fresh = `${group === 'jobs' ? 'j' : 'l'}${this.#names++}`
    if (kind === 'schedule') parts[name] = { ...own, schedule: otherThan(own.schedule, b) }
    else if (kind === 'attempts') parts[name] = { ...own, attempts: own.attempts + 1 }
    else if (kind === 'code') parts[name] = { ...own, code: own.code + 1 }
    else if (kind === 'add' || names.length < 2) {
      // A name that the log knows comes back with its cursor.
      const gone =
        group === 'listeners' ? [...this.#known.keys()].find((each) => !Object.hasOwn(parts, each)) : undefined
      const again = b % 2 === 0 ? gone : undefined
      parts[again ?? fresh] = part(again === undefined ? fresh : (this.#known.get(again) as string))
    } else {
      delete parts[name]
      if (kind === 'rename') parts[fresh] = part(fresh)
      if (kind === 'adopt') parts[fresh] = { ...own, formerly: name }
    }
    return { ...model, [group]: parts }
  }

  /** Writes a file of the model, and checks what is then printed. */
  async #save(file: (typeof FILES)[number]): Promise<void> {
    this.#write(file)
    const { error, changes = [], last = 0 } = await this.#next()
    assert.equal(error, undefined)
    const words = ({ part, name, change, formerly, from, differences }: PartChange): string =>
      [part, name, change, formerly, from, differences?.map(({ what }) => what).join('+')].join(' ').trim()
    const expected = this.#expected(last)
    assert.deepEqual(changes.map(words).sort(), expected.map(words).sort())
    this.#running = this.#model
    this.#last = last
    await this.#events()
  }

  // The truth about the difference, from the model alone.
  #expected(last: number): readonly PartChange[] {
    const all: PartChange[] = []
    for (const [part, group] of [
      ['job', 'jobs'],
      ['listener', 'listeners'],
    ] as const) {
      const [before, after] = [this.#running[group], this.#model[group]]
      const adopted = new Set<string>()
      for (const [name, now] of Object.entries(after)) {
        const { formerly } = now
        const takes =
          formerly !== undefined &&
          !Object.hasOwn(before, name) &&
          Object.hasOwn(before, formerly) &&
          !Object.hasOwn(after, formerly)
        const was = before[name] ?? (takes ? before[formerly] : undefined)
        const differences = [
          ...(was === undefined || part === 'listener' || was.schedule === now.schedule ? [] : ['schedule']),
          ...(was === undefined || part === 'job' || was.attempts === now.attempts ? [] : ['attempts']),
          ...(was === undefined || was.code === now.code ? [] : ['code']),
        ].map((what) => ({ what }))
        if (was === undefined)
          all.push({ part, name, change: 'added', ...(part === 'job' ? {} : { from: this.#origin(name, now, last) }) })
        else if (takes) {
          adopted.add(formerly)
          all.push({
            part,
            name,
            change: 'renamed',
            formerly,
            differences: part === 'job' ? [{ what: 'code' }] : differences,
          })
          if (part === 'listener') this.#adopt(name, formerly, now)
        } else if (differences.length > 0) all.push({ part, name, change: 'changed', differences })
      }
      for (const name of Object.keys(before))
        if (!Object.hasOwn(after, name) && !adopted.has(name)) all.push({ part, name, change: 'removed' })
    }
    return all
  }

  #origin(name: string, { lineage, formerly }: PartModel, last: number): string {
    if (this.#known.has(name)) return 'cursor'
    assert.equal(formerly, undefined)
    this.#known.set(name, lineage)
    this.#origins.set(lineage, { after: this.#last, by: last })
    return 'now'
  }

  #adopt(name: string, formerly: string, { lineage }: PartModel): void {
    this.#known.delete(formerly)
    this.#known.set(name, lineage)
  }

  #next(): Promise<Printed> {
    return until(() => this.#printed.shift(), `a reload: ${this.#stderr}`)
  }

  /** Events flow: some more are heard. */
  async #events(): Promise<void> {
    const before = this.#heard().length
    await until(() => this.#heard().length > before + 1, `more events: ${this.#stderr}`)
  }

  #heard(): readonly { readonly lineage: string; readonly seq: number; readonly words: number }[] {
    const path = join(this.folder, 'heard.txt')
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []
    return lines.map((line) => {
      const [lineage = '', seq, words] = line.split(' ')
      return { lineage, seq: Number(seq), words: Number(words) }
    })
  }

  /**
   * Stops the jobs, then the program: every listener has heard each event once, from its beginning to its end, with the
   * words of the time; and no process is left.
   */
  async end(): Promise<void> {
    const jobs = Object.fromEntries(
      Object.entries(this.#model.jobs).map(([name, job]) => [name, { ...job, schedule: '1h' }]),
    )
    this.#model = { ...this.#model, jobs }
    this.#write('parts.ts')
    await this.#next()
    const agent = await connect(join(this.folder, '.tidings/hello'))
    assert(agent !== undefined)
    await until(async () =>
      (await agent.listeners.list()).every(
        ({ name, behind }) => behind === 0 || !Object.hasOwn(this.#model.listeners, name),
      ),
    )
    const ticks: number[] = []
    for await (const { seq } of agent.events.list({ types: ['tick'] })) ticks.push(seq)
    this.#child.kill('SIGINT')
    assert.equal(await this.#ended, 0, this.#stderr)
    await until(() => inGroup(this.#child.pid as number).length === 0, 'the end of its child processes')
    const heard = this.#heard()
    const words = heard.map((each) => each.words)
    assert.deepEqual(
      words,
      words.toSorted((a, b) => a - b),
      'an older version ran after a newer one',
    )
    assert.equal(words.at(-1), this.#model.words)
    const present = new Set(Object.values(this.#model.listeners).map(({ lineage }) => lineage))
    for (const [lineage, { after, by }] of this.#origins) {
      const seqs = heard.filter((each) => each.lineage === lineage).map(({ seq }) => seq)
      const first = ticks.indexOf(seqs[0] ?? Number.POSITIVE_INFINITY)
      const last = present.has(lineage) ? ticks.length - 1 : ticks.indexOf(seqs.at(-1) ?? 0)
      assert.deepEqual(seqs, first < 0 ? [] : ticks.slice(first, last + 1), `${lineage}: each event once, in order`)
      const [from = Number.POSITIVE_INFINITY] = seqs
      const latest = ticks.find((seq) => seq > by) ?? Number.POSITIVE_INFINITY
      assert(
        seqs.length === 0 || (from > after && from <= latest),
        `${lineage} begins at ${from}, after ${after}, by ${latest}`,
      )
    }
  }
}

/** The processes of a group that run, by their command lines. A zombie has ended, and waits for its parent. */
function inGroup(group: number): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      const [, state, ofGroup] = /\) (\S) \d+ (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
      if (Number(ofGroup) !== group || state === 'Z') return []
      return [`${state} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`]
    } catch {
      return []
    }
  })
}
