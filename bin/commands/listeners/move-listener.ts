import type { ResetAnswer } from '../../../lib/index.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes } from '../../cli/errors.ts'
import { askLog } from '../../logs/ask-log.ts'
import type { LogCommandOptions } from '../../logs/which-log.ts'
import { printJson, printLine } from '../../print/print.ts'
import { whileWaiting } from '../../print/progress.ts'

/** Moves a listener to another position, and prints which; resolves to the exit code. */
export function moveListener(name: string, to: string, options: LogCommandOptions): Promise<number> {
  return askLog(options, async ({ listeners }) => {
    const move = (passOver: boolean): Promise<ResetAnswer> =>
      whileWaiting('waiting for deliveries in progress', listeners.reset(name, { to, passOver }))
    let answer = await move(false)
    if (!answer.moved && answer.cursor > answer.before) {
      await confirm(`listener ${JSON.stringify(name)} would never receive ${eventsOf(answer)}`, options.yes)
      answer = await move(true)
    }
    if (options.json) printJson(answer)
    else printLine(sentence(answer))
    return exitCodes.ok
  })
}

function eventsOf({ before, cursor }: ResetAnswer): string {
  const [count, newest] = [Math.abs(cursor - before), Math.max(cursor, before)]
  return count === 1 ? `event ${newest}` : `the ${count} events of the log up to ${newest}`
}

function sentence(answer: ResetAnswer): string {
  const subject = `listener ${JSON.stringify(answer.name)}`
  if (!answer.moved) return `${subject} is already there, after event ${answer.cursor}`
  return `${subject} ${answer.cursor < answer.before ? 'receives again' : 'skips'} ${eventsOf(answer)}`
}
