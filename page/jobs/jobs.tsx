import { Act } from '../actions.tsx'
import { addressWith, go, place } from '../address.ts'
import { api } from '../api.ts'
import { Missing, useAsked } from '../asked.tsx'
import { Find } from '../find.tsx'
import { Mark, Outcome } from '../marks.tsx'
import { type Column, Table } from '../table.tsx'
import { line } from '../text.ts'
import { Ago, Time } from '../time.tsx'
import type { ListedJob } from '../types.ts'
import { JobDetail } from './job.tsx'
import { runJob } from './run-job.ts'
import { Timeline } from './timeline.tsx'

/** How many of its newest slots stand in the row of a job. */
const RECENT = 10

const columns: readonly Column<ListedJob>[] = [
  [
    'job',
    ({ name, held, paused, running }) => (
      <>
        <a data-row href={addressWith({ name })} aria-current={place.value.question.name === name ? 'true' : undefined}>
          <bdi>{line(name)}</bdi>
        </a>{' '}
        {paused && <Mark of="paused" />}
        {running && <Mark of="running" />}
        {held !== undefined && <span class="bad"> holds {held}</span>}
      </>
    ),
    'name',
  ],
  ['schedule', ({ schedule }) => schedule !== undefined && line(schedule), 'wide'],
  [
    'recent',
    ({ recent }) => (
      <span class="recent">
        {recent.slice(-RECENT).map((status, i) => (
          <Mark key={i} of={status} />
        ))}
      </span>
    ),
  ],
  [
    'last run',
    ({ last }) =>
      last !== undefined && (
        <>
          <Outcome of={last.status} /> <Ago at={last.began ?? last.slot} />
          {last.error !== undefined && <span class="bad"> {line(last.error.message, 80)}</span>}
        </>
      ),
    'wide',
  ],
  ['next', ({ next }) => next !== undefined && <Time at={next} named seconds={false} />],
  [
    'act',
    ({ name }) => (
      <Act label={`run: ${name}`} run={() => runJob(name)}>
        run
      </Act>
    ),
    'wide number',
  ],
]

/** The view of jobs: the table, the timeline, and the one that is selected. */
export function Jobs() {
  const { find = '', state = '', tag = '', name } = place.value.question
  const asked = useAsked(api.jobs.list, 'jobs', { every: 10_000, on: ({ jobs }) => jobs.length > 0 })
  const all = asked.value ?? []
  const tags = [...new Set(all.flatMap(({ tags = [] }) => tags))].sort()
  const rows = all.filter(
    (job) =>
      job.name.toLowerCase().includes(find.toLowerCase()) &&
      (tag === '' || job.tags?.includes(tag)) &&
      (state === '' || stateOf(job) === state),
  )
  const selected = all.find((job) => job.name === name)
  return (
    <div class={name === undefined ? undefined : 'beside'}>
      <section class="list" aria-label="list of jobs">
        <h1>jobs</h1>
        <Find>
          <Choice name="state" value={state} of={['well', 'failed', 'paused', 'held']} />
          {tags.length > 0 && <Choice name="tag" value={tag} of={tags} />}
        </Find>
        <Missing asked={asked} />
        <Table columns={columns} rows={rows} keyOf={(job) => job.name} isSelected={(job) => job.name === name} />
        {asked.value !== undefined && (
          <p class="quiet">
            {rows.length} of {all.length} jobs
          </p>
        )}
        <Timeline jobs={rows.map((job) => job.name)} />
      </section>
      {selected !== undefined && <JobDetail key={name} job={selected} ask={asked.again} />}
    </div>
  )
}

function stateOf({ paused, held, last }: ListedJob): string {
  if (held !== undefined) return 'held'
  return paused ? 'paused' : last?.status === 'failed' || last?.status === 'abandoned' ? 'failed' : 'well'
}

function Choice({
  name,
  value,
  of,
}: {
  readonly name: string
  readonly value: string
  readonly of: readonly string[]
}) {
  return (
    <label>
      {name}{' '}
      <select value={value} onChange={(event) => go(addressWith({ [name]: event.currentTarget.value }))}>
        <option value="">any</option>
        {of.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  )
}
