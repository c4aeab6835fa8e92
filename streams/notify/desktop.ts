import { Park } from '../../lib/index.ts'
import { hasCode } from '../../lib/streams.ts'
import { checkFunction } from '../shared/options.ts'
import { cut } from '../shared/wire.ts'
import { checkText, type Handle, type Make } from './message.ts'

/** A notification on the desktop. */
export interface DesktopMessage {
  /** Its first line; cut at 200 characters. */
  readonly title: string
  /** What follows; cut at 1000 characters, default empty. */
  readonly body?: string
}

/**
 * Returns a handler that shows a notification on the desktop of this machine: with `notify-send` on Linux, `osascript` on
 * macOS. Where neither exists, the event is parked with a reason that says what is missing.
 *
 * **Limits**: the desktop shows it to the user that the agent runs as. It knows no idempotency key: after a crash, a
 * notification may be shown twice.
 *
 * @param message makes the notification of what the listener hears
 */
export function desktop<V>(message: Make<V, string | DesktopMessage>): Handle<V> {
  checkFunction('notify.desktop', message)
  return async (value, delivery) => {
    const made = await message(value, delivery)
    const { title, body = '' } = typeof made === 'string' ? { title: made } : (made ?? {})
    const command = desktopCommand(process.platform, shown(checkText('notify.desktop', title), 200), shown(body, 1000))
    if (command === undefined) throw new Park(`notify.desktop knows no notifications of ${process.platform}`)
    const [program, ...args] = command
    try {
      await delivery.exec(program, args, { signal: delivery.signal })
    } catch (cause) {
      if (!hasCode(cause, 'TIDINGS_EXEC_FAILED') || !isMissing(cause)) throw cause
      throw new Park(`notify.desktop needs ${program}${PACKAGES[program] ?? ''}`, { cause })
    }
  }
}

/** Where a program comes from. */
const PACKAGES: Readonly<Record<string, string>> = { 'notify-send': ', in the package libnotify-bin or libnotify' }

/**
 * The command that shows a notification; undefined for a platform without one. Texts are arguments of a program, never parts
 * of a script.
 */
export function desktopCommand(
  platform: NodeJS.Platform,
  title: string,
  body: string,
): readonly [string, ...string[]] | undefined {
  if (platform === 'darwin') {
    const show = 'display notification (item 2 of argv) with title (item 1 of argv)'
    return ['osascript', '-e', 'on run argv', '-e', show, '-e', 'end run', '--', title, body]
  }
  // Many desktops read the body as markup.
  const markup = body.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  if (platform === 'linux') return ['notify-send', '--app-name=tidings', '--', title, markup]
  return undefined
}

/** A text that can be an argument: without NUL. */
function shown(text: unknown, most: number): string {
  return cut(String(text).replaceAll('\0', ''), most)
}

function isMissing(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  return cause?.code === 'ENOENT'
}
