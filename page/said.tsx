import { signal } from '@preact/signals-core'

/** How long a sentence stays on the page, in ms. */
const STAYS = 8000

/** A reader who listens hears at most one sentence in this time, in ms. */
const APART = 5000

/** The last thing that the page has said. */
const shown = signal<{ readonly words: string; readonly isError: boolean } | undefined>(undefined)

const heard = signal('')

let clear: ReturnType<typeof setTimeout> | undefined
let next: ReturnType<typeof setTimeout> | undefined
let heardAt = Number.NEGATIVE_INFINITY
let waiting = ''

/** Shows a sentence for a while, and reads it to those who listen. */
export function say(words: string, { isError = false } = {}): void {
  shown.value = { words, isError }
  clearTimeout(clear)
  clear = setTimeout(() => (shown.value = undefined), isError ? STAYS * 4 : STAYS)
  read(words)
}

/** Only reads it: for what everyone else sees. */
export function read(words: string): void {
  waiting = words
  const wait = heardAt + APART - Date.now()
  clearTimeout(next)
  if (wait > 0) {
    next = setTimeout(() => read(waiting), wait)
    return
  }
  heardAt = Date.now()
  heard.value = words
}

/** Where the page says what it has done. */
export function Said() {
  return (
    <>
      <p role="status" class="unseen">
        {heard.value}
      </p>
      {shown.value !== undefined && (
        <p class={shown.value.isError ? 'said error' : 'said'} aria-hidden="true">
          {shown.value.words}
        </p>
      )}
    </>
  )
}
