import { signal } from '@preact/signals-core'
import { addressTo, addressWith, go, place, VIEWS, type View } from './address.ts'

/** Whether the list of keys is open. */
export const isHelpOpen = signal(false)

/** The keys, with what they do. */
export const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ...Object.entries(VIEWS).map(([view, key]) => [`g ${key}`, `go to ${view}`] as const),
  ['/', 'find: the first field of the view'],
  ['j', 'the next row'],
  ['k', 'the row before'],
  ['Enter', 'open the row'],
  ['Escape', 'close what is open'],
  ['?', 'this list'],
]

/** How long `g` waits for its second key, in ms. */
const PATIENCE = 1500

let goAt = Number.NEGATIVE_INFINITY

/** Listens to the keys of the page. A key in a field belongs to the field. */
export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const isField = event.target instanceof HTMLElement && event.target.matches('input, select, textarea')
    if (document.querySelector('dialog[open]') !== null) return
    if (isField ? event.key === 'Escape' && leave(event.target) : press(event.key)) event.preventDefault()
  })
}

function leave(field: EventTarget | null): boolean {
  ;(field as HTMLElement).blur()
  return true
}

function press(key: string): boolean {
  if (performance.now() - goAt < PATIENCE) {
    goAt = Number.NEGATIVE_INFINITY
    const view = (Object.keys(VIEWS) as View[]).find((each) => VIEWS[each] === key)
    if (view === undefined) return false
    go(addressTo(view))
    return true
  }
  if (key === 'g') goAt = performance.now()
  else if (key === '/') return focus(document.querySelector<HTMLElement>('main input, main select'))
  else if (key === 'j' || key === 'k') return step(key === 'j' ? 1 : -1)
  else if (key === '?') isHelpOpen.value = true
  else if (key === 'Escape') close()
  else return false
  return true
}

function close(): void {
  const { seq, name } = place.value.question
  const address = addressWith({ seq: undefined, name: undefined })
  if (seq === undefined && name === undefined) return
  go(address)
  const opened = [...rows()].find((row) => row.getAttribute('aria-current') === 'true')
  focus(opened ?? null)
}

function rows(): NodeListOf<HTMLElement> {
  return document.querySelectorAll<HTMLElement>('main [data-row]')
}

function step(by: 1 | -1): boolean {
  const all = [...rows()]
  const at = all.findIndex((row) => row === document.activeElement)
  return focus(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))] ?? null)
}

function focus(element: HTMLElement | null): boolean {
  element?.focus()
  return element !== null
}
