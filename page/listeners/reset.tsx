import { Act, confirm } from '../actions.tsx'
import { api } from '../api.ts'
import { facts } from '../facts.ts'
import { useOwn } from '../own.ts'
import { count, isOfTypes, line } from '../text.ts'
import type { ListenerRow } from '../types.ts'

/** Moves a listener, after it has said what that means. */
export function Reset({ row, ask }: { readonly row: ListenerRow; readonly ask: () => void }) {
  const to = useOwn('')
  if (facts.value?.readOnly !== false) return
  return (
    <span class="reset">
      <label>
        continue from{' '}
        <input
          value={to.value}
          placeholder="start, now, a seq, 2h"
          autocomplete="off"
          onInput={(event) => (to.value = event.currentTarget.value.trim())}
        />
      </label>{' '}
      <Act
        run={async () => {
          if (to.value === '') return 'write where it is to continue: start, now, the seq of an event, or a time ago'
          const effect = await effectOf(row, to.value)
          return confirm({
            title: `Let ${line(row.name)} continue from ${line(to.value, 40)}?`,
            body: effect,
            does: 'reset',
            destroys: true,
            run: async () => {
              const { before, cursor, moved } = await api.listeners.reset(row.name, { to: to.value, passOver: true })
              ask()
              return moved
                ? `${line(row.name)} was at ${before} and is at ${cursor}`
                : `${line(row.name)} is there already`
            },
          })
        }}
      >
        reset …
      </Act>
    </span>
  )
}

/** What a reset would do, in words. */
async function effectOf({ cursor, behind, types }: ListenerRow, to: string): Promise<string> {
  if (to === 'now') return `It passes over ${count(behind, 'event')} and never hears them.`
  if (to === 'start') {
    const rows = await api.types.list()
    const all = rows.reduce((sum, { type, count }) => sum + (isOfTypes(type, types) ? count : 0), 0)
    return `It hears ${count(Math.max(0, all - behind), 'event')} again, as replays. Services that it calls may act twice.`
  }
  const last = await api.events.last()
  const [first] = /^\d+$/.test(to) ? [{ seq: Number(to) }] : await api.events.list({ since: to, limit: 1 })
  const place = Math.min(first?.seq ?? last + 1, last + 1) - 1
  if (place === cursor) return 'It is there already.'
  return place < cursor
    ? `It hears up to ${count(cursor - place, 'event')} again, as replays. Services that it calls may act twice.`
    : `It passes over up to ${count(place - cursor, 'event')} and never hears them.`
}
