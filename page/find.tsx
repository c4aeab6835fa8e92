import type { ComponentChildren } from 'preact'
import { addressWith, go, place } from './address.ts'

/** A field that finds rows by name, while it is typed, and the choices beside it. */
export function Find({ children }: { readonly children?: ComponentChildren }) {
  return (
    <div class="bar" role="search">
      <label>
        find{' '}
        <input
          value={place.value.question.find ?? ''}
          autocomplete="off"
          onInput={(event) => go(addressWith({ find: event.currentTarget.value }), { replace: true })}
        />
      </label>
      {children}
    </div>
  )
}
