import type { ImapFlow, SearchObject } from 'imapflow'
import { Retry, TidingsError } from '../../lib/index.ts'
import { optionalPackage } from '../shared/optional-package.ts'

/** A folder of an account, and how to reach it. */
export interface Account {
  readonly host: string
  readonly port: number | undefined
  readonly secure: boolean
  readonly user: string
  readonly folder: string
}

/**
 * Bounds on what a server may do, in ms and bytes. A message's headers arrive in one piece. A server that is quiet during
 * an IDLE is asked whether it is still there.
 */
const LIMITS = {
  connectionTimeout: 30_000,
  greetingTimeout: 15_000,
  socketTimeout: 60_000,
  maxLiteralSize: 16 * 1024 * 1024,
  maxLineLength: 16 * 1024 * 1024,
  maxResponseSize: 32 * 1024 * 1024,
}

/** Connects and opens the folder for reading: nothing that is done with it marks a message as read. */
export async function openFolder(account: Account, password: string, signal: AbortSignal): Promise<Folder> {
  signal.throwIfAborted()
  const { ImapFlow } = await optionalPackage('stream imap', ['imapflow'], () => import('imapflow'))
  const { host, port, secure, user, folder } = account
  const isLocal = ['localhost', '127.0.0.1', '::1'].includes(host)
  const client = new ImapFlow({
    host,
    port: port ?? (secure ? 993 : 143),
    secure,
    // A password crosses a network only under TLS.
    ...(secure || isLocal ? {} : { doSTARTTLS: true }),
    // A mail program on this machine, such as a bridge, has a certificate of its own making.
    ...(!secure && isLocal ? { tls: { rejectUnauthorized: false } } : {}),
    auth: { user, pass: password },
    logger: false,
    autoIdleDelay: 1000,
    ...LIMITS,
  })
  const opened = new Folder(client, account, signal)
  await opened.open(folder)
  return opened
}

/** A folder that is open on its own connection. */
export class Folder {
  readonly client: ImapFlow
  readonly #account: Account
  readonly #signal: AbortSignal
  readonly #abort = (): void => this.client.close()
  #broken: unknown

  constructor(client: ImapFlow, account: Account, signal: AbortSignal) {
    this.client = client
    this.#account = account
    this.#signal = signal
    // It tells why the connection broke; the commands in progress only know that it did. Without a listener, it would be
    // an uncaught error.
    client.on('error', (error: unknown) => {
      this.#broken ??= error
    })
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  async open(folder: string): Promise<void> {
    try {
      await this.client.connect()
      await this.client.mailboxOpen(folder, { readOnly: true })
    } catch (error) {
      this.close()
      throw this.failed(error)
    }
  }

  /** Changes when the server numbers the messages of the folder in another way. */
  get validity(): string {
    const { mailbox } = this.client
    return mailbox === false ? '' : String(mailbox.uidValidity)
  }

  /** The number of messages. */
  get exists(): number {
    const { mailbox } = this.client
    return mailbox === false ? 0 : mailbox.exists
  }

  /** The number that the next message gets; undefined if the server does not say. */
  get next(): number | undefined {
    const { mailbox } = this.client
    return mailbox !== false && mailbox.uidNext > 0 ? mailbox.uidNext : undefined
  }

  /** The UIDs of the messages that match, rising. */
  async search(query: SearchObject): Promise<number[]> {
    const found = await this.ask(() => this.client.search(query, { uid: true }))
    if (!Array.isArray(found)) throw this.failed(new Error('the server refused a search'))
    return found.toSorted((a, b) => a - b)
  }

  /** Runs a command; its failure names the account. */
  async ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command()
    } catch (error) {
      throw this.failed(error)
    }
  }

  /** Says goodbye, and closes the connection. */
  async leave(): Promise<void> {
    if (this.client.usable) await this.client.logout().catch(() => undefined)
    this.close()
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#abort)
    this.client.close()
  }

  failed(cause: unknown): unknown {
    if (this.#signal.aborted) return this.#signal.reason
    const { host, user, folder } = this.#account
    const error = (this.#broken ?? cause) as Error & { readonly responseText?: unknown; readonly code?: unknown }
    const refused = (cause as { readonly authenticationFailed?: unknown }).authenticationFailed === true
    const why = refused ? (cause as Error & { readonly responseText?: unknown }) : error
    const said = typeof why.responseText === 'string' ? why.responseText : why.message
    const what = refused
      ? `${host} refused the login of ${user}`
      : `folder ${folder} of ${user} at ${host} can't be read`
    const details = { host, user, folder, ...(refused ? { refused } : {}) }
    const words = `stream imap: ${what}: ${said.slice(0, 300).toWellFormed()}`
    const failure = new TidingsError('TIDINGS_MAIL_FAILED', words, { cause: error, details })
    const wait = waitIn(cause)
    return wait === undefined ? failure : new Retry({ after: wait, cause: failure })
  }
}

/** The shortest and the longest wait that a server may ask for, in ms. */
const WAIT = { least: 1000, most: 3_600_000 }

/** How long a server wants to be left alone (Outlook says so), less what the client has waited; undefined if it did not say. */
function waitIn(error: unknown): number | undefined {
  const { code, throttleReset, throttleWaited = 0 } = error as Throttled
  if (code !== 'ETHROTTLE' || throttleReset === undefined) return undefined
  return Math.min(Math.max(throttleReset - throttleWaited, WAIT.least), WAIT.most)
}

/** What `imapflow` throws when a server answers that a request is throttled. */
interface Throttled {
  readonly code?: unknown
  readonly throttleReset?: number
  readonly throttleWaited?: number
}
