import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** How often the files are looked at, in ms. A change counts once a look finds no further one. */
const PAUSE = 200

/** How much the time of a file may be behind that of the process, in ms. */
const COARSE = 10

/**
 * Tells which of some files have changed, appeared or gone. Looks at them again and again (decision 0059), so it also sees
 * what is replaced, comes back, or changes on a disk that reports nothing.
 */
export class FileWatch {
  readonly #changed: (files: readonly string[]) => void
  readonly #pending = new Set<string>()
  /** Each file with its state; undefined: it counts as changed at the next look. */
  #known: ReadonlyMap<string, string | undefined> = new Map()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** `changed` receives the paths; several changes at once are one call. */
  constructor(changed: (files: readonly string[]) => void) {
    this.#changed = changed
  }

  /**
   * Watches these files from now on, and no others. `since`: when they were read, in ms since the epoch. What was watched
   * before and has changed since the last look still counts.
   */
  async follow(files: readonly string[], since: number): Promise<void> {
    const found = await Promise.all(files.map(async (file) => [file, await look(file)] as const))
    const states = found.map(([file, found]): readonly [string, string | undefined] => {
      // One that was read a moment ago may be older than what is there now.
      const isUnsure = found !== undefined && Number(found.mtimeMs) >= since - COARSE
      return [file, this.#known.has(file) ? this.#known.get(file) : isUnsure ? undefined : stateOf(found)]
    })
    this.#known = new Map(states)
    clearTimeout(this.#timer)
    this.#again()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #again(): void {
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), PAUSE)
  }

  async #look(): Promise<void> {
    const before = this.#known
    const found = await Promise.all([...before.keys()].map(async (file) => [file, stateOf(await look(file))] as const))
    // Others are followed meanwhile.
    if (this.#known !== before) return
    const changed = found.filter(([file, state]) => before.get(file) !== state).map(([file]) => file)
    this.#known = new Map(found)
    for (const file of changed) this.#pending.add(file)
    if (changed.length === 0 && this.#pending.size > 0 && !this.#closed) {
      const all = [...this.#pending]
      this.#pending.clear()
      this.#changed(all)
    }
    this.#again()
  }
}

async function look(file: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(file, { bigint: true })
  } catch {
    return undefined
  }
}

function stateOf(found: BigIntStats | undefined): string {
  return found?.isFile() === true ? `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}` : 'missing'
}
