import type { ResetAnswer } from '../../../lib/index.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/json.ts'
import { whileWaiting } from '../../print/progress.ts'
import { tell } from '../../print/tell.ts'
import type { Asked } from '../shared/asked.ts'

/** Moves a listener to another position, and prints which; resolves to the exit code. */
export function moveListener(name: string, to: string, asked: Asked): Promise<number> {
  return askLog(asked, async ({ listeners }) => {
    const move = (passOver: boolean): Promise<ResetAnswer> =>
      whileWaiting('waiting for the deliveries that go on', listeners.reset(name, { to, passOver }))
    let answer = await move(false)
    if (!answer.moved && answer.cursor > answer.before) {
      await confirm(`listener ${JSON.stringify(name)} would never hear ${between(answer)}`, asked.yes)
      answer = await move(true)
    }
    if (asked.json) printJson(answer)
    else tell(sentence(answer))
    return exitCodes.ok
  })
}

function between({ before, cursor }: ResetAnswer): string {
  const [count, newest] = [Math.abs(cursor - before), Math.max(cursor, before)]
  return count === 1 ? `event ${newest}` : `the ${count} events of the log up to ${newest}`
}

function sentence(answer: ResetAnswer): string {
  const subject = `listener ${JSON.stringify(answer.name)}`
  if (!answer.moved) return `${subject} is there already, after event ${answer.cursor}`
  const what = answer.cursor < answer.before ? 'is told again' : 'passes over'
  return `${subject} ${what} ${between(answer)}`
}
