import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Draft } from '../../../lib/index.ts'
import { until } from '../../support/until.ts'
import type { OpenPeer } from './peer.ts'

/** What is used of BullMQ. */
interface BullMq {
  readonly Queue: new (name: string, options: object) => Queue
  readonly Worker: new (name: string, work: (job: { data: Draft }) => Promise<void>, options: object) => Worker
}

interface Queue {
  addBulk(jobs: readonly { name: string; data: Draft; opts: { jobId: string } }[]): Promise<unknown>
  waitUntilReady(): Promise<unknown>
  close(): Promise<unknown>
}

interface Worker {
  on(event: 'completed', listener: () => void): unknown
  waitUntilReady(): Promise<unknown>
  close(): Promise<unknown>
}

/** Jobs of one worker at a time: with one alone, it would wait for the disk after each. */
const CONCURRENCY = 100

/** BullMQ: the id of a job is that of its draft. Jobs that are done are kept, so their ids are known. */
export const open: OpenPeer = async ({ packages, address }) => {
  const { Queue, Worker } = createRequire(join(packages, 'package.json'))('bullmq') as BullMq
  const connection = { path: address, maxRetriesPerRequest: null }
  const queue = new Queue('events', { connection })
  await queue.waitUntilReady()
  let [handled, completed] = [0, 0]
  let worker: Worker | undefined
  return {
    accept: (drafts) =>
      queue.addBulk(
        drafts.map((data) => ({ name: data.type, data, opts: { jobId: `${data.type} ${data.identifier}` } })),
      ),
    async listen(handle) {
      const work = async ({ data }: { data: Draft }): Promise<void> => {
        handled += 1
        handle(data.identifier)
      }
      worker = new Worker('events', work, { connection, concurrency: CONCURRENCY })
      worker.on('completed', () => (completed += 1))
      await worker.waitUntilReady()
    },
    // It emits this after the server has answered.
    acked: () => until(() => completed === handled),
    async close() {
      await worker?.close()
      await queue.close()
    },
  }
}
