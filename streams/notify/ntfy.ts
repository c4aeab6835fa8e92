import { defined } from '../../lib/streams.ts'
import { bearer } from '../shared/bearer.ts'
import { send } from '../shared/http-handler.ts'
import { address, checkFunction, like, optional, optionsOf, settingsOf, text } from '../shared/options.ts'
import { cut } from '../shared/wire.ts'
import { checkText, type Handle, type Make } from './message.ts'

/** A message for ntfy. */
export interface NtfyMessage {
  /** The text; cut at 4096 bytes. */
  readonly message: string
  /** The title; default the topic. Cut at 250 characters. */
  readonly title?: string
  /** From 1, the lowest, to 5; default 3. */
  readonly priority?: 1 | 2 | 3 | 4 | 5
  /** Tags; some are shown as emojis, such as `warning`. */
  readonly tags?: readonly string[]
  /** The address that a tap on the notification opens. */
  readonly click?: string
}

/** The options of `notify.ntfy`. */
export interface NtfyOptions {
  /** The topic: letters, digits, `-`, `_`. On a public server, everyone who knows it can read it. */
  readonly topic: string
  /** The name of a secret with an access token; default none. */
  readonly token?: string
  /** The address of the server; default `https://ntfy.sh`. */
  readonly baseUrl?: string
}

const schema = optionsOf<NtfyOptions>()({
  topic: like<string>('a topic of letters, digits, - and _', (value) => /^[\w-]{1,64}$/.test(String(value))),
  token: optional(text()),
  baseUrl: address('https://ntfy.sh'),
})

/**
 * Returns a handler that publishes a push notification to a topic of ntfy.
 *
 * **Limits**: ntfy.sh takes 60 messages at once, then one every five seconds; a 429 is tried again with the backoff of the
 * listener. A message whose answer gets lost is published again. `sequence_id` carries `delivery.key`, so that such a message
 * replaces itself: ntfy 2.16 and newer know that, older servers show it twice.
 *
 * @param message makes the message of what the listener hears
 */
export function ntfy<V>(message: Make<V, string | NtfyMessage>, options: NtfyOptions): Handle<V> {
  const { topic, token, baseUrl } = settingsOf('notify.ntfy', schema, options)
  checkFunction('notify.ntfy', message)
  return async (value, delivery) => {
    const made = await message(value, delivery)
    const { title, priority, tags, click, ...rest } = typeof made === 'string' ? { message: made } : (made ?? {})
    const words = cutBytes(checkText('notify.ntfy', rest.message))
    await send(delivery, 'notify.ntfy', {
      method: 'POST',
      ignoresAnswer: true,
      url: baseUrl,
      headers: bearer(delivery, token),
      // As JSON, so that the topic stays out of addresses.
      json: {
        topic,
        sequence_id: delivery.key,
        message: words,
        ...defined({ title: title && cut(title, 250), priority, tags, click }),
      },
    })
  }
}

/** The most bytes of a message; a longer one would become an attachment. */
const MOST_BYTES = 4096

function cutBytes(text: string): string {
  if (Buffer.byteLength(text) <= MOST_BYTES) return text.toWellFormed()
  const bytes = Buffer.from(text).subarray(0, MOST_BYTES - Buffer.byteLength('…'))
  // A character that was cut in two decodes to replacement characters at the end.
  return `${new TextDecoder().decode(bytes).replace(/\u{FFFD}+$/u, '')}…`
}
