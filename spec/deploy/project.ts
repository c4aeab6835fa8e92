import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readTemplates, writeTemplates } from '../../bin/templates.ts'
import { must } from '../package/programs.ts'

/** The parts of a release that differ from one to the next. */
export interface Release {
  readonly version: string
  /** Code at the end of `agents/counter.ts`; may add to `parts`. */
  readonly more?: string
}

/** An agent that publishes each number of a service, and tells it each that it hears, with a count from its state. */
function counter(service: string, { version, more = '' }: Release): string {
  return `import { agent, every, eventType, job, listener, on } from 'tidings'

const service = '${service}'
const happened = eventType('happened').of<{ readonly n: number }>()
const source = job(
  'source',
  every('1s'),
  async ({ fetch }) => {
    const numbers = (await (await fetch(service)).json()) as number[]
    return numbers.map((n) => happened(String(n), { n }))
  },
  { flood: false },
)
const effects = listener(
  'effects',
  on(happened),
  async ({ data }, { fetch, state }) => {
    const count = (await state.get('count', 0)) + 1
    state.set('count', count)
    await fetch(service, { method: 'POST', body: JSON.stringify({ n: data.n, count, version: '${version}' }) })
  },
  { from: 'start' },
)
const parts = [source, effects]
${more}
export default agent('counter', parts)
`
}

const quiet = `import { agent, job, manual } from 'tidings'
export default agent('quiet', [job('nothing', manual(), ({ secret }) => void secret('TOKEN'))])
`

/** A project of a user, with two agents. */
export interface Project {
  readonly folder: string
  /** Changes it to this release. */
  write(release: Release): void
}

/** Makes a project whose agent hears a service, with what the templates of these kinds add. `env`: for npm. */
export async function makeProject(
  folder: string,
  service: string,
  kinds: readonly ('ansible' | 'docker' | 'systemd')[],
  env: NodeJS.ProcessEnv,
): Promise<Project> {
  mkdirSync(join(folder, 'agents'), { recursive: true })
  const write = (release: Release): void => {
    const dependencies = { tidings: '*', rxjs: '7.8.2' }
    const manifest = { name: 'home', version: release.version, private: true, type: 'module', dependencies }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'agents/counter.ts'), counter(service, release))
  }
  write({ version: '1.0.0' })
  writeFileSync(join(folder, 'agents/quiet.ts'), quiet)
  for (const kind of kinds) {
    const files = readTemplates(kind, { project: 'home', agent: 'counter' }, kind === 'systemd' ? 'deploy' : '')
    writeTemplates(folder, files)
  }
  await must(folder, 'npm', ['install', '--package-lock-only', '--omit-lockfile-registry-resolved', '--no-audit'], env)
  return { folder, write }
}
