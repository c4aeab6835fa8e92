import { asError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'

/** The tasks that run in an agent until it stops. */
export class Tasks {
  readonly #logger: Logger
  readonly #stop: AbortSignal
  readonly #going = new Set<Promise<unknown>>()

  constructor(logger: Logger, stop: AbortSignal) {
    this.#logger = logger
    this.#stop = stop
  }

  /** Logs the failure of a task that should still run, and resolves to the error; `fields` name the task. */
  track(task: Promise<unknown>, fields: object): Promise<Error | undefined> {
    const ended = task.then(
      () => undefined,
      (error: unknown) => {
        // A log that is closed under an agent ends it; any other failure is a bug in the engine.
        if (this.#stop.aborted) return undefined
        const err = asError(error)
        this.#logger.error({ ...fields, err }, 'stopped working')
        return err
      },
    )
    this.#going.add(ended)
    void ended.then(() => this.#going.delete(ended))
    return ended
  }

  /** Resolves when no task is running. */
  async ended(): Promise<void> {
    while (this.#going.size > 0) await Promise.all(this.#going)
  }
}
