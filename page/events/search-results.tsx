import { useEffect, useMemo } from 'preact/hooks'
import { place } from '../address.ts'
import { amount, line, typesIn } from '../text.ts'
import { Time } from '../time.tsx'
import { EventRows } from './rows.tsx'
import { MOST_FOUND, Search } from './search.ts'

/** What a search for text has found, and how far it has come. */
export function SearchResults({ selected }: { readonly selected: number | undefined }) {
  const { text = '', type, since } = place.value.question
  const key = JSON.stringify([text, type, since])
  const search = useMemo(() => new Search(text, typesIn(type), since), [key])
  useEffect(() => {
    void search.on()
    return () => search.close()
  }, [search])
  const found = search.found.value
  return (
    <>
      <p class="bar">
        {found === undefined ? (
          <span class="quiet">searching …</span>
        ) : (
          <span>
            found {found.events.length === MOST_FOUND ? `the first ${MOST_FOUND}` : amount(found.events.length)},
            searched{' '}
            {found.next === undefined
              ? `all ${amount(found.scanned)} events`
              : `${amount(found.scanned)} events, back to `}
            {found.next !== undefined && (found.back === undefined ? found.next : <Time at={found.back} named />)}
          </span>
        )}
        {found?.next !== undefined && found.events.length < MOST_FOUND && (
          <button aria-disabled={search.isBusy.value} onClick={() => void search.on()}>
            search on
          </button>
        )}
      </p>
      {search.error.value !== undefined && <p class="error">{line(search.error.value, 1000)}</p>}
      <div class="scroller" tabIndex={0} role="region" aria-label="found events, newest first">
        {found !== undefined && <EventRows rows={found.events} selected={selected} />}
      </div>
    </>
  )
}
