import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * Who holds a store, as far as other processes can check it.
 *
 * Both are missing where there is no `/proc`, or one of another pid namespace.
 */
export interface Owner {
  readonly pid: number
  readonly host: string
  /** When the process began, in ticks since the boot: with it, a reused pid is no longer the same process. */
  readonly start?: string
  /** The boot and the pid namespace in which `pid` means something. */
  readonly space?: string
}

let own: Owner | undefined

/** This process. */
export function thisProcess(): Owner {
  own ??= { pid: process.pid, host: hostname(), ...placeOf() }
  return own
}

/**
 * Whether a process still runs. `unknown`: it can't be seen from here (another machine or container), it may be another
 * thread of this process, or the system doesn't say whether a pid was reused.
 */
export function stateOf(owner: Owner): 'alive' | 'dead' | 'unknown' {
  const { pid, host, start, space } = thisProcess()
  if (owner.space !== space || owner.host !== host) return 'unknown'
  // Without namespaces, a host has one set of pids.
  if (space === undefined && process.platform === 'linux') return 'unknown'
  if (!exists(owner.pid)) return 'dead'
  if (start === undefined || owner.start === undefined) return 'unknown'
  const found = processAt(owner.pid)
  if (found === undefined) return 'unknown'
  if (found.start !== owner.start || 'ZX'.includes(found.state)) return 'dead'
  return owner.pid === pid ? 'unknown' : 'alive'
}

function placeOf(): Pick<Owner, 'start' | 'space'> {
  const found = processAt('self')
  if (found?.pid !== process.pid) return {}
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return { start: found.start, space: `${boot} ${readlinkSync('/proc/self/ns/pid')}` }
  } catch {
    return {}
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** What `/proc` says of a process; undefined where it says nothing. */
function processAt(pid: number | 'self'): { pid: number; state: string; start: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in parentheses, may have spaces and parentheses in it.
    const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid: Number.parseInt(text, 10), state, start: fields[18] ?? '' }
  } catch {
    return undefined
  }
}
