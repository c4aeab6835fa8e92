// Publishes and handles events as fast as it can, until it is killed. Prints each acknowledged seq.
import { writeSync } from 'node:fs'
import { openLog } from '../../lib/level/open-log.ts'

const [directory = '', durability] = process.argv.slice(2)
// In case its parent dies first.
setTimeout(() => process.kill(process.pid, 'SIGKILL'), 20_000)
const log = await openLog(directory, durability === 'relaxed' ? { durability } : {})
const consumer = await log.consumer('c', { start: 'start' })

async function publish(publisher: number): Promise<never> {
  for (let i = 0; ; i++) {
    const drafts = Array.from({ length: 1 + (i % 7) }, (_, n) => ({
      type: 'it',
      identifier: `${process.pid} ${publisher} ${i} ${n}`,
      data: 'x'.repeat((i * 37) % 400),
    }))
    const receipts = await log.accept(drafts)
    writeSync(1, `${receipts.map(({ seq }) => seq).join('\n')}\n`)
  }
}

async function handle(): Promise<never> {
  const { signal } = new AbortController()
  for (;;) {
    for (const handed of await consumer.pull(20, signal)) {
      consumer.ack(handed, [{ namespace: 'c', key: 'handled', value: handed.event.seq }])
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

await Promise.all([handle(), ...Array.from({ length: 10 }, (_, publisher) => publish(publisher))])
