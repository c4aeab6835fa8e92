import { useSignal, useSignalEffect } from '@preact/signals'
import { api } from './api.ts'

/** The page. */
export function App() {
  const last = useSignal(0)
  useSignalEffect(() => void api.events.last().then((seq) => (last.value = seq)))
  return (
    <main>
      <h1>Tidings</h1>
      <p>{last.value} events</p>
    </main>
  )
}
