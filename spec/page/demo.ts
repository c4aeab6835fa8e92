import {
  agent,
  cron,
  eventType,
  every,
  job,
  type LevelLog,
  listener,
  manual,
  memoryLog,
  on,
  Park,
  type Running,
  start,
  where,
} from '../../lib/index.ts'
import { type VirtualClock, virtualClock } from '../../lib/testing/virtual-clock.ts'

const MINUTE = 60_000

/** When the demonstration begins. */
const BEGINS = new Date('2026-11-27T06:00:00Z')

const commit = eventType('git.commit').of<{ repo: string; subject: string; author: string; url: string }>()
const issue = eventType('git.issue').of<{ repo: string; title: string; stars: number }>()
const item = eventType('feed.item').of<{ title: string; link: string }>()
const weather = eventType('weather.changed').of<{ place: string; celsius: number; wind: { speed: number } }>()
const made = eventType('todo.made').of<{ content: string }>()

const subjects = ['fix: a slot is settled once', 'docs: how to restore', 'log: fewer reads', 'cli: shorter lines']
const titles = ['Stops after a resume', 'Wrong zone in the digest', 'A picture for the manual']

const pick = (of: readonly string[], n: number): string => of[n % of.length] ?? ''

/** An agent with all that the page can show: jobs that fail, are late or paused, listeners with parked events, answers. */
const home = agent(
  'home',
  [
    job(
      'poll_git',
      every(10).minutes,
      ({ publish, slot }) => {
        const n = Math.floor(slot.getTime() / (10 * MINUTE))
        const repo = n % 2 === 0 ? 'tidings' : 'engine'
        publish(commit, n.toString(16).padStart(12, '9f3c'), {
          repo,
          subject: pick(subjects, n),
          author: 'ada',
          url: `https://git.example/${repo}/commit/${n}`,
        })
        if (n % 3 === 0) publish(issue, `${repo}#${n % 1000}`, { repo, title: pick(titles, n), stars: n % 7 })
      },
      { publishes: [commit, issue], tags: ['git'] },
    ),
    job(
      'poll_feed',
      every(15).minutes,
      ({ publish, slot }) => {
        const n = Math.floor(slot.getTime() / (15 * MINUTE))
        if (slot.getTime() > BEGINS.getTime() + 90 * MINUTE) throw new Error('503 Service Unavailable of feed.example')
        publish(item, `urn:item:${n}`, { title: `Weekly notes ${n % 100}`, link: `https://feed.example/${n}` })
      },
      { publishes: [item], tags: ['news'] },
    ),
    job(
      'weather',
      every(30).minutes,
      ({ publish, slot }) => {
        const n = Math.floor(slot.getTime() / (30 * MINUTE))
        publish(weather, `Berlin ${n}`, { place: 'Berlin', celsius: (n * 7) % 12, wind: { speed: (n * 5) % 40 } })
      },
      { publishes: [weather] },
    ),
    job('digest', cron('0 10 * * *', { timezone: 'Europe/Berlin' }), () => undefined),
    job('backup', cron('20 3 * * *', { timezone: 'Europe/Berlin' }), () => undefined, { tags: ['upkeep'] }),
    job('import_once', manual(), () => undefined, { tags: ['upkeep'] }),
    listener(
      'todo',
      on(issue).pipe(where((event) => event.data.stars > 2)),
      (event, { publish }) => publish(made, event.identifier, { content: event.data.title }),
      { attempts: 2 },
    ),
    listener('mail', on(item, made), (event) => {
      if (event.type === 'feed.item') throw new Park('no room in the mailbox')
    }),
    listener(
      'sheet',
      on(commit),
      (event) => {
        if (event.seq % 5 === 0) throw new TypeError('the sheet has no column "author"')
      },
      { attempts: 1 },
    ),
    listener('alarm', on(weather).pipe(where((event) => event.data.wind.speed > 30)), () => undefined),
    listener('archive', on('git.*'), () => undefined),
  ],
  { timezone: 'Europe/Berlin' },
)

/** The demonstration, after some hours of its own time. */
export interface Demo {
  readonly running: Running
  readonly log: LevelLog
  readonly clock: VirtualClock
  close(): Promise<void>
}

export async function demo(hours = 3): Promise<Demo> {
  const clock = virtualClock(BEGINS)
  const log = await memoryLog({ clock, warn: () => undefined })
  const running = await start(home, { log, clock, logger: false })
  for (let minute = 0; minute < hours * 60; minute += 5) await clock.advance(5 * MINUTE)
  return {
    running,
    log,
    clock,
    async close() {
      const stopped = running.stop()
      await clock.advance(20_000)
      await stopped
      await log.close()
    },
  }
}
