import { signal } from '@preact/signals-core'
import { askFacts, type Facts } from './api.ts'

/** What the page knows about itself; undefined until it has asked. */
export const facts = signal<Facts | undefined>(undefined)

/** Asks for the facts, again after each new connection: another agent may answer now. */
export async function learn(): Promise<void> {
  facts.value = await askFacts()
}
