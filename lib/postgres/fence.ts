import { setMaxListeners } from 'node:events'
import { quote, TidingsError } from '../core/errors.ts'
import type { Hold } from '../log/port.ts'
import { isRefused, type Row } from './connection.ts'
import type { Session } from './session.ts'
import { toText } from './text.ts'

/** What is held: a hold, or a consumer. */
type Kind = 'hold' | 'consumer'

/** Checks the epoch of each kind, and keeps it as it is until the transaction ends. */
const CHECKS: Readonly<Record<Kind, string>> = { hold: 'fenced_1', consumer: 'fenced_consumer_1' }

/** One holding. Each write under it checks its epoch, in the transaction of the write. */
export class Fence {
  readonly kind: Kind
  readonly name: string
  /** Names this holding. It stays when the agent takes the hold again. */
  readonly holder: string
  /** Rises with every holding, and with every reconnect. */
  epoch: number
  /** How many takings after a reconnect have no answer: each of them may have raised the epoch. */
  #doubts = 0
  readonly #lost = endless()
  readonly #wanted = endless()

  constructor(kind: Kind, name: string, holder: string, epoch: number) {
    this.kind = kind
    this.name = name
    this.holder = holder
    this.epoch = epoch
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  get wanted(): AbortSignal {
    return this.#wanted.signal
  }

  /**
   * Takes it again on new connections, with a later epoch. Resolves to false if another agent has had it meanwhile. A
   * question without an answer may have raised the epoch: then the holder in the row tells that it was this one.
   *
   * @param write asks on the new connections
   * @param holder what the row names as its holder
   */
  async takeAgain(session: Session, write: Session['write'], holder: string): Promise<boolean> {
    const text = `UPDATE ${session.name(this.kind)} SET epoch = epoch + 1, holder = $3
      WHERE name = $1 AND (epoch = $2 OR (holder = $3 AND epoch > $2 AND epoch <= $2 + $4)) RETURNING epoch`
    const values = [toText(this.name), this.epoch, holder, this.#doubts]
    this.#doubts += 1
    const [row] = await write(text, values)
    if (row === undefined) return false
    this.epoch = Number(row[0])
    this.#doubts = 0
    return true
  }

  /** Another agent may have it. Returns the error of everything that is written under it. */
  lose(): TidingsError {
    const error = new TidingsError('TIDINGS_LOG_CLOSED', `another agent has ${quote(this.name)} now`)
    this.#lost.abort(error)
    return error
  }

  /** Another agent should have it. */
  want(): void {
    this.#wanted.abort(new TidingsError('TIDINGS_RUN_ENDED', `another agent takes ${quote(this.name)} over`))
  }
}

/** The signals of a hold. */
export function signalsOf({ lost, wanted }: Fence): Pick<Hold, 'lost' | 'wanted'> {
  return { lost, wanted }
}

/**
 * Writes under a fence, or without one. The text ends with a list, of functions or of columns: the check is added to it.
 *
 * @throws TidingsError `TIDINGS_LOG_CLOSED` when the hold is lost: nothing was written
 */
export async function writeFenced(
  session: Session,
  fence: Fence | undefined,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  if (fence === undefined) return session.write(text, values)
  if (fence.lost.aborted) throw fence.lose()
  const check = `${session.name(CHECKS[fence.kind])}($${values.length + 1}, $${values.length + 2})`
  try {
    return await session.write(`${text}, ${check}`, [...values, toText(fence.name), fence.epoch])
  } catch (error) {
    if (!isRefused(error, 'fenced')) throw error
    throw fence.lose()
  }
}

// Everything that runs under a hold listens to it; Node reports more than ten listeners as a leak.
function endless(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}
