import type { Exec } from '../core/exec.ts'
import type { World } from '../core/world.ts'

/** When a process ends in the middle of a poll: before which of its steps, counted from 0. */
export interface EndOfProcess {
  readonly step: number
  /** `dies`: at once, as by SIGKILL. `stops`: its signal aborts, as by SIGTERM. */
  readonly how: 'dies' | 'stops'
}

/**
 * The process in which a poll runs. Its steps are the places at which it waits: before and after each request, program,
 * publish and save.
 */
export class StreamProcess {
  readonly #end = new AbortController()
  readonly #ends: EndOfProcess | undefined
  /** What it asked of the world after it was stopped. */
  readonly late: string[] = []
  #steps = 0
  #isOver = false

  constructor(ends?: EndOfProcess) {
    this.#ends = ends
  }

  /** Aborts when it must stop, or has died. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** Whether it has died or was stopped. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether it has died: nothing that it does counts any more. */
  get isDead(): boolean {
    return this.#isOver && this.#ends?.how === 'dies'
  }

  /** Makes a step; rejects in a process that has died. What it does then has no effect. */
  async step(): Promise<void> {
    if (this.#steps++ === this.#ends?.step) {
      this.#isOver = true
      this.#end.abort(new Error(this.isDead ? 'the process has died' : 'the agent stops'))
    }
    if (this.isDead) throw new Error('the process has died')
  }

  /** The same world, in which each call is a step. */
  worldOf(world: World): World {
    const fetch: World['fetch'] = async (input, init) => {
      const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
      this.#notice(input instanceof Request ? input.url : String(input), signal)
      await this.step()
      signal?.throwIfAborted()
      const response = await world.fetch(input, init)
      await this.step()
      return response
    }
    const exec: Exec = async (...program) => {
      this.#notice(program[0], program[2]?.signal)
      await this.step()
      const result = await world.exec(...program)
      await this.step()
      return result
    }
    return { ...world, fetch, exec }
  }

  #notice(asked: string, signal: AbortSignal | null | undefined): void {
    if (this.#isOver && signal?.aborted !== true) this.late.push(asked)
  }
}
