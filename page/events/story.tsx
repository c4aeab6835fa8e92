import type { ComponentChildren } from 'preact'
import { Act, confirm } from '../actions.tsx'
import { addressTo, addressWith } from '../address.ts'
import { api } from '../api.ts'
import { Missing, useAsked } from '../asked.tsx'
import { Copy, Data } from '../data.tsx'
import { Calls } from '../listeners/calls.tsx'
import { Outcome } from '../marks.tsx'
import { count, line, span } from '../text.ts'
import { Time } from '../time.tsx'
import type { EventStory } from '../types.ts'

/** One event's whole story. */
export function Story({ seq }: { readonly seq: number }) {
  const asked = useAsked(async () => (await api.events.story(seq)) ?? 'none', `story ${seq}`, {
    every: 10_000,
    on: ({ listeners }) => listeners.length > 0,
  })
  const { value: story } = asked
  return (
    <section aria-label={`event ${seq}`} class="story">
      <p class="bar">
        <a href={addressWith({ seq: undefined })}>close</a>
      </p>
      <Missing asked={asked} />
      {story === 'none' && <p>the log has no event {seq}</p>}
      {story !== undefined && story !== 'none' && <Told story={story} ask={asked.again} />}
    </section>
  )
}

function Told({ story, ask }: { readonly story: EventStory; readonly ask: () => void }) {
  const { event, follows, more } = story
  const { seq, type, identifier, created, revision, data } = event
  return (
    <>
      <h2>
        <bdi>{line(type)}</bdi> <bdi class="identifier">{line(identifier, 1000)}</bdi>
      </h2>
      <dl>
        <dt>event</dt>
        <dd>
          {seq}
          {revision !== undefined && `, revision ${revision}`}
          {story.revisions?.before !== undefined && (
            <>
              {' '}
              <a href={addressWith({ seq: story.revisions.before })}>the revision before</a>
            </>
          )}
        </dd>
        <dt>accepted</dt>
        <dd>
          <Time at={created} named />
        </dd>
        <dt>published by</dt>
        <dd>
          <Publisher story={story} />
        </dd>
        {follows.length > 0 && (
          <>
            <dt>follows</dt>
            <dd>
              {more && `the first ${follows.length}: `}
              <Refs refs={follows} />
            </dd>
          </>
        )}
      </dl>
      <p class="bar">
        <Copy what="identifier" text={() => identifier} />
        <Copy what="data" text={() => JSON.stringify(data, null, 2)} />
      </p>
      <Data value={data} />
      <h3>heard by</h3>
      <Listeners story={story} ask={ask} />
    </>
  )
}

function Publisher({ story: { event, run, causes } }: { readonly story: EventStory }): ComponentChildren {
  if (run !== undefined)
    return (
      <>
        job <a href={addressTo('jobs', { name: run.job })}>{line(run.job)}</a>, run of <Time at={run.slot} />
        {run.attempt > 1 && `, attempt ${run.attempt}`}
        {run.status !== undefined && (
          <>
            , <Outcome of={run.status} />
          </>
        )}
        {run.ms !== undefined && ` in ${span(run.ms)}`}
      </>
    )
  if (event.job !== undefined) return <a href={addressTo('jobs', { name: event.job })}>job {line(event.job)}</a>
  if (event.cause === undefined) return 'the program itself'
  return causes.length === 0 ? (
    <>a listener of event {event.cause}, which the log no longer has</>
  ) : (
    <>
      a listener of <Refs refs={causes} between=" ← " />
    </>
  )
}

function Refs({ refs, between = ', ' }: { readonly refs: EventStory['follows']; readonly between?: string }) {
  return (
    <>
      {refs.map(({ seq, type, identifier }, i) => (
        <span key={seq}>
          {i > 0 && between}
          <a href={addressWith({ seq })}>
            {seq} <bdi>{line(type)}</bdi> <bdi class="identifier">{line(identifier, 60)}</bdi>
          </a>
        </span>
      ))}
    </>
  )
}

function Listeners({ story: { event, listeners }, ask }: { readonly story: EventStory; readonly ask: () => void }) {
  const heard = listeners.filter(({ outcome }) => outcome !== 'not heard')
  if (heard.length === 0) return <p class="quiet">no listener heard it</p>
  return (
    <ul>
      {heard.map((row) => (
        <li key={row.listener}>
          <p>
            <a href={addressTo('listeners', { name: row.listener })}>{line(row.listener)}</a>{' '}
            <Outcome of={row.outcome} />
            {row.attempts !== undefined && ` after ${count(row.attempts, 'attempt')}`}
            {row.nextAt !== undefined && (
              <>
                , again at <Time at={row.nextAt} />
              </>
            )}{' '}
            <Again row={row} seq={event.seq} ask={ask} />
          </p>
          {/* A resting log has no deliveries, and the error of the last one alone. */}
          {row.deliveries.length === 0 && <Calls row={row} />}
          <ul>
            {row.deliveries.map((each) => (
              <li key={`${each.attempt} ${each.at}`}>
                attempt {each.attempt}: <Outcome of={each.outcome} /> at <Time at={each.at} /> in {span(each.ms)}{' '}
                <Calls row={each} />
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  )
}

type ListenerRow = EventStory['listeners'][number]

function Again({ row, seq, ask }: { readonly row: ListenerRow; readonly seq: number; readonly ask: () => void }) {
  const { listener, outcome } = row
  if (outcome === 'parked')
    return (
      <Act
        label={`retry: event ${seq} at ${listener}`}
        run={async () => {
          const { length } = await api.parked.retry(listener, seq)
          ask()
          return length === 0 ? 'it is not parked any more' : `${listener} hears event ${seq} again`
        }}
      >
        retry
      </Act>
    )
  if (!['handled', 'passed', 'settled'].includes(outcome)) return
  return (
    <Act
      label={`hear again: event ${seq} at ${listener}`}
      run={async () => {
        return confirm({
          title: `Let ${line(listener)} hear event ${seq} again?`,
          body: 'The delivery has a new key, so services that know the old one may act twice.',
          does: 'hear again',
          run: async () => {
            await api.replay.tell(listener, [seq], { again: true })
            ask()
            return `${listener} hears event ${seq} again`
          },
        })
      }}
    >
      hear again
    </Act>
  )
}
