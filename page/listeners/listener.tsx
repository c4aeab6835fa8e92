import { Act } from '../actions.tsx'
import { addressTo, addressWith } from '../address.ts'
import { api } from '../api.ts'
import { Missing, useAsked } from '../asked.tsx'
import { Mark, Outcome } from '../marks.tsx'
import { type Column, First, Table } from '../table.tsx'
import { count, line, span } from '../text.ts'
import { Ago, Time } from '../time.tsx'
import type { DeliveryRow, ListenerRow, ParkedGroup } from '../types.ts'
import { Calls } from './calls.tsx'
import { Reset } from './reset.tsx'
import { settleParked } from './settle-parked.tsx'

const LISTED = 50

/** One listener: what it has parked, what it waits for, and what it did. */
export function ListenerDetail({ row, ask }: { readonly row: ListenerRow; readonly ask: () => void }) {
  const { name, paused, behind, retrying } = row
  return (
    <section aria-label={`listener ${name}`} class="story">
      <p class="bar">
        <a href={addressWith({ name: undefined })}>close</a>
      </p>
      <h2>
        <bdi>{line(name)}</bdi>
      </h2>
      <p>
        {count(behind, 'event')} behind, {retrying} retrying{paused && ', '}
        {paused && <Outcome of="paused" />}
      </p>
      <p class="bar">
        <Act
          run={async () => {
            await (paused ? api.listeners.resume(name) : api.listeners.pause(name))
            ask()
            return `${paused ? 'resumed' : 'paused'} ${line(name)}`
          }}
        >
          {paused ? 'resume' : 'pause'}
        </Act>
        <Reset row={row} ask={ask} />
      </p>
      <Parked row={row} ask={ask} />
      {retrying > 0 && <Retrying row={row} />}
      <Deliveries row={row} />
    </section>
  )
}

function Parked({ row: { name, parked }, ask }: { readonly row: ListenerRow; readonly ask: () => void }) {
  const groups = useAsked(() => api.parked.groups({ listener: name }), `${name} ${parked}`)
  const done = (): void => {
    groups.again()
    ask()
  }
  if (parked === 0) return <p class="quiet">nothing is parked</p>
  return (
    <>
      <h3>parked: {count(parked, 'event')}</h3>
      <p class="bar">
        <Act run={() => settleParked('retry', name, {}, done)}>retry all {parked}</Act>
        <Act danger run={() => settleParked('drop', name, {}, done)}>
          drop all
        </Act>
      </p>
      <Missing asked={groups} />
      <ul class="needs">
        {groups.value?.slice(0, LISTED).map((group) => (
          <Group key={`${group.error} ${group.code} ${group.type}`} group={group} done={done} />
        ))}
      </ul>
      <First most={LISTED} of={groups.value?.length ?? 0} />
    </>
  )
}

function Group({ group, done }: { readonly group: ParkedGroup; readonly done: () => void }) {
  const { listener, error, code = '', type, count: n, first, last, message, newest, more } = group
  const match = { error, code, type }
  const words = `${code === '' ? line(error, 60) : `${line(error, 60)} ${line(code, 60)}`} in ${line(type, 60)}`
  return (
    <li>
      <p>
        <Mark of="parked" /> <strong>{words}</strong> × {n}
        {more && ' or more'}
      </p>
      <p class="error">{line(message, 500)}</p>
      <p class="quiet">
        <Time at={first} /> – <Time at={last} named />, newest:{' '}
        <a href={addressTo('events', { seq: newest })}>event {newest}</a>
      </p>
      <p class="bar">
        <Act label={`retry all that match: ${words}`} run={() => settleParked('retry', listener, match, done)}>
          retry all that match
        </Act>
        <Act danger label={`drop all that match: ${words}`} run={() => settleParked('drop', listener, match, done)}>
          drop
        </Act>
      </p>
    </li>
  )
}

function Retrying({ row: { name } }: { readonly row: ListenerRow }) {
  const rows = useAsked(() => api.retrying.list({ listener: name, limit: LISTED }), name, {
    every: 10_000,
    on: ({ listeners }) => listeners.includes(name),
  })
  return (
    <>
      <h3>waiting for their next attempt</h3>
      <Missing asked={rows} />
      <ul>
        {rows.value?.map(({ seq, identifier, attempts, at, error }) => (
          <li key={seq}>
            <a href={addressTo('events', { seq })}>
              {seq} <bdi>{line(identifier, 60)}</bdi>
            </a>{' '}
            after {count(attempts, 'attempt')}, <Ago at={at} />
            {error !== undefined && <span class="bad"> {line(error.message, 200)}</span>}
          </li>
        ))}
      </ul>
      {rows.value?.length === LISTED && <p class="quiet">the first {LISTED}</p>}
    </>
  )
}

const columns: readonly Column<DeliveryRow>[] = [
  ['at', ({ at }) => <Time at={at} />, 'when'],
  ['event', ({ seq, identifier }) => <a href={addressTo('events', { seq })}>{line(identifier, 60)}</a>, 'name'],
  [
    'outcome',
    ({ outcome, attempt }) => (
      <>
        <Outcome of={outcome} />
        {attempt > 1 && ` (attempt ${attempt})`}
      </>
    ),
  ],
  ['took', ({ ms }) => span(ms), 'wide'],
  ['what', (row) => <Calls row={row} />],
]

function Deliveries({ row: { name } }: { readonly row: ListenerRow }) {
  const rows = useAsked(() => api.listeners.deliveries(name, { limit: LISTED }), name, {
    every: 30_000,
    on: ({ listeners }) => listeners.includes(name),
  })
  return (
    <>
      <h3>deliveries since the agent started</h3>
      <Missing asked={rows} />
      {rows.value?.length === 0 && <p class="quiet">none</p>}
      {rows.value !== undefined && rows.value.length > 0 && (
        <Table columns={columns} rows={rows.value} keyOf={({ seq, attempt, at }) => `${seq} ${attempt} ${at}`} />
      )}
      {rows.value?.length === LISTED && <p class="quiet">the newest {LISTED}</p>}
    </>
  )
}
