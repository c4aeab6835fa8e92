import { type Delivery, Park } from '../lib/index.ts'
import { describe } from '../lib/streams.ts'
import { appendOnce } from './shared/append-file.ts'
import { checkFunction, optionsOf, settingsOf, text } from './shared/options.ts'

const WHO = 'file.append'

const options = optionsOf<{ readonly path: string }>()({ path: text() })

/**
 * Appends one line for each event to a text file.
 *
 * - **Whole lines, each once.** Several listeners, agents and programs of this machine may append to one file. A line is on
 *   disk before its delivery is acknowledged. After a crash or a retry no line is there twice, and what a crash left half
 *   written is cut off. For this, the folder `.NAME.tidings` beside the file keeps the newest deliveries.
 * - A line break in the text is written as `\n`, so that one event is one line. A missing folder is made.
 * - **Errors**: a full disk or a busy file is a failure like any other (`TIDINGS_FILE_FAILED`), so the listener tries
 *   again. The event is parked if this user may not write there, the path is a directory, or the text is not a string.
 * - **Limits**: a line is on disk before the next one begins, so a second has as many lines as the disk has writes.
 *
 * The handler resolves to false if the line was there already.
 *
 * @param path the file; relative to the working directory
 * @param line makes the text of an event, without a line break at its end
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`
 */
function append<E>(
  path: string,
  line: (event: E, delivery: Delivery) => string | Promise<string>,
): (event: E, delivery: Delivery) => Promise<boolean> {
  settingsOf(WHO, options, { path })
  checkFunction(WHO, line)
  return async (event, delivery) => {
    const words: unknown = await line(event, delivery)
    if (typeof words !== 'string') throw new Park(`${WHO}: expected the text of a line, got ${describe(words)}`)
    return appendOnce(delivery, WHO, path, () => `${oneLine(words)}\n`)
  }
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r?\n$/, '')
    .replaceAll(/\r\n|[\r\n]/g, '\\n')
}

/**
 * Handlers that write text files.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { file } from 'tidings/streams/file'
 * import { git } from 'tidings/streams/git'
 *
 * export default agent('home', [
 *   git({ path: '.', first: 'record' }),
 *   listener('log', on(git.commit), file.append('commits.log', (event) => `${event.data.hash} ${event.data.subject}`)),
 * ])
 * ```
 */
export const file = { append }
