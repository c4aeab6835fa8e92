import { createHash } from 'node:crypto'
import type { JobContext } from '../../lib/index.ts'

/** Values that are compared from look to look. */
export type Readings = Readonly<Record<string, string | number | boolean | null>>

/** What was told last of one identity, and until when it matters, in ms since the epoch. */
interface Told {
  readonly readings: Readings
  readonly until: number
}

/** The key in the job's state. */
const KEY = 'told'

/**
 * Decides when values that never stand still have changed enough to tell. They are compared with the values that were
 * told last, not with those of the last look, so that noise stays silent, a slow drift does not, and a value on the edge
 * between two rounded ones does not flip.
 *
 * ```
 * step 1:   18.0  18.4  18.9  19.1  18.6  18.0
 * told:     18.0              19.1        18.0
 * ```
 */
export class Deadband {
  readonly #context: JobContext
  readonly #told: ReadonlyMap<string, Told>
  readonly #next = new Map<string, Told>()

  private constructor(context: JobContext, told: ReadonlyMap<string, Told>) {
    this.#context = context
    this.#told = told
  }

  /** Reads what earlier runs told. */
  static async of(context: JobContext): Promise<Deadband> {
    const stored = (await context.state.get<readonly (readonly [string, Told])[]>(KEY)) ?? []
    return new Deadband(context, new Map(stored))
  }

  /** Whether an earlier run told something of this identity that still matters. */
  knows(identifier: string): boolean {
    const told = this.#told.get(identifier)
    return told !== undefined && told.until > this.#context.now()
  }

  /**
   * The version of a draft: another one if a reading has changed. A number has changed if it moved by its step or more;
   * one without a step, and anything else, if it differs.
   *
   * @param until when the identity stops to matter, in ms since the epoch; it is remembered until then, seen or not
   */
  version(identifier: string, readings: Readings, steps: Readonly<Record<string, number>>, until: number): string {
    const last = this.#told.get(identifier)?.readings
    const told = last !== undefined && !changed(last, readings, steps) ? last : readings
    this.#next.set(identifier, { readings: told, until })
    return createHash('sha256').update(JSON.stringify(told)).digest('base64url').slice(0, 22)
  }

  /** Stores what this run told, if that is something else than before. */
  save(): void {
    const now = this.#context.now()
    const kept = [...this.#told].filter(([identifier, { until }]) => !this.#next.has(identifier) && until > now)
    const next = [...kept, ...this.#next]
    if (JSON.stringify(next) !== JSON.stringify([...this.#told])) this.#context.state.set(KEY, next)
  }
}

function changed(last: Readings, now: Readings, steps: Readonly<Record<string, number>>): boolean {
  const names = Object.keys(now)
  // Other fields were chosen.
  if (Object.keys(last).length !== names.length) return true
  return names.some((name) => {
    const [from, to] = [last[name], now[name]]
    const step = steps[name] ?? 0
    if (typeof from === 'number' && typeof to === 'number' && step > 0) return Math.abs(to - from) >= step
    return from !== to
  })
}
