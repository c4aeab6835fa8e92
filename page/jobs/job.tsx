import { Act, confirm } from '../actions.tsx'
import { addressWith } from '../address.ts'
import { api } from '../api.ts'
import { Missing, useAsked } from '../asked.tsx'
import { EventName } from '../events/rows.tsx'
import { Outcome } from '../marks.tsx'
import { useOwn } from '../own.ts'
import { type Column, Table } from '../table.tsx'
import { count, line, span } from '../text.ts'
import { Ago, Time } from '../time.tsx'
import type { DryRun, ListedJob, RunRow } from '../types.ts'
import { runJob } from './run-job.ts'

const SLOTS = 50
const DRAFTS = 20

const columns: readonly Column<RunRow>[] = [
  ['slot', ({ slot }) => <Time at={slot} />, 'when'],
  [
    'outcome',
    ({ status, attempt, slots }) => (
      <>
        <Outcome of={status} />
        {attempt > 1 && ` (attempt ${attempt})`}
        {slots !== undefined && ` × ${slots}`}
      </>
    ),
  ],
  ['late', ({ late, attempt }) => attempt > 0 && late >= 1000 && span(late), 'wide when'],
  ['took', ({ ms, attempt }) => attempt > 0 && span(ms), 'wide when'],
  [
    'new',
    ({ new: n, changed, duplicate, attempt }) => attempt > 0 && `${n + changed} of ${n + changed + duplicate}`,
    'when',
  ],
  ['error', ({ error, reason }) => line(error?.message ?? reason ?? '', 300)],
]

/** One job: what it did, and what it will do. */
export function JobDetail({ job, ask }: { readonly job: ListedJob; readonly ask: () => void }) {
  const { name, schedule, paused, reason, running, held, heldSince } = job
  const on = ({ jobs }: { readonly jobs: readonly string[] }): boolean => jobs.includes(name)
  const history = useAsked(() => api.jobs.history(name, { limit: SLOTS }), name, { every: 30_000, on })
  const next = useAsked(() => api.jobs.next(name, { limit: 5 }), name, { every: 60_000, on })
  return (
    <section aria-label={`job ${name}`} class="story">
      <p class="bar">
        <a href={addressWith({ name: undefined })}>close</a>
      </p>
      <h2>
        <bdi>{line(name)}</bdi>
      </h2>
      <p>
        {schedule ?? 'its code is not here'}
        {paused && ', '}
        {paused && <Outcome of="paused" />}
        {reason !== undefined && ` (${line(reason, 200)})`}
        {running && ', '}
        {running && <Outcome of="running" />}
      </p>
      <Actions job={job} ask={ask} />
      {held !== undefined && <Held name={name} held={held} since={heldSince} ask={ask} />}
      <h3>next</h3>
      {next.error === undefined ? (
        <ul>
          {next.value?.slots.map((slot) => (
            <li key={slot}>
              <Time at={slot} named />{' '}
              <span class="quiet">
                <Ago at={slot} />
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="quiet">{line(next.error, 300)}</p>
      )}
      <h3>history</h3>
      <Missing asked={history} />
      {history.value !== undefined && (
        <Table
          columns={columns}
          rows={history.value}
          keyOf={({ slot, attempt, status }) => `${slot} ${attempt} ${status}`}
        />
      )}
      {history.value?.length === SLOTS && <p class="quiet">the newest {SLOTS} slots</p>}
    </section>
  )
}

function Actions({ job: { name, paused, running }, ask }: { readonly job: ListedJob; readonly ask: () => void }) {
  const dry = useOwn<DryRun | undefined>(undefined)
  return (
    <>
      <p class="bar">
        <Act run={() => runJob(name).finally(ask)}>run now</Act>
        <Act
          run={async () => {
            dry.value = await api.jobs.dryRun(name)
            return `${name} would publish ${count(dry.value.drafts.length, 'draft')}`
          }}
        >
          dry run
        </Act>
        <Act
          run={async () => {
            await (paused ? api.jobs.resume(name) : api.jobs.pause(name))
            ask()
            return `${paused ? 'resumed' : 'paused'} ${line(name)}`
          }}
        >
          {paused ? 'resume' : 'pause'}
        </Act>
        {running && (
          <Act
            danger
            run={async () => {
              const { aborted } = await api.jobs.abort(name)
              ask()
              return aborted ? `aborted the run of ${line(name)}` : `${line(name)} was not running`
            }}
          >
            abort
          </Act>
        )}
      </p>
      {dry.value !== undefined && <Drafts dry={dry.value} />}
    </>
  )
}

function Held({
  name,
  held,
  since,
  ask,
}: {
  readonly name: string
  readonly held: number
  readonly since: string | undefined
  readonly ask: () => void
}) {
  const settle = (how: 'release' | 'discard') => async () =>
    confirm({
      title: `${how} ${count(held, 'draft')} of ${line(name)}?`,
      body: how === 'release' ? 'Listeners hear them.' : 'They are stored, and no listener hears them.',
      does: `${how} ${held}`,
      destroys: how === 'discard',
      run: async () => {
        const answer = await api.jobs[how](name)
        ask()
        return `${line(name)}: ${answer.new} new, ${answer.changed} changed, ${count(answer.duplicate, 'duplicate')}`
      },
    })
  return (
    <p>
      <span class="bad">holds {count(held, 'draft')}</span>{' '}
      {since !== undefined && (
        <>
          since <Time at={since} named />{' '}
        </>
      )}
      <Act run={settle('release')}>release</Act> <Act run={settle('discard')}>discard</Act>
    </p>
  )
}

function Drafts({ dry: { ms, drafts, error } }: { readonly dry: DryRun }) {
  return (
    <>
      <h3>dry run</h3>
      <p>
        {count(drafts.length, 'draft')} in {span(ms)}; nothing was stored
        {drafts.length > DRAFTS && `. The first ${DRAFTS}:`}
      </p>
      {error !== undefined && <p class="error">{line(error.message, 500)}</p>}
      <ul>
        {drafts.slice(0, DRAFTS).map((draft, i) => (
          <li key={i}>
            {draft.status} <EventName event={draft} />
          </li>
        ))}
      </ul>
    </>
  )
}
