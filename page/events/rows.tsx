import { addressTo, addressWith, place } from '../address.ts'
import { preview } from '../data.tsx'
import { type Column, Table } from '../table.tsx'
import { amount, line } from '../text.ts'
import { Time, today } from '../time.tsx'
import type { StoredEvent } from '../types.ts'
import type { Gap, Row } from './feed.ts'

/** The rows of a list of events. */
export function EventRows({
  rows,
  selected,
  fill,
}: {
  readonly rows: readonly Row[]
  readonly selected?: number | undefined
  readonly fill?: ((gap: Gap) => void) | undefined
}) {
  const columns: readonly Column<Row>[] = [
    ['seq', (row) => ('gap' in row ? '⋮' : row.seq), 'wide number'],
    ['accepted', (row) => !('gap' in row) && <Time at={row.created} />, 'when'],
    [
      'event',
      (row) =>
        'gap' in row ? (
          <GapWords gap={row} fill={fill} />
        ) : (
          <a data-row href={addressOf(row.seq)} aria-current={row.seq === selected ? 'true' : undefined}>
            <EventName event={row} />
          </a>
        ),
      'name',
    ],
    ['data', (row) => !('gap' in row) && <bdi>{preview(row)}</bdi>, 'wide cut'],
    ['by', (row) => !('gap' in row) && <bdi>{publisher(row)}</bdi>, 'wide'],
  ]
  return (
    <Table
      columns={columns}
      rows={rows}
      by={`${today()} ${addressWith({ seq: undefined })}`}
      keyOf={(row) => ('gap' in row ? -row.before : row.seq)}
      isSelected={(row) => 'seq' in row && row.seq === selected}
    />
  )
}

/** The type and the identifier of an event. */
export function EventName({ event }: { readonly event: Pick<StoredEvent, 'type' | 'identifier' | 'revision'> }) {
  return (
    <>
      <bdi>{line(event.type)}</bdi> <bdi class="identifier">{line(event.identifier)}</bdi>
      {event.revision !== undefined && ` rev ${event.revision}`}
    </>
  )
}

function publisher({ job, cause }: StoredEvent): string {
  return job === undefined ? (cause === undefined ? '' : `← ${cause}`) : line(job)
}

function GapWords({ gap, fill }: { readonly gap: Gap; readonly fill: ((gap: Gap) => void) | undefined }) {
  return (
    <>
      up to {amount(gap.before - gap.after - 1)} events between, not shown{' '}
      {fill !== undefined && <button onClick={() => fill(gap)}>show the newest of them</button>}
    </>
  )
}

/** The address of one event: beside the list, if that is open. */
function addressOf(seq: number): string {
  return place.value.view === 'events' ? addressWith({ seq }) : addressTo('events', { seq })
}
