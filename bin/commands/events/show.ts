import type { Operations, StoredEvent } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes, Failure, UsageError } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/print.ts'
import { jsonTime } from '../../print/times.ts'

export const show = command({
  summary: 'Show one event in full: by its seq, or the latest of a type and identifier.',
  takes: ['SEQ|TYPE', '[IDENTIFIER]'],
  options: {
    story: { type: 'boolean', describe: 'Show where it comes from, what followed, and how each listener has taken it' },
    ...reading,
  },
  examples: [
    ['12', 'Shows the event at seq 12'],
    ['12 --story', 'Shows its run, its causes, what followed, and each delivery'],
    ['my_event_type 123', 'Shows the latest event of this type and identifier'],
  ],
  run: async (given) => {
    const [first = '', identifier] = given._
    if (identifier === undefined && !/^[1-9]\d*$/.test(first)) {
      throw new UsageError(`${JSON.stringify(first)} is not a seq: give a number, or a type and an identifier`)
    }
    return askLog(given, async ({ events }) => {
      const event = identifier === undefined ? await at(events, Number(first)) : await events.of(first, identifier)
      if (event === undefined)
        throw new Failure(`there is no event ${JSON.stringify(first)} ${JSON.stringify(identifier)}`)
      if (given.story) {
        const story = await events.story(event.seq)
        if (story === undefined) throw new Failure(`event ${event.seq} was pruned`)
        if (given.json) printJson(story)
        else await (await import('./print-story.ts')).printStory(story)
        return exitCodes.ok
      }
      if (given.json) printJson(event)
      else printJson({ ...event, created: jsonTime(event.created) }, { pretty: true })
      return exitCodes.ok
    })
  },
})

async function at(events: Operations['events'], seq: number): Promise<StoredEvent> {
  const event = await events.at(seq)
  if (event !== undefined) return event
  const last = await events.last()
  throw new Failure(seq > last ? `there is no event ${seq}; the newest is ${last}` : `event ${seq} was pruned`)
}
