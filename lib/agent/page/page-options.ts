import type { Logger } from '../../core/logger.ts'

/** Where the page is, and who may do what with it. */
export interface PageOptions {
  /** The name of the agent. */
  readonly agent: string
  /** The folder of the log, which keeps the tokens; without one, they last as long as this process. */
  readonly directory?: string | undefined
  /** The port; 0 for any that is free. Default the first free one from 7433 to 7442. */
  readonly port?: number | undefined
  /** The address to listen on; default `127.0.0.1`. Another one needs `allowedHosts`. */
  readonly host?: string | undefined
  /** Further hosts that browsers may name, exactly, with the port unless it is 80 or 443. */
  readonly allowedHosts?: readonly string[] | undefined
  /** Whether no visitor may act now; default never. */
  readonly readOnly?: (() => boolean) | undefined
  /** Whether the headers of a proxy are believed; default false. */
  readonly trustProxy?: boolean | undefined
  /** Whether `/metrics` needs no token; default false. */
  readonly metricsOpen?: boolean | undefined
  /** The time zone of the agent; default that of this machine. */
  readonly timezone?: string | undefined
  /** Logs each action; default silence. */
  readonly logger?: Logger | undefined
  /** Removes known secrets from answers and log lines. */
  readonly scrub?: ((text: string) => string) | undefined
  /** The folder of the built page; default that of this package. */
  readonly files?: string | undefined
  /** How long a request may take to arrive, in ms; default 10 s for its head, 30 s in all. */
  readonly patience?: { readonly head: number; readonly whole: number } | undefined
}

/** A page that is served. */
export interface Page {
  /** The address to open, with the token. */
  readonly address: string
  /** The same for looking only. */
  readonly readOnlyAddress: string
  readonly port: number
  /** Stops serving: ends the answers that follow the log, and gives the others a second. */
  close(): Promise<void>
}
