// An agent that shares a log with others, to be killed, frozen and cut off. It writes what it does into a diary:
//   node THIS_FILE ORDERS
import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { agent, eventType, every, job, listener, on, start } from '../../../lib/index.ts'
import { openPostgres } from '../../../lib/postgres/open-postgres.ts'
import { random } from '../../support/random.ts'
import type { DiaryLine, SharerOrders } from '../diary.ts'

const { address, schema, lease, who, seed, runs, diary, publishes } = JSON.parse(process.argv[2] ?? '') as SharerOrders
const file = openSync(diary, 'a')

function note(line: DiaryLine): void {
  writeSync(file, `${JSON.stringify({ ...line, who, at: Date.now() })}\n`)
}

const below = random(seed)

const silent = (): void => undefined
const logger = {
  debug: silent,
  info: silent,
  warn: silent,
  error: (fields: object, words: string) => note({ what: 'logs', words: `${words} ${inspect(fields)}` }),
}

const made = eventType('made').of<{ key: string }>()

const hear = listener(
  'hear',
  on(made),
  async ({ seq, data: { key } }, { attempt, state }) => {
    note({ what: 'begins', seq, key })
    try {
      const before = (await state.get<number[]>(key)) ?? []
      await sleep(seq % 5)
      if (seq % 7 === 0 && attempt === 1) throw new Error('made up')
      state.set(key, [...before, seq])
    } catch (error) {
      note({ what: 'fails', seq })
      throw error
    }
  },
  {
    from: 'start',
    ordered: ({ data }) => data.key,
    concurrency: 4,
    attempts: 1000,
    crashes: 1000,
    backoff: { min: 1, max: 10 },
  },
)

const count = job('count', every(1).seconds, async ({ state, slot, attempt, signal }) => {
  note({ what: 'runs', slot: slot.getTime(), attempt })
  try {
    const before = (await state.get<number>('count')) ?? 0
    await sleep(runs)
    if (!signal.aborted) state.set('count', before + 1)
  } finally {
    note({ what: 'ran', slot: slot.getTime(), attempt })
  }
})

const log = await openPostgres(address, { schema, lease, warn: (words) => note({ what: 'warns', words }) })
note({ what: 'opens', agent: log.agent, pid: process.pid })
const running = await start(agent('chaos', [hear, count]), { log, logger })
let isQuiet = !publishes

// Asks until there is an answer: what was not acknowledged may be stored.
async function publish(identifier: string, n?: number): Promise<void> {
  const state = n === undefined ? [] : [{ namespace: 'sent', key: who, value: n }]
  for (;;) {
    try {
      const [answer] = await log.accept([made(identifier, { key: `key ${below(6)}` })], { state })
      if (answer !== undefined) note({ what: 'told', identifier, status: answer.status, seq: answer.seq })
      return
    } catch {
      if (log.state === 'closed') return
      await sleep(50)
    }
  }
}

async function own(): Promise<void> {
  for (let n = 1; !isQuiet; n++) {
    await publish(`${who}-${n}`, n)
    await sleep(60 + below(120))
  }
}

async function contested(): Promise<void> {
  while (!isQuiet) {
    await publish(`shared-${Math.floor(Date.now() / 150)}`)
    await sleep(60 + below(120))
  }
}

const publishing = Promise.all([own(), contested()])
process.once('SIGUSR2', () => {
  isQuiet = true
  void publishing.then(() => note({ what: 'is quiet' }))
})
async function stop(): Promise<void> {
  isQuiet = true
  await publishing
  await running.stop()
  await log.close()
  note({ what: 'stops' })
}
process.once('SIGTERM', () => void stop())
note({ what: 'starts' })
