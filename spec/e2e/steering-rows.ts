import { AGENT } from './steering.ts'

/**
 * One command line, which is asked of a log and of the agent that runs on its copy.
 *
 * - `code`: the exit code of both, or that of each
 * - `differs`: facts of the answer that can't be the same (`jobs.*.next`; `*`: all), and why
 */
export interface Row {
  readonly args: string
  readonly code: number | { readonly stopped: number; readonly running: number }
  readonly differs?: { readonly facts: readonly string[]; readonly because: string }
}

const asked = (args: string, code: Row['code'] = 0): Row => ({ args, code })

const status: Row = {
  args: 'status',
  code: { stopped: 1, running: 0 },
  differs: {
    facts:
      'running agent pid since timezone problems jobs.*.schedule jobs.*.next jobs.*.expectedBy jobs.*.running jobs.*.lastSlot listeners.*.oldest'.split(
        ' ',
      ),
    because:
      'only a running agent knows its schedules and what is running; that no agent runs is a problem; a job was reset at a time of its own',
  },
}

const listed: Row = {
  args: 'jobs ls',
  code: 0,
  differs: {
    facts: 'schedule tags next expectedBy running'.split(' '),
    because: 'only who runs an agent, or has its code, knows its schedules',
  },
}

/** What `listeners ls` shows of them. */
const listening = (args: string): Row => ({
  args,
  code: 0,
  differs: { facts: 'types oldest rate'.split(' '), because: 'only an agent that runs knows what its listeners hear' },
})

const byTheCode = (args: string): Row => ({
  args,
  code: { stopped: 1, running: 0 },
  differs: { facts: ['*'], because: 'only an agent that runs has the code of a job' },
})

/** Every command that reads a log or steers what runs on it; one after another: each finds what those before did. */
export const rows: readonly Row[] = [
  status,
  asked('events ls'),
  asked('events ls --reverse --limit 2'),
  asked('events ls --type tidings.* --since 1h --until 0s'),
  asked('events ls --type nothing'),
  asked('events ls --since tomorrow', 2),
  asked('events ls --limit two', 2),
  asked('events ls --limit -1', 2),
  asked('events show 2'),
  asked('events show note c'),
  asked('events show note z', 1),
  asked('events show 99', 1),
  asked('events show first', 2),
  asked('events count'),
  asked('events count --type note --id a'),
  asked('events count --by type --limit 1'),
  asked('events count --by hour'),
  asked('events export'),
  asked('events export --type note --until 0s'),
  asked('events export --since tomorrow', 2),
  asked('events import nowhere.ndjson', 2),
  asked('events tail -n 3'),
  asked('events tail -n 2 --type note'),
  {
    args: 'why note:a quick',
    code: 0,
    differs: {
      facts: ['listener.running', 'listener.created', 'event.created'],
      because: 'a listener runs only where an agent does',
    },
  },
  asked('why first quick', 2),
  listed,
  asked('jobs pause daily'),
  asked('jobs pause daly', 2),
  listed,
  asked('jobs resume daily'),
  asked('jobs resume nope', 2),
  {
    args: `jobs ls ${AGENT}`,
    code: 0,
    differs: { facts: ['running'], because: 'nothing goes on where no agent runs' },
  },
  asked('jobs ls --tag nothing'),
  asked('jobs history often'),
  asked('jobs history often -n 2'),
  asked('jobs history nope', 2),
  asked('jobs history often -n -1', 2),
  asked('jobs history often -n some', 2),
  asked('jobs reset nope', 2),
  asked('jobs release nope', 2),
  asked('jobs release same'),
  asked('jobs discard nope --yes', 2),
  asked('jobs discard same'),
  asked('jobs rm nope --yes', 2),
  asked('jobs rm daily', 2),
  asked(`jobs next daily ${AGENT} -n 3`),
  asked(`jobs next same ${AGENT}`),
  asked('jobs next nope', 2),
  byTheCode('jobs next daily'),
  { args: `jobs run same ${AGENT} --dry`, code: 0, differs: { facts: ['ms'], because: 'each takes its time' } },
  asked(`jobs run nope ${AGENT} --dry`, 2),
  asked(`jobs run same ${AGENT}`, 2),
  byTheCode('jobs run same --dry'),
  {
    args: 'jobs reset daily',
    code: 0,
    differs: { facts: ['begins', 'before'], because: 'each is reset at its own time' },
  },
  listening('listeners ls'),
  listening(`listeners ls ${AGENT}`),
  asked('listeners pause quick'),
  asked('listeners pause nope', 2),
  asked('listeners resume quick'),
  asked('listeners resume nope', 2),
  asked('listeners reset resting --to start'),
  asked('listeners reset resting --to 2 --yes'),
  asked('listeners reset resting --to 99', 2),
  asked('listeners reset resting --to never', 2),
  asked('listeners reset resting --to 1h'),
  asked('listeners reset resting', 2),
  asked('listeners reset nope --to start', 2),
  asked('listeners skip resting', 2),
  listening('listeners ls'),
  asked('listeners skip resting --yes'),
  asked('listeners skip nope --yes', 2),
  asked('listeners rm nope --yes', 2),
  asked('listeners rm resting', 2),
  asked('listeners rename resting quick', 2),
  asked('listeners rename nope other', 2),
  asked('listeners rename resting rested'),
  listening('listeners ls'),
  asked('parked ls'),
  asked('parked ls broken'),
  asked('parked groups'),
  asked('parked groups nope', 2),
  asked('parked drop broken --type note --dry-run'),
  asked('parked drop broken --type note', 2),
  asked('parked retry broken --where data.text --dry-run', 2),
  asked('listeners retrying broken'),
  asked('parked ls nope', 2),
  asked('parked show broken 1'),
  asked('parked show broken 99', 1),
  asked('parked show broken first', 2),
  asked('parked retry broken', 2),
  asked('parked retry broken 1'),
  asked('parked retry broken 99', 1),
  asked('parked retry nope 1', 2),
  asked('parked drop broken 2', 2),
  asked('parked ls'),
  asked('parked drop broken 2 --yes'),
  asked('parked drop broken --all', 2),
  asked('parked drop broken --all --yes'),
  asked('parked drop nope --all --yes', 2),
  asked('parked ls'),
  {
    args: 'db stats',
    code: 0,
    differs: { facts: ['sizes', 'disk', 'free', 'growth', 'fullInDays'], because: 'each has files of its own' },
  },
  asked('db verify'),
  asked('db prune', 2),
  asked('db prune --count 2', 2),
  asked('db prune --age never --yes', 2),
  asked('db prune --bytes 2x --yes', 2),
  asked('db prune --age 1d --count 99 --yes'),
  { args: 'db compact', code: 0, differs: { facts: ['before', 'after'], because: 'each has files of its own' } },
  asked('db backup', 2),
  status,
  asked('jobs run nope', 2),
  byTheCode('jobs run same'),
]

/** What is asked of both logs when no agent runs any more. */
export const later: readonly Row[] = [
  asked('events ls'),
  listening('listeners ls'),
  asked('parked ls'),
  {
    args: 'jobs ls',
    code: 0,
    differs: {
      facts: ['firstSeen', 'lastSlot', 'succeeded', 'last', 'recent'],
      because: 'a job ran where an agent did, and one was reset at a time of its own',
    },
  },
]
