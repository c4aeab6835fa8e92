import { send } from '../shared/http-handler.ts'
import { checkFunction, flag, optionsOf, settingsOf, text } from '../shared/options.ts'
import { cut } from '../shared/wire.ts'
import { checkText, type Handle, hookAddress, type Make, numberIn } from './message.ts'

/** A message for Discord. */
export interface DiscordMessage {
  /** The text, in Discord's Markdown; cut at 2000 characters. */
  readonly content: string
  /** Embeds, as Discord describes them; default none. */
  readonly embeds?: readonly unknown[]
  /** The name to post under; default that of the webhook. */
  readonly username?: string
}

/** The options of `notify.discord`. */
export interface DiscordOptions {
  /** The name of the secret with the address of a webhook; default `DISCORD_WEBHOOK`. */
  readonly url?: string
  /** Whether `@everyone`, `<@123>` and the like call people; default false: they are only shown. */
  readonly mentions?: boolean
}

const schema = optionsOf<DiscordOptions>()({ url: text('DISCORD_WEBHOOK'), mentions: flag(false) })

/**
 * Returns a handler that posts a message to a channel of Discord, by a webhook.
 *
 * **Limits**: about five messages in two seconds for each webhook; a 429 is retried after the `retry_after` of its answer.
 * Webhooks of Discord know no idempotency key: a message whose answer gets lost is posted again.
 *
 * @param message makes the message of what the listener hears
 */
export function discord<V>(message: Make<V, string | DiscordMessage>, options: DiscordOptions = {}): Handle<V> {
  const { url, mentions } = settingsOf('notify.discord', schema, options)
  checkFunction('notify.discord', message)
  return async (value, delivery) => {
    const made = await message(value, delivery)
    const content = cut(checkText('notify.discord', typeof made === 'string' ? made : made?.content), 2000)
    const hook = hookAddress(delivery, 'notify.discord', url)
    const address = new URL(hook.url)
    // Without it, Discord answers before the message is stored.
    address.searchParams.set('wait', 'true')
    await send(delivery, 'notify.discord', {
      ...hook,
      method: 'POST',
      ignoresAnswer: true,
      url: address.href,
      json: {
        ...(typeof made === 'string' ? {} : made),
        content,
        ...(mentions ? {} : { allowed_mentions: { parse: [] } }),
      },
      retryAfter: (body) => numberIn(body, (json) => json['retry_after']),
    })
  }
}
