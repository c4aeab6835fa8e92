// How many days of an agent are simulated in a second.
// npm run bench:simulate -- [DAYS (default 30)] [home]
// Without `home`: 5 jobs, one of them every minute, and 5 listeners. With it: the home of docs/examples, 5 jobs every
// 5 minutes and 5 listeners, with services that have something new each hour and each day.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agent, eventType, every, job, listener, on, where } from '../../lib/index.ts'
import { simulate } from '../../lib/testing/index.ts'
import { homeWorld } from './home-world.ts'

const reading = eventType('reading').of<{ n: number }>()
const report = eventType('report').of<{ day: string }>()
const tick = (name: string, schedule: Parameters<typeof job>[1], every: number) =>
  job(name, schedule, ({ slot }) => {
    const n = Math.floor(slot.getTime() / 60_000)
    return n % every === 0 ? reading(`${name} ${n}`, { n }) : undefined
  })

const minutely = agent('bench', [
  tick('minutely', every().minute, 10),
  tick('quarterly', every(15).minutes, 15),
  tick('hourly', every().hour, 60),
  tick('six-hourly', every(6).hours, 60),
  job('daily', every().day.at('07:00'), ({ slot }) => report(slot.toISOString(), { day: slot.toISOString() })),
  listener('all', on(reading), () => undefined),
  listener('even', on(reading).pipe(where(({ data }) => data.n % 2 === 0)), () => undefined),
  listener('post', on(report), async (_, { fetch, key }) => {
    await fetch('https://house.example/reports', { method: 'POST', headers: { 'idempotency-key': key } })
  }),
  listener('reports', on(report), () => undefined),
  listener('every', on('*'), () => undefined),
])

const days = Number(process.argv[2] ?? 30)
const isHome = process.argv[3] === 'home'
const simulated = isHome ? (await import('../../docs/examples/home.ts')).default : minutely
const world = isHome ? homeWorld : { fetch: async () => new Response('ok') }
// The home writes files into its working directory.
const directory = mkdtempSync(join(tmpdir(), 'simulated-'))
process.chdir(directory)
process.once('exit', () => rmSync(directory, { recursive: true }))
const began = process.cpuUsage()
const wall = performance.now()
const timeline = await simulate(simulated, { from: new Date('2026-01-01T00:00:00Z'), for: `${days}d`, world })
const { user, system } = process.cpuUsage(began)
const seconds = (user + system) / 1e6
const rate = (of: number): string => `${(days / of).toFixed(1)} days a second`
console.log(JSON.stringify(timeline.counts))
console.log(
  `${days} days in ${seconds.toFixed(2)} s of CPU time (${rate(seconds)}), ${((performance.now() - wall) / 1000).toFixed(2)} s of real time`,
)
