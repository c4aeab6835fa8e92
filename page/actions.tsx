import { signal } from '@preact/signals-core'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { facts } from './facts.ts'
import { useOwn } from './own.ts'
import { say } from './said.tsx'
import { line } from './text.ts'

/** What a person is asked before something happens. */
export interface Confirmation {
  readonly title: string
  readonly body: ComponentChildren
  /** The words of the button that does it. */
  readonly does: string
  /** Whether it can't be undone: then the other button is the first. */
  readonly destroys?: boolean
  /** Does it; resolves to a sentence about what it has done. */
  run(): Promise<string>
}

const asked = signal<Confirmation | undefined>(undefined)

/** Asks before it acts. There is nothing to say yet. */
export function confirm(confirmation: Confirmation): undefined {
  asked.value = confirmation
  return undefined
}

async function attempt(run: () => Promise<string | undefined>): Promise<void> {
  try {
    const words = await run()
    if (words !== undefined) say(words)
  } catch (error) {
    say(line((error as Error).message, 1000), { isError: true })
  }
}

/**
 * A button that acts on the agent, unless the reader may only look. While it acts, it can't be pressed again.
 *
 * `run` resolves to a sentence about what it has done; undefined if there is nothing to say.
 */
export function Act({
  run,
  label,
  children,
  danger = false,
}: {
  readonly run: () => Promise<string | undefined>
  /** What it does, if its words alone don't say it. */
  readonly label?: string
  readonly children: ComponentChildren
  readonly danger?: boolean
}) {
  const isBusy = useOwn(false)
  if (facts.value?.readOnly !== false) return
  const press = async (): Promise<void> => {
    if (isBusy.value) return
    isBusy.value = true
    await attempt(run)
    isBusy.value = false
  }
  return (
    <button
      class={danger ? 'danger' : undefined}
      // Not `disabled`: the focus would be lost.
      aria-disabled={isBusy.value}
      aria-label={label}
      onClick={() => void press()}
    >
      {children}
    </button>
  )
}

/** The dialog of `confirm`. */
export function Confirm() {
  const dialog = useRef<HTMLDialogElement>(null)
  const isBusy = useOwn(false)
  const { value: question } = asked
  useEffect(() => {
    if (question !== undefined) dialog.current?.showModal()
  }, [question])
  if (question === undefined) return
  const close = (): void => {
    dialog.current?.close()
    asked.value = undefined
  }
  const act = async (): Promise<void> => {
    if (isBusy.value) return
    isBusy.value = true
    await attempt(question.run)
    isBusy.value = false
    close()
  }
  const yes = (
    <button
      key="yes"
      class={question.destroys ? 'danger' : 'strong'}
      aria-disabled={isBusy.value}
      onClick={() => void act()}
    >
      {question.does}
    </button>
  )
  const no = (
    <button key="no" onClick={close}>
      cancel
    </button>
  )
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={() => (asked.value = undefined)}>
      <h2 id="confirm-title">{question.title}</h2>
      <div>{question.body}</div>
      <p class="bar">{question.destroys ? [no, yes] : [yes, no]}</p>
    </dialog>
  )
}
