import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Confirm } from './actions.tsx'
import { addressTo, place, VIEWS, type View } from './address.ts'
import { Events } from './events/events.tsx'
import { facts } from './facts.ts'
import { GraphView } from './graph/graph.tsx'
import { Jobs } from './jobs/jobs.tsx'
import { isHelpOpen, KEYS } from './keys.ts'
import { Listeners } from './listeners/listeners.tsx'
import { connection } from './live.ts'
import { Now, useNeeds } from './now/now.tsx'
import { Said } from './said.tsx'
import { line } from './text.ts'
import { type Zone, zone, zoneName } from './time.tsx'

const views: Readonly<Record<View, typeof Now | (() => ComponentChildren)>> = {
  now: Now,
  events: Events,
  jobs: Jobs,
  listeners: Listeners,
  graph: GraphView,
}

/** The page. */
export function App() {
  const { view } = place.value
  const Shown = views[view]
  const needs = useNeeds()
  const n = needs.value?.length ?? 0
  const title = `${n > 0 ? `(${n}) ` : ''}${view} · ${facts.value?.agent ?? 'Tidings'}`
  useEffect(() => {
    document.title = title
  }, [title])
  return (
    <>
      <header>
        <strong>
          <bdi>{line(facts.value?.agent ?? 'Tidings', 40)}</bdi>
        </strong>
        <nav aria-label="views">
          {(Object.keys(VIEWS) as View[]).map((each) => (
            <a key={each} href={addressTo(each)} aria-current={each === view ? 'page' : undefined}>
              {each}
            </a>
          ))}
        </nav>
        {n > 0 && (
          <a class="bad" href={addressTo('now')}>
            ⚠ {n} need you
          </a>
        )}
        <Connection />
        <Zones />
        <button aria-label="keys" onClick={() => (isHelpOpen.value = true)}>
          ?
        </button>
      </header>
      <main>
        <Shown needs={needs} />
      </main>
      <Said />
      <Confirm />
      <Help />
    </>
  )
}

function Connection() {
  if (connection.value !== 'lost') return
  return <span class="bad">✕ no connection, trying again</span>
}

const ZONES: readonly Zone[] = ['local', 'UTC', 'agent']

function Zones() {
  return (
    <label class="zone">
      times in{' '}
      <select value={zone.value} onChange={(event) => (zone.value = event.currentTarget.value as Zone)}>
        {ZONES.map((each) => (
          <option key={each} value={each}>
            {each === 'UTC' ? 'UTC' : `${each}: ${zoneName(each)}`}
          </option>
        ))}
      </select>
    </label>
  )
}

function Help() {
  const dialog = useRef<HTMLDialogElement>(null)
  const isOpen = isHelpOpen.value
  useEffect(() => {
    if (isOpen) dialog.current?.showModal()
  }, [isOpen])
  if (!isOpen) return
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={() => (isHelpOpen.value = false)}>
      <h2 id="help-title">keys</h2>
      <table>
        <tbody>
          {KEYS.map(([keys, does]) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="bar">
        <button onClick={() => dialog.current?.close()}>close</button>
      </p>
    </dialog>
  )
}
