import { type Delivery, Park } from '../../lib/index.ts'
import { defined } from '../../lib/streams.ts'
import { send } from '../shared/http-handler.ts'
import { address, checkFunction, either, flag, like, optionsOf, settingsOf, text } from '../shared/options.ts'
import { cut } from '../shared/wire.ts'
import { checkText, type Handle, type Make, numberIn } from './message.ts'

/** A message for Telegram. */
export interface TelegramMessage {
  /** The text; cut at 4096 characters, unless it has a `format`, which a cut could break. */
  readonly text: string
  /** How Telegram reads the text; default as it is. */
  readonly format?: 'HTML' | 'MarkdownV2'
  /** Whether it arrives without a sound; default as the options say. */
  readonly silent?: boolean
}

/** The options of `notify.telegram`. */
export interface TelegramOptions {
  /** The chat: its number, or `@name` of a public channel. */
  readonly chat: string | number
  /** The name of the secret with the token of the bot; default `TELEGRAM_TOKEN`. */
  readonly token?: string
  /** Whether messages arrive without a sound; default false. */
  readonly silent?: boolean
  /** Whether `@name` calls people; default false: it is only shown. For texts without a `format`. */
  readonly mentions?: boolean
  /** The address of the service; default `https://api.telegram.org`. */
  readonly baseUrl?: string
}

const schema = optionsOf<TelegramOptions>()({
  chat: either(
    text(),
    like<number>('a whole number', (value) => Number.isSafeInteger(value)),
  ),
  token: text('TELEGRAM_TOKEN'),
  silent: flag(false),
  mentions: flag(false),
  baseUrl: address('https://api.telegram.org'),
})

/**
 * Returns a handler that sends a message of a Telegram bot to a chat.
 *
 * **Limits**: about one message a second to a chat, 20 a minute to a group; a 429 is retried after the `retry_after` of its
 * answer. Telegram knows no idempotency key: a message whose answer gets lost is sent again.
 *
 * @param message makes the message of what the listener hears
 */
export function telegram<V>(message: Make<V, string | TelegramMessage>, options: TelegramOptions): Handle<V> {
  const settings = settingsOf('notify.telegram', schema, options)
  checkFunction('notify.telegram', message)
  return async (value, delivery) => {
    const made = await message(value, delivery)
    const { text, format, silent = settings.silent } = typeof made === 'string' ? { text: made } : (made ?? {})
    const words = checkText('notify.telegram', text)
    const plain = settings.mentions ? words : words.replaceAll(MENTION, `@${WORD_JOINER}`)
    await send(delivery, 'notify.telegram', {
      method: 'POST',
      ignoresAnswer: true,
      url: `${settings.baseUrl}/bot${tokenOf(delivery, settings.token)}/sendMessage`,
      shownAs: `${settings.baseUrl}/bot…/sendMessage`,
      json: {
        chat_id: settings.chat,
        text: format === undefined ? cut(plain, 4096) : words,
        disable_notification: silent,
        ...defined({ parse_mode: format }),
      },
      retryAfter: (body) => numberIn(body, ({ parameters }) => (parameters as { retry_after?: unknown })?.retry_after),
    })
  }
}

/** An @ that begins a name; in an address of mail it does not. */
const MENTION = /(?<![\w.])@(?=\w)/g

/** An invisible character that keeps `@` and the name together, but apart for Telegram. */
const WORD_JOINER = '\u2060'

function tokenOf({ secret }: Delivery, name: string): string {
  const token = secret(name)
  // Anything else would change the path, and could show the token in an error.
  if (/^[\w:-]+$/.test(token)) return token
  throw new Park(`notify.telegram: the secret ${name} is not the token of a bot`)
}
