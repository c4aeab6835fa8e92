import { addressWith, place } from '../address.ts'
import { api } from '../api.ts'
import { Missing, useAsked } from '../asked.tsx'
import { Find } from '../find.tsx'
import { Mark } from '../marks.tsx'
import { type Column, Table } from '../table.tsx'
import { amount, line } from '../text.ts'
import { Ago } from '../time.tsx'
import type { ListenerRow } from '../types.ts'
import { ListenerDetail } from './listener.tsx'

const columns: readonly Column<ListenerRow>[] = [
  [
    'listener',
    ({ name, paused, stuck, orphaned }) => (
      <>
        <a data-row href={addressWith({ name })} aria-current={place.value.question.name === name ? 'true' : undefined}>
          <bdi>{line(name)}</bdi>
        </a>{' '}
        {paused && <Mark of="paused" />}
        {stuck && <Mark of="attention" title="stuck" />}
        {orphaned && <span class="quiet"> not in the agent any more</span>}
      </>
    ),
    'name',
  ],
  ['hears', ({ types }) => line(types?.join(', ') ?? ''), 'wide cut'],
  ['behind', ({ behind }) => amount(behind), 'number'],
  ['running', ({ running }) => amount(running), 'wide number'],
  ['retrying', ({ retrying }) => amount(retrying), 'number'],
  ['parked', ({ parked }) => <span class={parked > 0 ? 'bad' : undefined}>{amount(parked)}</span>, 'number'],
  ['a minute', ({ rate }) => rate !== undefined && amount(rate), 'wide number'],
  ['oldest', ({ oldest }) => oldest !== undefined && <Ago at={oldest} />, 'wide'],
]

/** The view of listeners: how far each is, and the one that is selected. */
export function Listeners() {
  const { find = '', name } = place.value.question
  const asked = useAsked(() => api.listeners.list(), 'listeners', {
    every: 10_000,
    on: ({ listeners }) => listeners.length > 0,
  })
  const all = asked.value ?? []
  const rows = all.filter((row) => row.name.toLowerCase().includes(find.toLowerCase()))
  const selected = all.find((row) => row.name === name)
  return (
    <div class={name === undefined ? undefined : 'beside'}>
      <section class="list" aria-label="list of listeners">
        <h1>listeners</h1>
        <Find />
        <Missing asked={asked} />
        <Table columns={columns} rows={rows} keyOf={(row) => row.name} isSelected={(row) => row.name === name} />
        {asked.value !== undefined && (
          <p class="quiet">
            {rows.length} of {all.length} listeners, {all.filter(({ parked }) => parked > 0).length} with parked events
          </p>
        )}
      </section>
      {selected !== undefined && <ListenerDetail key={name} row={selected} ask={asked.again} />}
    </div>
  )
}
