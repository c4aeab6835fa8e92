// A process that does what its parent asks: opens a log, accepts events, changes the files of the log, closes it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type LevelLog, openLog } from '../../../lib/index.ts'
import { compiledProgram } from '../../support/compiled-program.ts'

/** The requests that this process answers, each once. */
export interface Asked {
  readonly open: { readonly directory: string }
  readonly put: { readonly identifiers: readonly string[] }
  readonly readLock: { readonly directory: string }
  readonly openInWorker: { readonly directory: string }
  readonly close: object
}

let log: LevelLog | undefined
// In case its parent dies first.
process.once('disconnect', () => process.exit())
setTimeout(() => process.exit(1), 60_000).unref()

const answers: { readonly [K in keyof Asked]: (asked: Asked[K]) => Promise<unknown> } = {
  async open({ directory }) {
    log = await openLog(directory, { warn: () => undefined })
    return 'open'
  },
  async put({ identifiers }) {
    const acknowledged: string[] = []
    for (const identifier of identifiers) {
      await log?.accept([{ type: 'it', identifier, data: process.pid }])
      acknowledged.push(identifier)
    }
    return acknowledged
  },
  async readLock({ directory }) {
    return readFileSync(`${directory}/LOCK`).length
  },
  async openInWorker({ directory }) {
    const lib = pathToFileURL(await compiledProgram(join(import.meta.dirname, '../../../lib/index.ts'))).href
    const program = `
      const { parentPort } = require('node:worker_threads')
      import(${JSON.stringify(lib)})
        .then(({ openLog }) => openLog(${JSON.stringify(directory)}))
        .then((log) => log.close().then(() => 'open'), ({ code }) => code)
        .then((answer) => parentPort.postMessage(answer))`
    const worker = new Worker(program, { eval: true, execArgv: [] })
    return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  },
  async close() {
    await log?.close()
    return 'closed'
  },
}

process.on('message', ({ id, what, asked }: { id: number; what: keyof Asked; asked: never }) => {
  const answer = (value: unknown): void => void process.send?.({ id, value })
  answers[what](asked).then(answer, ({ code, message }: NodeJS.ErrnoException) => answer({ code: code ?? message }))
})
process.send?.('ready')
