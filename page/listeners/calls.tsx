import { line, span } from '../text.ts'
import type { DeliveryRow } from '../types.ts'

/** What a delivery asked of the world, and why it failed. */
export function Calls({ row: { calls = [], error } }: { readonly row: Pick<DeliveryRow, 'calls' | 'error'> }) {
  return (
    <>
      {calls.slice(0, 5).map(({ method, host, status, ms }, i) => (
        <span key={i} class="call">
          {line(`${method} ${host} ${status ?? ''}`, 80)} {span(ms)}
        </span>
      ))}
      {calls.length > 5 && `the first 5 of ${calls.length} `}
      {error !== undefined && <span class="bad">{line(`${error.name}: ${error.message}`, 300)}</span>}
    </>
  )
}
