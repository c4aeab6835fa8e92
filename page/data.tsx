import { useOwn } from './own.ts'
import { say } from './said.tsx'
import { bytes, line, lines } from './text.ts'
import type { StoredEvent } from './types.ts'

/** How much of the data is shown at first, in characters. */
const CUT = 64_000

/** Data up to this length is unfolded, in characters. */
const SHORT = 4000

/** The data of an event: text, never markup. */
export function Data({ value }: { readonly value: unknown }) {
  const isWhole = useOwn(false)
  const isOpen = useOwn(false)
  const text = JSON.stringify(value, null, 2) ?? ''
  const shown = isWhole.value ? text : text.slice(0, CUT)
  const opens = text.length <= SHORT
  return (
    <details open={opens} onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>data, {bytes(text.length)}</summary>
      {/* Folded data is not there: a large event costs nothing until it is opened. */}
      {(opens || isOpen.value) && (
        <>
          <pre tabIndex={0} aria-label="data">
            {linked(lines(shown))}
          </pre>
          {shown.length < text.length && (
            <p>
              the first {bytes(CUT)} of {bytes(text.length)}{' '}
              <button onClick={() => (isWhole.value = true)}>show all</button>
            </p>
          )}
        </>
      )}
    </details>
  )
}

const LINK = /https?:\/\/[^\s"\\<>]+/g

/** More links than this in one text are a burden for the browser. */
const MOST_LINKS = 200

// Only addresses of the web become links: whatever else a text claims to be stays text.
function linked(text: string) {
  const parts: (string | ReturnType<typeof Link>)[] = []
  let at = 0
  let links = 0
  for (const { 0: address, index } of text.matchAll(LINK)) {
    if (++links > MOST_LINKS) break
    parts.push(text.slice(at, index), <Link key={index} to={address} />)
    at = index + address.length
  }
  return [...parts, text.slice(at)]
}

function Link({ to }: { readonly to: string }) {
  if (!URL.canParse(to) || !/^https?:$/.test(new URL(to).protocol)) return <>{to}</>
  return (
    <a href={to} target="_blank" rel="noopener noreferrer">
      {to}
    </a>
  )
}

/** Copies a text. */
export function Copy({ text, what }: { readonly text: () => string; readonly what: string }) {
  const copy = async (): Promise<void> => {
    try {
      // Browsers have a clipboard only for https and for this machine.
      await navigator.clipboard.writeText(text())
      say(`copied ${what}`)
    } catch {
      say('this browser forbids copying here', { isError: true })
    }
  }
  return <button onClick={() => void copy()}>copy {what}</button>
}

const previews = new WeakMap<StoredEvent, string>()

/** The beginning of the data of an event, in one line. */
export function preview(event: StoredEvent): string {
  let text = previews.get(event)
  // Made once: the data may be large, and the row is drawn often.
  if (text === undefined) previews.set(event, (text = line(JSON.stringify(event.data) ?? '')))
  return text
}
