import { type Delivery, Park } from '../../lib/index.ts'
import type { HandlerRequest } from '../shared/http-handler.ts'

/** Makes a message of what the listener hears. */
export type Make<V, M> = (value: V, delivery: Delivery) => M | Promise<M>

/** The handler of a listener. */
export type Handle<V> = (value: V, delivery: Delivery) => Promise<void>

/**
 * The address of a webhook. It is a secret, because it is all that is needed to post: messages show its origin alone.
 *
 * @param url the name of a secret with the address, or the address itself
 * @throws Park if it is not an http or https address
 */
export function hookAddress({ secret }: Delivery, who: string, url: string): Pick<HandlerRequest, 'url' | 'shownAs'> {
  const found = /^https?:\/\//i.test(url) ? url : secret(url)
  const address = URL.canParse(found) ? new URL(found) : undefined
  if (address === undefined || !/^https?:$/.test(address.protocol))
    throw new Park(`${who}: the secret ${url} is not an http or https address`)
  return { url: address.href, shownAs: `${address.origin}/…` }
}

/** A number at a path of a JSON body; undefined if the body has none there. */
export function numberIn(body: string, read: (json: Readonly<Record<string, unknown>>) => unknown): number | undefined {
  try {
    const json: unknown = JSON.parse(body)
    const found =
      typeof json === 'object' && json !== null ? read(json as Readonly<Record<string, unknown>>) : undefined
    return typeof found === 'number' && found >= 0 ? found : undefined
  } catch {
    return undefined
  }
}

/** Rejects a message that would be empty: services answer it with an error that explains less. */
export function checkText(who: string, text: unknown): string {
  if (typeof text === 'string' && text.trim() !== '') return text
  throw new Park(`${who}: the message has no text`)
}
