import { send } from '../shared/http-handler.ts'
import { checkFunction, flag, optionsOf, settingsOf, text } from '../shared/options.ts'
import { cut } from '../shared/wire.ts'
import { checkText, type Handle, hookAddress, type Make } from './message.ts'

/** A message for Slack. */
export interface SlackMessage {
  /** The text, in Slack's markup; with `blocks`, what notifications show. Cut at 40 000 characters. */
  readonly text: string
  /** Blocks of Slack's Block Kit; default none. */
  readonly blocks?: readonly unknown[]
}

/** The options of `notify.slack`. */
export interface SlackOptions {
  /** The name of the secret with the address of an incoming webhook; default `SLACK_WEBHOOK`. */
  readonly url?: string
  /** Whether `<!channel>`, `<@U123>` and the like call people; default false: they are shown as text. */
  readonly mentions?: boolean
}

const schema = optionsOf<SlackOptions>()({ url: text('SLACK_WEBHOOK'), mentions: flag(false) })

/**
 * Returns a handler that posts a message to a channel of Slack, by an incoming webhook. A text is shown as it is; a message
 * object may use Slack's markup.
 *
 * **Limits**: one message a second; a 429 is retried after its `Retry-After`. Slack knows no idempotency key: a message
 * whose answer gets lost is posted again.
 *
 * @param message makes the message of what the listener hears
 */
export function slack<V>(message: Make<V, string | SlackMessage>, options: SlackOptions = {}): Handle<V> {
  const { url, mentions } = settingsOf('notify.slack', schema, options)
  checkFunction('notify.slack', message)
  return async (value, delivery) => {
    const made = await message(value, delivery)
    const words = checkText('notify.slack', typeof made === 'string' ? made : made?.text)
    const plain = typeof made === 'string' && !mentions ? escaped(words) : words
    const json = { ...(typeof made === 'string' ? {} : made), text: cut(plain, 40_000) }
    const body = mentions ? json : withoutMentions(json)
    await send(delivery, 'notify.slack', {
      ...hookAddress(delivery, 'notify.slack', url),
      method: 'POST',
      ignoresAnswer: true,
      json: body,
    })
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Replaces what calls people in every text of a message; links stay. */
function withoutMentions(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json), (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(/<(?=[!@])/g, '&lt;') : value,
  )
}
