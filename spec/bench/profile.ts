// Shows where the time goes: the share of each part of the code, by the sampling profiler of V8, in one run of each case.
// `--only WORDS`; `--write` to docs/performance.md.
import { readFileSync } from 'node:fs'
import { type Profiler, Session } from 'node:inspector/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cases } from './cases.ts'
import { writePage } from './page.ts'
import type { Profile } from './results.ts'

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, write: { type: 'boolean', default: false } },
})

/** The lines of the compiled files. */
const files = new Map<string, readonly string[]>()

/** The cases that run in this process and exercise the engine. */
const profiled = cases.filter(
  ({ name }) => /end to end|awaited|among a million|replay|listeners/.test(name) && name.includes(values.only),
)

const profiles: Profile[] = []
for (const { name, ours } of profiled) {
  process.stderr.write(`${name} …\n`)
  // One run without the profiler, to measure warm code.
  await ours()
  profiles.push({ name, shares: await profile(ours) })
}
for (const { name, shares } of profiles) {
  console.log(name)
  console.table(shares)
}
if (values.write) writePage({ profiles })

async function profile(work: () => Promise<unknown>): Promise<Profile['shares']> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 200 })
  await session.post('Profiler.start')
  await work()
  const { profile: found } = await session.post('Profiler.stop')
  session.disconnect()
  return shares(found)
}

function shares({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Profile['shares'] {
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]))
  const times = new Map<string, number>()
  let all = 0
  for (const [i, sample] of samples.entries()) {
    const part = parts.get(sample) ?? 'other'
    const time = timeDeltas[i] ?? 0
    times.set(part, (times.get(part) ?? 0) + time)
    all += time
  }
  return [...times].map(([part, time]) => ({ part, share: time / all })).sort((a, b) => b.share - a.share)
}

interface Place {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

function partOf({ functionName, url, lineNumber }: Place): string {
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (functionName === '(idle)') return 'waiting for the disk'
  if (/(classic|abstract)-level/.test(url)) return 'LevelDB and its wrapper'
  if (/zlib/.test(url)) return 'checksums'
  if (/node_modules.rxjs/.test(url)) return 'rxjs'
  const [, floor] = /^\/\/ lib\/(\w+)\//.exec(moduleAt(url, lineNumber)) ?? []
  return floor === undefined ? 'node, and the benchmark itself' : `lib/${floor}`
}

/** The line of a joined file that names the module of this line: `// lib/level/open-log.ts`. */
function moduleAt(url: string, line: number): string {
  if (!url.startsWith('file:')) return ''
  const lines = files.get(url) ?? readFileSync(fileURLToPath(url), 'utf8').split('\n')
  files.set(url, lines)
  return lines[lines.findLastIndex((text, i) => i <= line && /^\/\/ [\w./-]+\.ts$/.test(text))] ?? ''
}
