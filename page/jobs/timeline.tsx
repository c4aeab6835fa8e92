import { addressWith, go, place } from '../address.ts'
import { api } from '../api.ts'
import { Missing, useAsked } from '../asked.tsx'
import { Outcome, shapeOf } from '../marks.tsx'
import { type Column, First, Table } from '../table.tsx'
import { line, span } from '../text.ts'
import { clock, now, Time, zoneWord } from '../time.tsx'
import type { TimelineRow } from '../types.ts'

const HOURS = ['1', '6', '24'] as const
const MOST = 1000
const LISTED = 100
const HOUR = 3_600_000
const LANE = 18
/** The part of the width that ends now: half a mark is to the right of it. */
const NOW = 98

/** What has run in the last hours: as a picture, and as a list. */
export function Timeline({ jobs }: { readonly jobs: readonly string[] }) {
  const asked = place.value.question.hours
  const hours = HOURS.find((each) => each === asked) ?? '6'
  const rows = useAsked(() => api.jobs.timeline({ since: `${hours}h`, limit: MOST }), hours, {
    every: 30_000,
    on: ({ jobs }) => jobs.length > 0,
  })
  const shown = (rows.value ?? []).filter(({ job }) => jobs.includes(job))
  const failed = shown.filter(({ status }) => status === 'failed' || status === 'abandoned').length
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">timeline</h2>
      <p class="bar">
        {HOURS.map((each) => (
          <button key={each} aria-pressed={each === hours} onClick={() => go(addressWith({ hours: each }))}>
            {each} h
          </button>
        ))}
        <span class="quiet">
          {shown.length} slots, {failed} failed
          {rows.value?.length === MOST && `; the newest ${MOST}`}
        </span>
      </p>
      <Missing asked={rows} />
      {shown.length > 0 && <Picture rows={shown} hours={Number(hours)} />}
      <div class="scroller short" tabIndex={0} role="region" aria-label="slots, newest first">
        <Table columns={columns} rows={shown.slice(0, LISTED)} keyOf={keyOf} />
      </div>
      <First most={LISTED} of={shown.length} />
    </section>
  )
}

function keyOf({ job, slot, attempt, status }: TimelineRow): string {
  return `${job} ${slot} ${attempt} ${status}`
}

const columns: readonly Column<TimelineRow>[] = [
  ['slot', ({ slot }) => <Time at={slot} />, 'when'],
  ['job', ({ job }) => <a href={addressWith({ name: job })}>{line(job)}</a>, 'name'],
  [
    'outcome',
    ({ status, slots }) => (
      <>
        <Outcome of={status} />
        {slots !== undefined && ` × ${slots}`}
      </>
    ),
  ],
  ['late', ({ late = 0 }) => late >= 1000 && span(late), 'wide'],
  ['took', ({ ms, attempt }) => attempt > 0 && ms !== undefined && span(ms), 'wide'],
  ['new', ({ new: n, duplicate }) => n !== undefined && `${n} of ${n + (duplicate ?? 0)}`, 'wide'],
  ['error', ({ error }) => error !== undefined && line(error.message, 100), 'wide cut'],
]

// Lengths are parts of the width, so nothing is measured; marks are letters, which keep their shape.
function Picture({ rows, hours }: { readonly rows: readonly TimelineRow[]; readonly hours: number }) {
  const end = Math.ceil(now.value / 10_000) * 10_000
  const start = end - hours * HOUR
  const at = (time: string | number): number => ((new Date(time).getTime() - start) * NOW) / (end - start)
  const lanes = [...new Set(rows.map(({ job }) => job))].sort()
  const ticks = [0, 1, 2, 3].map((i) => start + (i * (end - start)) / 4)
  const bottom = lanes.length * LANE
  return (
    <svg
      class="timeline"
      height={bottom + LANE}
      role="img"
      aria-label={`${rows.length} slots of ${lanes.length} jobs in ${hours} hours; the list below has them`}
    >
      <svg width="22%">
        {lanes.map((job, lane) => (
          <text key={job} y={lane * LANE + 13}>
            {line(job, 24)}
          </text>
        ))}
        <text class="quiet" y={bottom + 13}>
          {zoneWord(end)}
        </text>
      </svg>
      <svg x="23%" width="77%">
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={`${at(tick)}%`} x2={`${at(tick)}%`} y2={bottom} />
            <text class="quiet" x={`${at(tick)}%`} y={bottom + 13}>
              {clock(tick, { seconds: false })}
            </text>
          </g>
        ))}
        {rows.map((row) => {
          const [shape, tone] = shapeOf(row.status)
          const y = lanes.indexOf(row.job) * LANE
          const x = Math.max(0, at(row.began ?? row.slot))
          return (
            <g key={keyOf(row)} class={tone}>
              <rect x={`${x}%`} y={y + 5} height={8} width={`${Math.max(0, ((row.ms ?? 0) * 100) / (end - start))}%`} />
              <text class="mark" x={`${x}%`} y={y + 13}>
                {shape}
              </text>
            </g>
          )
        })}
      </svg>
    </svg>
  )
}
