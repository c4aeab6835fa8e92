import { silentLogger } from '../../core/logger.ts'
import type { Operations } from '../operations/operations.ts'
import type { Page, PageOptions } from './page-options.ts'

/** The ports that a page tries if none was chosen, one after another; then it takes any. */
const PORTS = Array.from({ length: 10 }, (_, i) => 7433 + i)

/**
 * Serves the page of an agent, and its operations below `api/`, over TCP, behind the guard. The port is open when this
 * resolves.
 *
 * @throws TidingsError `TIDINGS_LISTEN_FAILED` if the port can't be opened, `TIDINGS_PAGE_INVALID` for options that would
 *   open the page to others by accident
 */
export async function page(operations: Operations, options: PageOptions): Promise<Page> {
  // Loaded on demand: most programs have no page.
  const { servePage } = await import('./serve-page.ts')
  const { port, logger = silentLogger, ...rest } = options
  return servePage(operations, { ...rest, logger, ports: port === undefined ? [...PORTS, 0] : [port] })
}
