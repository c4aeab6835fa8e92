import { desktop } from './notify/desktop.ts'
import { discord } from './notify/discord.ts'
import { email } from './notify/email.ts'
import { ntfy } from './notify/ntfy.ts'
import { slack } from './notify/slack.ts'
import { telegram } from './notify/telegram.ts'
import { webhook } from './notify/webhook.ts'

export type { DesktopMessage } from './notify/desktop.ts'
export type { DiscordMessage, DiscordOptions } from './notify/discord.ts'
export type { EmailMessage, EmailOptions } from './notify/email.ts'
export type { Handle, Make } from './notify/message.ts'
export type { NtfyMessage, NtfyOptions } from './notify/ntfy.ts'
export type { SlackMessage, SlackOptions } from './notify/slack.ts'
export type { TelegramMessage, TelegramOptions } from './notify/telegram.ts'
export type { WebhookOptions } from './notify/webhook.ts'

/**
 * Tells people, by the services they use. Each function takes what makes the message of the event, and returns a handler.
 *
 * 429 and 5xx are tried again: after the time that the service asks for, or with the backoff of the listener. Any other
 * answer outside 2xx parks the event, and so does a message without text. Addresses of webhooks and tokens are secrets: the
 * options have their names, and no error shows them. Texts are cut to what the service takes, and mentions in them call
 * people only with `mentions: true`.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { git } from 'tidings/streams/git'
 * import { notify } from 'tidings/streams/notify'
 *
 * const commits = on(git.commit)
 * export default agent('home', [
 *   git({ path: '.', first: 'record' }),
 *   listener('team', commits, notify.slack(({ data }) => `${data.author.name}: ${data.subject}`)),
 *   listener('phone', commits, notify.ntfy(({ data }) => data.subject, { topic: 'my-commits' })),
 * ])
 * ```
 */
export const notify = { ntfy, slack, discord, telegram, webhook, email, desktop }
