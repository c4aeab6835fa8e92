import { useEffect, useMemo } from 'preact/hooks'
import { Act } from '../actions.tsx'
import { addressTo } from '../address.ts'
import { api } from '../api.ts'
import { type Asked, Missing, useAsked } from '../asked.tsx'
import { Feed } from '../events/feed.ts'
import { EventRows } from '../events/rows.tsx'
import { runJob } from '../jobs/run-job.ts'
import { settleParked } from '../listeners/settle-parked.tsx'
import { perSecond, SECONDS } from '../live.ts'
import { Mark } from '../marks.tsx'
import { amount, bytes, count, line } from '../text.ts'
import { Ago, Time } from '../time.tsx'
import type { Attention } from '../types.ts'

/** The view of the present: what needs a person, how much happens, what comes next. */
export function Now({ needs }: { readonly needs: Asked<readonly Attention[]> }) {
  return (
    <>
      <h1>now</h1>
      <Needs asked={needs} />
      <Numbers />
      <div class="columns">
        <NextRuns />
        <NewestEvents />
      </div>
    </>
  )
}

const isAnyPart = ({ jobs, listeners }: { jobs: readonly string[]; listeners: readonly string[] }): boolean =>
  jobs.length + listeners.length > 0

/** What needs a person. */
export function useNeeds(): Asked<readonly Attention[]> {
  return useAsked(api.attention, '', { every: 15_000, on: isAnyPart, apart: 5000 })
}

function Needs({ asked }: { readonly asked: Asked<readonly Attention[]> }) {
  return (
    <section aria-labelledby="needs">
      <h2 id="needs">needs you</h2>
      <Missing asked={asked} />
      {asked.value?.length === 0 && (
        <p>
          <Mark of="well" title="well" /> all is well
        </p>
      )}
      <ul class="needs">
        {asked.value?.slice(0, 50).map((need) => (
          <Need key={`${need.kind} ${need.job ?? need.listener}`} need={need} ask={asked.again} />
        ))}
      </ul>
      {(asked.value?.length ?? 0) > 50 && <p class="quiet">the first 50 of {asked.value?.length}</p>}
    </section>
  )
}

function Need({
  need: { kind, job, listener, since, what, fix },
  ask,
}: {
  readonly need: Attention
  readonly ask: () => void
}) {
  return (
    <li>
      <Mark of="attention" title={kind} /> {line(what, 500)}
      {since !== undefined && (
        <span class="quiet">
          {' '}
          since <Time at={since} named />
        </span>
      )}{' '}
      {job !== undefined && (
        <>
          <a data-row href={addressTo('jobs', { name: job })}>
            history of {line(job)}
          </a>{' '}
          <Act label={`run now: ${job}`} run={() => runJob(job).finally(ask)}>
            run now
          </Act>
        </>
      )}
      {listener !== undefined && (
        <>
          <a data-row href={addressTo('listeners', { name: listener })}>
            look at {line(listener)}
          </a>{' '}
          {kind === 'parked' && (
            <Act label={`retry: all parked events of ${listener}`} run={() => settleParked('retry', listener, {}, ask)}>
              retry
            </Act>
          )}
        </>
      )}
      {fix !== undefined && (
        <>
          {' '}
          <code>{line(fix, 300)}</code>
        </>
      )}
    </li>
  )
}

function Numbers() {
  const status = useAsked(api.status, 'status', { every: 10_000, on: isAnyPart, apart: 3000 })
  const stats = useAsked(api.db.stats, 'stats', { every: 60_000 })
  const { value: health } = status
  const { value: log } = stats
  const parked = health?.listeners.reduce((sum, { parked }) => sum + parked, 0) ?? 0
  const failing = health?.jobs.filter(({ last }) => last?.status === 'failed').length ?? 0
  return (
    <section aria-label="numbers">
      <Missing asked={status} />
      <ul class="numbers">
        {log !== undefined && <li>{count(log.events.count, 'event')}</li>}
        <li class="rate">
          {amount(perSecond.value.at(-1) ?? 0)}/s <Sparkline values={perSecond.value} />
        </li>
        <li>{amount(parked)} parked</li>
        <li>{count(failing, 'failing job')}</li>
        {log?.disk !== undefined && (
          <li>
            disk {bytes(log.disk)}
            {log.fullInDays !== undefined && `, full in ${amount(log.fullInDays)} d`}
          </li>
        )}
        {health !== undefined && (
          <li>
            {health.since === undefined ? (
              'no agent runs on this log'
            ) : (
              <>
                started <Ago at={health.since} />
              </>
            )}
          </li>
        )}
      </ul>
    </section>
  )
}

function Sparkline({ values }: { readonly values: readonly number[] }) {
  const most = Math.max(1, ...values)
  const points = values.map((value, i) => `${(i * 100) / (SECONDS - 1)},${20 - (value * 19) / most}`).join(' ')
  return (
    <svg viewBox="0 0 100 20" role="img" aria-label={`events a second in the last minute, at most ${most}`}>
      <polyline points={points} />
    </svg>
  )
}

function NextRuns() {
  const asked = useAsked(api.jobs.list, 'jobs', { every: 10_000, on: ({ jobs }) => jobs.length > 0 })
  const next = (asked.value ?? [])
    .flatMap(({ name, next }) => (next === undefined ? [] : [{ name, at: next }]))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
  return (
    <section aria-labelledby="next">
      <h2 id="next">next runs</h2>
      <Missing asked={asked} />
      <ul>
        {next.slice(0, 8).map(({ name, at }) => (
          <li key={name}>
            <Time at={at} named /> <a href={addressTo('jobs', { name })}>{line(name)}</a>{' '}
            <span class="quiet">
              <Ago at={at} />
            </span>
          </li>
        ))}
      </ul>
      {next.length > 8 && <p class="quiet">the first 8 of {next.length}</p>}
    </section>
  )
}

const NEWEST = 8

function NewestEvents() {
  const feed = useMemo(
    () => new Feed({ types: undefined, identifier: undefined, since: undefined, before: undefined }, NEWEST),
    [],
  )
  useEffect(() => {
    feed.open()
    return () => feed.close()
  }, [feed])
  const rows = (feed.rows.value ?? []).filter((row) => !('gap' in row)).slice(0, NEWEST)
  return (
    <section aria-labelledby="newest" class="list">
      <h2 id="newest">newest events</h2>
      <EventRows rows={rows} />
      <p>
        <a href={addressTo('events')}>all events</a>
      </p>
    </section>
  )
}
