import { effect } from '@preact/signals-core'
import { render } from 'preact'
import { App } from './app.tsx'

let stop: (() => void) | undefined

/**
 * Draws the page now, and again whenever a signal changes that it has read: once for all changes of a turn. Preact touches
 * only what differs.
 */
export function draw(): void {
  stop?.()
  let isDrawn = false
  stop = effect(() => {
    if (isDrawn) queueMicrotask(draw)
    else render(<App />, document.body)
    isDrawn = true
  })
}
