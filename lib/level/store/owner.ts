import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** The process that holds a store, as far as other processes can check it. */
export interface Owner {
  readonly pid: number
  /** The name of the machine. */
  readonly host: string
  /**
   * When the process began, in ticks since the boot, which tells it from another process with a reused pid. Absent without
   * a `/proc` of the same pid namespace.
   */
  readonly start?: string
  /** The boot and the pid namespace in which `pid` is valid. Absent as `start` is. */
  readonly space?: string
}

let own: Owner | undefined

/** Returns this process as an owner. */
export function thisProcess(): Owner {
  own ??= { pid: process.pid, host: hostname(), ...placeOf() }
  return own
}

/**
 * Returns whether a process still runs. `unknown`: it can't be checked from here (another machine or container), it may be
 * another thread of this process, or the system does not show whether a pid was reused.
 */
export function stateOf(owner: Owner): 'alive' | 'dead' | 'unknown' {
  const { pid, host, start, space } = thisProcess()
  if (owner.space !== space || owner.host !== host) return 'unknown'
  // Only a system without namespaces has a single set of pids.
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

/** Reads a process from `/proc`; undefined where that shows nothing. */
function processAt(pid: number | 'self'): { pid: number; state: string; start: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in parentheses, may contain spaces and parentheses.
    const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid: Number.parseInt(text, 10), state, start: fields[18] ?? '' }
  } catch {
    return undefined
  }
}
