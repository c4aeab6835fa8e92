import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { command } from '../../cli/command.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes, Failure, UsageError } from '../../cli/errors.ts'
import { common } from '../../cli/options.ts'
import { printJson, printLine, printNote } from '../../print/print.ts'
import { type Change, changesBetween } from './changes.ts'
import { agentsIn, hasUser, type ServiceOptions, type Unit, unitFolder, unitOptions, unitsOf } from './units.ts'

/** A unit, and what there is in its place. */
interface Planned extends Unit {
  readonly path: string
  readonly state: 'new' | 'changed' | 'same'
  readonly changes: readonly Change[]
  /** The project whose agents the unit in its place runs, if it is another. */
  readonly other?: string
}

export const install = command({
  summary:
    'Write the units of systemd that run the agents of a project, and say what to type next. Starts nothing. A second time it changes nothing.',
  takes: ['[AGENT...]'],
  options: {
    ...unitOptions,
    to: { type: 'string', describe: 'Folder of the units; default: where systemd looks for them' },
    dry: { type: 'boolean', describe: 'Only show what would be written' },
    json: common.json,
    yes: common.yes,
  },
  examples: [
    ['hello', 'Writes the units, and says how to start agents/hello'],
    ['--user', 'Writes units of your own user, without root'],
    ['--to deploy --run-as home', 'Writes them to a folder, for agents that run as user home'],
    ['--dry', 'Shows what would change'],
  ],
  run: async (given) => {
    const project = resolve(given.project ?? '.')
    const units = unitsOf(given)
    const known = agentsIn(project)
    const unknown = given._.find((name) => !known.includes(name))
    if (unknown !== undefined)
      throw new UsageError(`${project} has no agent ${JSON.stringify(unknown)}; its agents: ${known.join(', ')}`)
    const folder = resolve(given.to ?? unitFolder(given.user))
    const plan = units.map((unit) => planned(folder, unit))
    const other = plan.find((each) => each.other !== undefined)?.other
    if (!given.dry) {
      if (other !== undefined)
        await confirm(`these units run the agents of ${other}, and would run those of ${project}`, given.yes)
      for (const each of plan) if (each.state !== 'same') write(folder, each)
    }
    const next = given.dry ? [] : nextSteps(given, given._.length > 0 ? given._ : known)
    if (given.json) printJson({ units: plan.map(({ text: _, ...each }) => each), next })
    else report(plan, next, given.dry === true)
    return exitCodes.ok
  },
})

function planned(folder: string, unit: Unit): Planned {
  const path = join(folder, unit.name)
  const before = textOf(path)
  if (before === undefined) return { ...unit, path, state: 'new', changes: [] }
  if (before === unit.text) return { ...unit, path, state: 'same', changes: [] }
  const [old, own] = [before, unit.text].map((text) => /^WorkingDirectory=(.*)$/m.exec(text)?.[1])
  const isOther = old !== undefined && old !== own
  return {
    ...unit,
    path,
    state: 'changed',
    changes: changesBetween(before, unit.text),
    ...(isOther ? { other: old } : {}),
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Failure(`${path} can't be read: ${(error as Error).message}`)
  }
}

// By a rename, so that systemd never reads half a unit.
function write(folder: string, { path, text }: Planned): void {
  const part = `${path}.${process.pid}.partial`
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(part, text, { mode: 0o644 })
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    const { code, message } = error as NodeJS.ErrnoException
    const isRefused = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
    const ways = isRefused ? '; use sudo, or --user for units of your own, or --to DIR for a folder of yours' : ''
    throw new Failure(`${path} can't be written: ${message}${ways}`)
  }
}

/** The commands that start these agents. */
function nextSteps({ user, 'run-as': runAs = 'tidings' }: ServiceOptions, agents: readonly string[]): string[] {
  const systemctl = user ? 'systemctl --user' : 'systemctl'
  const needsUser = !user && !hasUser(runAs)
  return [
    ...(needsUser ? [`useradd --system --no-create-home --shell /usr/sbin/nologin ${runAs}`] : []),
    `${systemctl} daemon-reload`,
    ...agents.map((agent) => `${systemctl} enable --now tidings@${agent}.service tidings-backup@${agent}.timer`),
  ]
}

function report(plan: readonly Planned[], next: readonly string[], dry: boolean): void {
  for (const { path, state, changes } of plan) {
    const words = {
      new: dry ? 'would be new' : 'is written',
      changed: dry ? 'would change' : 'is replaced',
      same: 'is as it should be',
    }
    printLine(`${path} ${words[state]}`)
    for (const { sign, line } of changes) printLine(`  ${sign} ${line}`)
  }
  if (next.length === 0) return
  printNote('next:')
  for (const line of next) printNote(`  ${line}`)
}
