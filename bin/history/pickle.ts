/** A value that Python has pickled, as plain JSON; not `whole`: some of it is no JSON, and null in its place. */
export interface Unpickled {
  readonly data: unknown
  readonly whole: boolean
}

/** Stands for an instance of a class of Python, and for what makes one: nothing of a file is ever called. */
class Strange {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** The little machine that a pickle is a program for. */
class Machine {
  readonly memo: unknown[] = []
  stack: unknown[] = []
  readonly #stacks: unknown[][] = []
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new RangeError('a pickle that ends too soon')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  number(bytes: number): number {
    return bytes === 8 ? Number(this.take(8).readBigUInt64LE()) : this.take(bytes).readUIntLE(0, bytes)
  }

  line(): string {
    const end = this.#bytes.indexOf('\n', this.#at)
    return this.take(end + 1 - this.#at).toString('utf8', 0, end - this.#at)
  }

  mark(): void {
    this.#stacks.push(this.stack)
    this.stack = []
  }

  /** What lies above the last mark, which goes with it. */
  marked(): unknown[] {
    const above = this.stack
    const below = this.#stacks.pop()
    if (below === undefined) throw new RangeError('a pickle without the mark that it speaks of')
    this.stack = below
    return above
  }

  pop(count: number): unknown[] {
    if (this.stack.length < count) throw new RangeError('a pickle that takes what is not there')
    return this.stack.splice(this.stack.length - count)
  }
}

type Step = (m: Machine) => void

const push =
  (make: (m: Machine) => unknown): Step =>
  (m) => {
    // Before, it may take off a mark, and so a stack.
    const value = make(m)
    m.stack.push(value)
  }
const text = (size: number) => push((m) => m.take(m.number(size)).toString())
const bytes = (size: number) => push((m) => m.take(m.number(size)))
const list = (add: (m: Machine) => unknown[]): Step => {
  return (m) => {
    const items = add(m)
    const target = m.stack.at(-1)
    if (Array.isArray(target)) target.push(...items)
  }
}
const entries = (add: (m: Machine) => unknown[]): Step => {
  return (m) => {
    const items = add(m)
    const target = m.stack.at(-1)
    if (target instanceof Map) for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1])
  }
}
const remember = (m: Machine, at: number): void => void (m.memo[at] = m.stack.at(-1))
const make = push((m) => instance(...(m.pop(2) as [unknown, unknown])))

/** What each step of a program does, from protocol 2 on, which Python 3 writes. */
const steps: Readonly<Record<number, Step>> = {
  0x80: (m) => void m.take(1),
  0x95: (m) => void m.take(8),
  0x28: (m) => m.mark(),
  0x30: (m) => void m.pop(1),
  0x31: (m) => void m.marked(),
  0x4e: push(() => null),
  0x88: push(() => true),
  0x89: push(() => false),
  0x4a: push((m) => m.take(4).readInt32LE()),
  0x4b: push((m) => m.number(1)),
  0x4d: push((m) => m.number(2)),
  0x8a: push((m) => integer(m.take(m.number(1)))),
  0x8b: push((m) => integer(m.take(m.number(4)))),
  0x47: push((m) => m.take(8).readDoubleBE()),
  0x58: text(4),
  0x8c: text(1),
  0x8d: text(8),
  0x42: bytes(4),
  0x43: bytes(1),
  0x8e: bytes(8),
  0x5d: push(() => []),
  0x8f: push(() => []),
  0x29: push(() => []),
  0x61: list((m) => m.pop(1)),
  0x65: list((m) => m.marked()),
  0x90: list((m) => m.marked()),
  0x74: push((m) => m.marked()),
  0x91: push((m) => m.marked()),
  0x85: push((m) => m.pop(1)),
  0x86: push((m) => m.pop(2)),
  0x87: push((m) => m.pop(3)),
  0x7d: push(() => new Map()),
  0x73: entries((m) => m.pop(2)),
  0x75: entries((m) => m.marked()),
  0x68: push((m) => m.memo[m.number(1)]),
  0x6a: push((m) => m.memo[m.number(4)]),
  0x71: (m) => remember(m, m.number(1)),
  0x72: (m) => remember(m, m.number(4)),
  0x94: (m) => remember(m, m.memo.length),
  0x63: push((m) => new Strange(`${m.line()}.${m.line()}`)),
  0x93: push((m) => new Strange(m.pop(2).map(String).join('.'))),
  0x52: make,
  0x81: make,
  0x92: push((m) => instance(m.pop(3)[0], undefined)),
  0x62: (m) => void m.pop(1),
}
const STOP = 0x2e

/**
 * Reads a value that Python has pickled.
 *
 * @throws Error when it is none
 */
export function unpickle(pickled: Uint8Array): Unpickled {
  const machine = new Machine(pickled)
  for (let code = machine.number(1); code !== STOP; code = machine.number(1)) {
    const step = steps[code]
    if (step === undefined) throw new RangeError(`a pickle with the unknown step ${code}`)
    step(machine)
  }
  let whole = true
  const spoil = (): null => {
    whole = false
    return null
  }
  return { data: plain(machine.pop(1)[0], spoil), whole }
}

function integer(little: Buffer): number | string {
  const value = BigInt.asIntN(little.length * 8, BigInt(`0x0${Buffer.from(little).reverse().toString('hex')}`))
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

// Of all instances, JSON has a word for a moment: two bytes of the year, one each to the second, three of microseconds.
function instance(maker: unknown, given: unknown): unknown {
  const [moment] = Array.isArray(given) ? (given as unknown[]) : []
  if (!(maker instanceof Strange) || maker.name !== 'datetime.datetime' || !Buffer.isBuffer(moment)) return maker
  const digits = (at: number, size: number, width = 2): string =>
    String(moment.readUIntBE(at, size)).padStart(width, '0')
  const [month, day, hour, minute, second] = [2, 3, 4, 5, 6].map((at) => digits(at, 1))
  return `${digits(0, 2, 4)}-${month}-${day}T${hour}:${minute}:${second}.${digits(7, 3, 6)}`
}

function plain(value: unknown, spoil: () => null): unknown {
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return value
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map((each) => plain(each, spoil))
  if (!(value instanceof Map)) return spoil()
  return Object.fromEntries([...value].map(([key, each]) => [nameOf(key), plain(each, spoil)]))
}

// Python takes any value as a key, JSON only text.
function nameOf(key: unknown): string {
  return typeof key === 'object' && key !== null ? JSON.stringify(key) : String(key)
}
