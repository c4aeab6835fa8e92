import type { Listener } from '../../listener/listener.ts'
import { typeTest } from '../../log/type-names.ts'

/** Whether a listener hears events of a type. */
export function hears({ source }: Listener, type: string): boolean {
  return typeTest(source.types)(type)
}
