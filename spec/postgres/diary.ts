import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs'

/** What an agent of the chaos suite is to do. */
export interface SharerOrders {
  readonly address: string
  readonly schema: string
  readonly lease: number
  readonly who: string
  readonly seed: number
  /** How long a run of the job takes, in ms. */
  readonly runs: number
  /** Whether it publishes events. */
  readonly publishes: boolean
  /** The file it writes to. */
  readonly diary: string
}

/** What an agent says that it does. */
export type DiaryLine =
  | { readonly what: 'opens'; readonly agent: string; readonly pid: number }
  | { readonly what: 'starts' }
  | { readonly what: 'is quiet' }
  | { readonly what: 'stops' }
  | { readonly what: 'warns'; readonly words: string }
  | { readonly what: 'logs'; readonly words: string }
  | { readonly what: 'told'; readonly identifier: string; readonly status: string; readonly seq: number }
  | { readonly what: 'begins'; readonly seq: number; readonly key: string }
  | { readonly what: 'fails'; readonly seq: number }
  | { readonly what: 'runs'; readonly slot: number; readonly attempt: number }
  | { readonly what: 'ran'; readonly slot: number; readonly attempt: number }

/** A line as it is found in the diary: with who wrote it, and when (ms since the epoch). */
export type Noted<T extends DiaryLine['what'] = DiaryLine['what']> = Extract<DiaryLine, { readonly what: T }> & {
  readonly who: string
  readonly at: number
}

/** A file to which agents append lines. */
export class Diary {
  readonly file: string
  readonly #lines: Noted[] = []
  #read = 0
  #rest = ''

  constructor(file: string) {
    this.file = file
    writeFileSync(file, '')
  }

  /** All lines so far, in the order in which they were written. */
  get lines(): readonly Noted[] {
    const { size } = statSync(this.file)
    if (size === this.#read) return this.#lines
    const bytes = Buffer.alloc(size - this.#read)
    const file = openSync(this.file, 'r')
    readSync(file, bytes, 0, bytes.length, this.#read)
    closeSync(file)
    this.#read = size
    const parts = (this.#rest + bytes.toString('latin1')).split('\n')
    // The last one may be half-written yet.
    this.#rest = parts.pop() as string
    for (const part of parts) this.#lines.push(JSON.parse(part) as Noted)
    return this.#lines
  }
}

/** The lines of one kind. */
export function linesOf<T extends DiaryLine['what']>(lines: readonly Noted[], what: T): readonly Noted<T>[] {
  return lines.filter((line): line is Noted<T> => line.what === what)
}
