import type { Caller } from '../../../lib/cli.ts'
import type { ExecResult } from '../../../lib/index.ts'

/** What a tortured agent is started with. */
export interface Orders {
  readonly file: string
  readonly world?: string | undefined
  /** Where its log is. */
  readonly directory: string
  readonly seed: number
  /** How far its clock is ahead of the real one, in ms. */
  readonly ahead: number
  readonly 'env-file'?: readonly string[] | undefined
}

/** What the agent asks the world for. */
export type Asked =
  | {
      readonly request: {
        readonly method: string
        readonly url: string
        readonly headers: readonly [string, string][]
        /** In base64. */
        readonly body?: string
      }
    }
  | { readonly program: { readonly file: string; readonly args: readonly string[]; readonly cwd?: string } }

/** What the world answers. */
export type Answered =
  | {
      readonly response: {
        readonly status: number
        readonly headers: readonly [string, string][]
        /** In base64. */
        readonly body: string | null
      }
    }
  | { readonly result: ExecResult }
  | { readonly error: { readonly name: string; readonly message: string; readonly code?: string } }

/** Who asks, as it can be sent. */
export interface SentCaller extends Omit<Caller, 'key'> {
  readonly key?: string
}

/** What a tortured agent tells. Calls of handlers are counted from 1 in each life. */
export type FromAgent =
  | { readonly told: 'up'; readonly agent: string }
  | { readonly told: 'asks'; readonly id: number; readonly caller: SentCaller; readonly asked: Asked }
  | {
      readonly told: 'begun'
      readonly delivery: number
      readonly listener: string
      readonly seq: number
      readonly attempt: number
    }
  | {
      readonly told: 'ended'
      readonly delivery: number
      readonly status: 'handled' | 'failed'
      readonly error?: string | undefined
    }
  | { readonly told: 'drained' }

/** What the parent tells a tortured agent. `step`: its clock is set, in ms; `rest`: it asks its jobs for no more runs. */
export type ToAgent =
  | { readonly tell: 'answer'; readonly id: number; readonly answered: Answered }
  | { readonly tell: 'step'; readonly ms: number }
  | { readonly tell: 'rest' }
  | { readonly tell: 'stop' }
