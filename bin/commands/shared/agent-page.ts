import type { Page, PageOptions } from '../../../lib/cli.ts'
import type { Agent, Logger, Operations } from '../../../lib/index.ts'
import { UsageError } from '../../cli/errors.ts'

/** The options of commands that serve the page, as given. */
export interface PageFlags {
  readonly 'ui-read-only'?: boolean | undefined
  readonly 'ui-host'?: string | undefined
  readonly 'ui-allowed-hosts'?: readonly string[] | undefined
  readonly 'ui-trust-proxy'?: boolean | undefined
  readonly 'metrics-open'?: boolean | undefined
}

/** The options of `page` that the options of a command say. */
export function pageOptions(flags: PageFlags): Omit<PageOptions, 'agent'> {
  const isReadOnly = flags['ui-read-only'] === true
  return {
    host: flags['ui-host'],
    allowedHosts: flags['ui-allowed-hosts'],
    readOnly: () => isReadOnly,
    trustProxy: flags['ui-trust-proxy'],
    metricsOpen: flags['metrics-open'],
  }
}

/** @throws UsageError for an option of the page, in a command that serves none */
export function refuseWithoutPage(flags: PageFlags): void {
  const names = ['ui-read-only', 'ui-host', 'ui-allowed-hosts', 'ui-trust-proxy', 'metrics-open'] as const
  const given = names.find((name) => flags[name] !== undefined)
  if (given !== undefined) throw new UsageError(`--${given} needs --ui, which serves the page`)
}

/** The port that an option names; undefined to choose one. */
export function portOf(option: string, given: string | number | undefined): number | undefined {
  if (given === undefined || given === 'any') return undefined
  const port = /^\d+$/.test(String(given)) ? Number(given) : Number.NaN
  if (port <= 65_535) return port
  throw new UsageError(`${option} takes a port from 0 to 65535, got ${JSON.stringify(given)}`)
}

/** What the page of a running agent needs. */
interface PageNeeds {
  readonly agent: Pick<Agent, 'name' | 'timezone'>
  readonly directory: string | undefined
  readonly logger: Logger
  readonly scrub: (text: string) => string
  readonly flags: PageFlags
}

/** The page of an agent: opened at most once, perhaps before the agent has started. */
export class AgentPage {
  readonly #needs: PageNeeds
  readonly #operations: Promise<Operations>
  #serve: (operations: Operations) => void = () => undefined
  #page: Promise<Page> | undefined

  constructor(needs: PageNeeds) {
    this.#needs = needs
    this.#operations = new Promise((resolve) => (this.#serve = resolve))
  }

  /**
   * Opens the page, if it is not open yet, and logs its address. Visitors wait until `serve` is called. Resolves to the
   * address.
   *
   * @throws UsageError for a port that is not a number, and whatever `page` throws
   */
  async open(port?: string): Promise<string> {
    this.#page ??= this.#open(portOf('--ui', port)).catch((error: unknown) => {
      this.#page = undefined
      throw error
    })
    return (await this.#page).address
  }

  /** Answers what visitors ask. */
  serve(operations: Operations): void {
    this.#serve(operations)
  }

  /** Closes the page, if it is open. */
  async close(): Promise<void> {
    await (await this.#page?.catch(() => undefined))?.close()
  }

  async #open(port: number | undefined): Promise<Page> {
    const { deferredOperations, page } = await import('../../../lib/cli.ts')
    const { agent, flags, ...rest } = this.#needs
    const options = { ...pageOptions(flags), ...rest, port, agent: agent.name, timezone: agent.timezone }
    const opened = await page(
      deferredOperations(() => this.#operations),
      options,
    )
    rest.logger.info({ address: opened.address }, 'page opened')
    return opened
  }
}
