import { type ContextLogger, callWith, type LogCall, type Logger } from '../../core/logger.ts'

/** A line that an agent has logged. */
export interface LoggedLine {
  /** The level of the line. */
  readonly level: keyof Logger
  /** Its words, such as `job failed`. */
  readonly message: string
  /** Its fields, as they were when it was logged; an error that was logged alone is the field `err`, as in pino. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** How many lines are kept: enough for a test, and no burden for an agent that runs silently for months. */
const MOST = 1000

/** A logger that writes nothing and keeps its newest lines. */
export class LoggedLines implements Logger {
  /** Once there are `MOST`, each line replaces the oldest. */
  readonly #lines: LoggedLine[] = []
  #count = 0

  // Values, since wrappers of a logger call its functions with another `this`.
  readonly debug: ContextLogger['debug'] = (...call) => this.#keep('debug', call as LogCall)
  readonly info: ContextLogger['info'] = (...call) => this.#keep('info', call as LogCall)
  readonly warn: ContextLogger['warn'] = (...call) => this.#keep('warn', call as LogCall)
  readonly error: ContextLogger['error'] = (...call) => this.#keep('error', call as LogCall)

  /** The newest lines, oldest first. */
  get lines(): readonly LoggedLine[] {
    const oldest = this.#count % MOST
    return this.#count <= MOST ? [...this.#lines] : [...this.#lines.slice(oldest), ...this.#lines.slice(0, oldest)]
  }

  #keep(level: keyof Logger, call: LogCall): void {
    const [fields, message = ''] = callWith(undefined, call) as readonly [object, string?]
    this.#lines[this.#count % MOST] = { level, message, fields: fields as LoggedLine['fields'] }
    this.#count += 1
  }
}
