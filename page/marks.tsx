// What became of something: the shape tells as much as the colour, and the words tell it to those who listen.

const MARKS: Readonly<Record<string, readonly [shape: string, tone: string]>> = {
  done: ['●', 'good'],
  handled: ['●', 'good'],
  cancelled: ['◆', 'good'],
  failed: ['✕', 'bad'],
  parked: ['✕', 'bad'],
  abandoned: ['⊘', 'bad'],
  retrying: ['↻', 'warn'],
  retry: ['↻', 'warn'],
  missed: ['○', 'warn'],
  blocked: ['▪', 'warn'],
  replaced: ['▷', 'quiet'],
  running: ['◐', 'now'],
  waiting: ['◌', 'quiet'],
  passed: ['○', 'quiet'],
  settled: ['■', 'quiet'],
  'not heard': ['–', 'quiet'],
  paused: ['‖', 'warn'],
  late: ['◷', 'warn'],
  well: ['✓', 'good'],
  attention: ['⚠', 'bad'],
}

/** The shape and the tone of an outcome. */
export function shapeOf(outcome: string): readonly [shape: string, tone: string] {
  return MARKS[outcome] ?? ['?', 'quiet']
}

/** The mark alone; its words are its title. */
export function Mark({ of, title = of }: { readonly of: string; readonly title?: string }) {
  const [shape, tone] = shapeOf(of)
  return (
    <span class={`mark ${tone}`} role="img" aria-label={title} title={title}>
      {shape}
    </span>
  )
}

/** The mark with its words beside it. */
export function Outcome({ of }: { readonly of: string }) {
  const [shape, tone] = shapeOf(of)
  return (
    <span class={`mark ${tone}`}>
      <span aria-hidden="true">{shape}</span> {of}
    </span>
  )
}
