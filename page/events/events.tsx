import { useEffect, useMemo, useRef } from 'preact/hooks'
import { addressTo, addressWith, go, place } from '../address.ts'
import { api } from '../api.ts'
import { useAsked } from '../asked.tsx'
import { useOwn } from '../own.ts'
import { read } from '../said.tsx'
import { amount, line, typesIn } from '../text.ts'
import { Feed, type Filter, PAGE, type Waiting } from './feed.ts'
import { EventRows } from './rows.tsx'
import { SearchResults } from './search-results.tsx'
import { Story } from './story.tsx'

/** The view of events: filters, the list, and the story of the one that is selected. */
export function Events() {
  const { question } = place.value
  const seq = Number(question.seq)
  const selected = Number.isSafeInteger(seq) && seq > 0 ? seq : undefined
  return (
    <div class={selected === undefined ? undefined : 'beside'}>
      <section aria-label="list of events" class="list">
        <h1>events</h1>
        <Filters key={JSON.stringify({ ...question, seq: '' })} />
        {question.text === undefined ? <Live selected={selected} /> : <SearchResults selected={selected} />}
      </section>
      {selected !== undefined && <Story key={selected} seq={selected} />}
    </div>
  )
}

const FIELDS = { type: 'git.*, mail', id: 'exactly', text: 'in data too', since: '2h, 2027-01-31' } as const

function Filters() {
  const { question } = place.value
  const types = useAsked(api.types.list, 'types', { every: 60_000 })
  const apply = (event: SubmitEvent): void => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const asked = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, fieldOf(fields, name)]))
    go(addressTo('events', { ...asked, seq: question.seq }))
  }
  return (
    <form class="bar" role="search" onSubmit={apply}>
      {Object.entries(FIELDS).map(([name, hint]) => (
        <label key={name}>
          {name}{' '}
          <input
            name={name}
            defaultValue={question[name] ?? ''}
            placeholder={hint}
            autocomplete="off"
            spellcheck={false}
            list={name === 'type' ? 'types' : undefined}
          />
        </label>
      ))}
      <datalist id="types">
        {types.value?.slice(0, PAGE).map(({ type }) => (
          <option key={type} value={type} />
        ))}
      </datalist>
      <button type="submit">find</button>
      {Object.keys(FIELDS).some((name) => question[name] !== undefined) && <a href={addressTo('events')}>all events</a>}
    </form>
  )
}

function fieldOf(fields: FormData, name: string): string {
  const value = fields.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

function useFeed(): Feed {
  const { type, id, since, before } = place.value.question
  const filter: Filter = {
    types: typesIn(type),
    identifier: id,
    since,
    before: Number(before) > 0 ? Number(before) : undefined,
  }
  const key = JSON.stringify(filter)
  const feed = useMemo(() => new Feed(filter), [key])
  useEffect(() => {
    feed.open()
    return () => feed.close()
  }, [feed])
  return feed
}

function Live({ selected }: { readonly selected: number | undefined }) {
  const feed = useFeed()
  const isPaused = useOwn(false)
  const isReading = useOwn(false)
  const scroller = useRef<HTMLDivElement>(null)
  const held = isPaused.value || isReading.value || place.value.question.seq !== undefined
  useEffect(() => feed.hold(held), [feed, held])
  const look = (): void => {
    const { current: box } = scroller
    if (box === null) return
    isReading.value = box.scrollTop > 0 || box.matches(':hover') || box.contains(document.activeElement)
  }
  const release = (): void => {
    scroller.current?.scrollTo({ top: 0 })
    feed.release()
  }
  const rows = feed.rows.value
  const { before } = feed.filter
  return (
    <>
      <p class="bar">
        {before === undefined ? (
          <button aria-pressed={isPaused.value} onClick={() => (isPaused.value = !isPaused.value)}>
            {isPaused.value ? '‖ paused' : '● live'}
          </button>
        ) : (
          <a href={addressWith({ before: undefined })}>newest</a>
        )}
        <NewRows waiting={feed.waiting.value} release={release} />
        <Shown rows={rows} before={before} />
      </p>
      {feed.error.value !== undefined && (
        <p class="error">
          {line(feed.error.value, 1000)} <button onClick={() => void feed.load()}>ask again</button>
        </p>
      )}
      <div
        class="scroller"
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label="events, newest first"
        onScroll={look}
        onMouseEnter={look}
        onMouseLeave={look}
        onFocusIn={look}
        onFocusOut={() => setTimeout(look)}
      >
        {rows !== undefined && <EventRows rows={rows} selected={selected} fill={(gap) => void feed.fill(gap)} />}
        {rows?.length === 0 && <p class="quiet">no event matches</p>}
      </div>
    </>
  )
}

function NewRows({ waiting: { n, isMore }, release }: { readonly waiting: Waiting; readonly release: () => void }) {
  const words = n === 0 && !isMore ? '' : `${amount(n)}${isMore ? ' or more' : ''} new`
  useEffect(() => {
    if (words !== '') read(`${words} events`)
  }, [words])
  // It keeps its place, so that nothing moves when it comes.
  return (
    <button class="new" aria-disabled={words === ''} onClick={release}>
      {words === '' ? 'nothing new' : `${words} ↑`}
    </button>
  )
}

function Shown({ rows, before }: { readonly rows: Feed['rows']['value']; readonly before: number | undefined }) {
  if (rows === undefined) return <span class="quiet">asking …</span>
  const oldest = rows.at(-1)
  const events = rows.filter((row) => !('gap' in row)).length
  return (
    <>
      <span class="quiet">
        {rows.length < PAGE ? `all ${amount(events)}` : `the ${before === undefined ? 'newest' : 'next'} ${events}`}
      </span>
      {rows.length >= PAGE && oldest !== undefined && !('gap' in oldest) && (
        <a href={addressWith({ before: oldest.seq, seq: undefined })}>older</a>
      )}
    </>
  )
}
