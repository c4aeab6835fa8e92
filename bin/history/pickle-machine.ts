/**
 * Reads the output of Python's `pickle`, in any of its protocols, 0 to 5.
 *
 * A pickle is a program for a small stack machine. This machine builds values from it and calls nothing: a class stays
 * a name, and a call stays a record of what to call. `pickle.ts` decides what these mean.
 *
 * A file may be hostile, so no step costs more memory or time than the bytes that it reads: bytes, steps and the digits
 * of a number are bounded; values are only referenced, never copied, so one that is repeated a million times costs a
 * million references. Code that walks the result must bound that walk.
 */

/** A Python class or function, by its name: `datetime.datetime`. */
export class Named {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Python 2 text: bytes, most often in utf8. */
export class OldText {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

/** The result of a call that is recorded but not made. */
export class Made {
  /** The callable, most often `Named`. */
  readonly by: unknown
  readonly args: readonly unknown[]
  /** True if made by the `__new__` of a class, with the parts of the value itself; false for an ordinary call. */
  readonly isNew: boolean
  /** Items appended afterwards, as to a list. */
  readonly items: unknown[] = []
  /** Entries set afterwards, as in a dictionary. */
  readonly entries: (readonly [key: unknown, value: unknown])[] = []
  /** State set afterwards, most often a `Map` of attributes. */
  state: unknown

  constructor(by: unknown, args: unknown, isNew: boolean) {
    if (!Array.isArray(args)) throw new RangeError('a pickle with a call without arguments')
    this.by = by
    this.args = args
    this.isNew = isNew
  }
}

/** The largest accepted pickle, in bytes. */
const MOST_BYTES = 32 * 1024 * 1024

/** The most steps an accepted pickle takes; every value takes one to three. */
const MOST_STEPS = 1_000_000

/** Python itself rejects longer numbers, since parsing takes quadratic time. */
const MOST_DIGITS = 4300
const MOST_NUMBER_BYTES = Math.ceil((MOST_DIGITS * Math.log2(10)) / 8)

/** Names are joined, and so copied; a longer one is not a valid name. */
const LONGEST_NAME = 1000

const STOP = 0x2e

/**
 * Runs a pickle and returns the value that it describes: null, booleans, numbers (as text if too large for JavaScript),
 * text, `OldText`, bytes as `Buffer`, lists, tuples and sets as arrays, dictionaries as `Map`, `Named`, `Made`. The
 * value may contain itself, and the same value any number of times.
 *
 * @throws RangeError for an invalid pickle, or one over the limits
 */
export function runPickle(pickled: Uint8Array): unknown {
  if (pickled.length > MOST_BYTES) throw new RangeError(`a pickle of more than ${MOST_BYTES} bytes`)
  const machine = new Machine(pickled)
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    const code = machine.number(1)
    if (code === STOP) return machine.pop(1)[0]
    const step = opcodes[code]
    if (step === undefined) throw new RangeError(`a pickle with the unknown opcode ${code}`)
    step(machine)
  }
  throw new RangeError(`a pickle of more than ${MOST_STEPS} steps`)
}

class Machine {
  readonly memo = new Map<number, unknown>()
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

  number(bytes: 1 | 2 | 4 | 8): number {
    return bytes === 8 ? Number(this.take(8).readBigUInt64LE()) : this.take(bytes).readUIntLE(0, bytes)
  }

  line(): Buffer {
    const end = this.#bytes.indexOf('\n', this.#at)
    if (end < 0) throw new RangeError('a pickle with a line that does not end')
    return this.take(end + 1 - this.#at).subarray(0, -1)
  }

  mark(): void {
    this.#stacks.push(this.stack)
    this.stack = []
  }

  /** Pops the items above the last mark, and the mark itself. */
  marked(): unknown[] {
    const above = this.stack
    const below = this.#stacks.pop()
    if (below === undefined) throw new RangeError('a pickle that asks for a mark that it did not set')
    this.stack = below
    return above
  }

  pop(count: number): unknown[] {
    if (this.stack.length < count) throw new RangeError('a pickle that takes more than there is')
    return this.stack.splice(this.stack.length - count)
  }

  top(): unknown {
    if (this.stack.length === 0) throw new RangeError('a pickle that asks for what is not there')
    return this.stack.at(-1)
  }
}

type Step = (m: Machine) => void

const push =
  (make: (m: Machine) => unknown): Step =>
  (m) => {
    // Runs before the stack is read: `make` may pop a mark, and so replace the stack.
    const value = make(m)
    m.stack.push(value)
  }
const text = (size: 1 | 4 | 8) => push((m) => m.take(m.number(size)).toString())
const bytes = (size: 1 | 4 | 8) => push((m) => m.take(m.number(size)))
const oldText = (size: 1 | 4) => push((m) => new OldText(m.take(m.number(size))))
const long = (size: 1 | 4) => push((m) => longOf(m.take(m.number(size))))
const append = (take: (m: Machine) => unknown[]): Step => {
  return (m) => {
    const items = take(m)
    const target = m.top()
    const list = target instanceof Made ? target.items : target
    if (!Array.isArray(list)) throw new RangeError('a pickle that appends to something other than a list')
    for (const item of items) list.push(item)
  }
}
const setItems = (take: (m: Machine) => unknown[]): Step => {
  return (m) => {
    const items = take(m)
    const target = m.top()
    const pairs = pairsOf(items)
    if (target instanceof Made) for (const pair of pairs) target.entries.push(pair)
    else if (target instanceof Map) for (const [key, value] of pairs) target.set(key, value)
    else throw new RangeError('a pickle that sets items of something other than a dictionary')
  }
}
const get = (index: (m: Machine) => number) =>
  push((m) => {
    const at = index(m)
    if (!m.memo.has(at)) throw new RangeError(`a pickle that asks for a value ${at} that it did not keep`)
    return m.memo.get(at)
  })
const put =
  (index: (m: Machine) => number): Step =>
  (m) =>
    void m.memo.set(index(m), m.top())
const call = (isNew: boolean) =>
  push((m) => {
    const [by, args] = m.pop(2)
    return new Made(by, args, isNew)
  })
const unknown = (name: string, take: (m: Machine) => unknown) => push((m) => (take(m), new Named(name)))

/** The opcodes. Registry classes (EXT1…) and persistent values are known only to the program that wrote them. */
const opcodes: Readonly<Record<number, Step>> = {
  // protocol 0: lines of text
  0x28: (m) => m.mark(),
  0x30: (m) => void (m.stack.length > 0 ? m.pop(1) : m.marked()),
  0x31: (m) => void m.marked(),
  0x32: push((m) => m.top()),
  0x46: push((m) => floatOf(m.line().toString('latin1'))),
  0x49: push((m) => intOf(m.line().toString('latin1'))),
  0x4c: push((m) => intOf(m.line().toString('latin1').replace(/L$/, ''))),
  0x4e: push(() => null),
  0x50: unknown('persistent', (m) => m.line()),
  0x52: call(false),
  0x53: push((m) => new OldText(unquoted(m.line().toString('latin1')))),
  0x56: push((m) => unescaped(m.line().toString('latin1'))),
  0x61: append((m) => m.pop(1)),
  0x62: (m) => {
    const [state] = m.pop(1)
    const target = m.top()
    if (target instanceof Made) target.state = state
  },
  0x63: push((m) => named(m.line().toString(), m.line().toString())),
  0x64: push((m) => new Map(pairsOf(m.marked()))),
  0x67: get((m) => indexOf(m.line())),
  0x69: push((m) => new Made(named(m.line().toString(), m.line().toString()), m.marked(), false)),
  0x6c: push((m) => m.marked()),
  0x70: put((m) => indexOf(m.line())),
  0x73: setItems((m) => m.pop(2)),
  0x74: push((m) => m.marked()),
  // protocol 1: the same, with lengths
  0x29: push(() => []),
  0x47: push((m) => m.take(8).readDoubleBE()),
  0x4a: push((m) => m.take(4).readInt32LE()),
  0x4b: push((m) => m.number(1)),
  0x4d: push((m) => m.number(2)),
  0x51: unknown('persistent', (m) => m.pop(1)),
  0x54: oldText(4),
  0x55: oldText(1),
  0x58: text(4),
  0x5d: push(() => []),
  0x65: append((m) => m.marked()),
  0x68: get((m) => m.number(1)),
  0x6a: get((m) => m.number(4)),
  0x6f: push((m) => {
    const [by, ...args] = m.marked()
    return new Made(by, args, false)
  }),
  0x71: put((m) => m.number(1)),
  0x72: put((m) => m.number(4)),
  0x75: setItems((m) => m.marked()),
  0x7d: push(() => new Map()),
  // protocol 2
  0x80: (m) => void m.take(1),
  0x81: call(true),
  0x82: unknown('extension', (m) => m.take(1)),
  0x83: unknown('extension', (m) => m.take(2)),
  0x84: unknown('extension', (m) => m.take(4)),
  0x85: push((m) => m.pop(1)),
  0x86: push((m) => m.pop(2)),
  0x87: push((m) => m.pop(3)),
  0x88: push(() => true),
  0x89: push(() => false),
  0x8a: long(1),
  0x8b: long(4),
  // protocol 3
  0x42: bytes(4),
  0x43: bytes(1),
  // protocol 4
  0x8c: text(1),
  0x8d: text(8),
  0x8e: bytes(8),
  0x8f: push(() => []),
  0x90: append((m) => m.marked()),
  0x91: push((m) => m.marked()),
  0x92: push((m) => {
    const [by, args, named] = m.pop(3)
    return new Made(by, named instanceof Map && named.size > 0 ? [args, named] : args, true)
  }),
  0x93: push((m) => {
    const [module, name] = m.pop(2)
    return named(module, name)
  }),
  0x94: (m) => void m.memo.set(m.memo.size, m.top()),
  0x95: (m) => void m.take(8),
  // protocol 5; its out-of-band buffers are not available
  0x96: bytes(8),
}

// Python 2 names a few modules differently, and protocols 0 to 2 still use those names.
const oldModules: Readonly<Record<string, string>> = { __builtin__: 'builtins', copy_reg: 'copyreg' }

function named(module: unknown, name: unknown): Named {
  if (typeof module !== 'string' || typeof name !== 'string' || module.length + name.length > LONGEST_NAME)
    throw new RangeError('a pickle with a class that has no name')
  return new Named(`${Object.hasOwn(oldModules, module) ? oldModules[module] : module}.${name}`)
}

function pairsOf(items: readonly unknown[]): (readonly [unknown, unknown])[] {
  if (items.length % 2 !== 0) throw new RangeError('a pickle with a key without a value')
  return Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]] as const)
}

function indexOf(line: Buffer): number {
  const index = Number(line.toString('latin1'))
  if (Number.isSafeInteger(index) && index >= 0) return index
  throw new RangeError('a pickle that keeps a value nowhere')
}

function floatOf(line: string): number {
  if (line === 'nan') return Number.NaN
  if (line === 'inf' || line === '-inf') return line === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  const value = line.length <= LONGEST_NAME && /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(line) ? Number(line) : Number.NaN
  if (Number.isNaN(value)) throw new RangeError('a pickle with a float that is not a number')
  return value
}

function intOf(line: string): number | string | boolean {
  if (line === '00' || line === '01') return line === '01'
  if (line.length > MOST_DIGITS || !/^[+-]?\d+$/.test(line))
    throw new RangeError('a pickle with a number that can not be read')
  return plainInteger(BigInt(line.replace(/^\+/, '')))
}

function longOf(little: Buffer): number | string {
  if (little.length > MOST_NUMBER_BYTES)
    throw new RangeError(`a pickle with a number of more than ${MOST_DIGITS} digits`)
  return plainInteger(BigInt.asIntN(little.length * 8, BigInt(`0x0${Buffer.from(little).reverse().toString('hex')}`)))
}

function plainInteger(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

/** Text as protocol 0 writes it: `\u` and `\U` escape characters that have no byte. */
function unescaped(line: string): string {
  return line.replace(/\\u([\da-fA-F]{4})|\\U([\da-fA-F]{8})/g, (_, short?: string, whole?: string) =>
    short === undefined
      ? String.fromCodePoint(Number.parseInt(whole as string, 16))
      : String.fromCharCode(Number.parseInt(short, 16)),
  )
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' }

/** Bytes as Python 2 quotes them. */
function unquoted(line: string): Buffer {
  const [, , quoted] = /^(['"])(.*)\1$/s.exec(line) ?? []
  if (quoted === undefined) throw new RangeError('a pickle with text without quotes')
  const plain = quoted.replace(
    /\\(?:x([\da-f]{2})|([0-7]{1,3})|(.))/gis,
    (_, hex?: string, octal?: string, one = '') =>
      hex === undefined && octal === undefined
        ? (escapes[one as string] ?? (one as string))
        : String.fromCharCode(Number.parseInt(hex ?? (octal as string), hex === undefined ? 8 : 16) & 0xff),
  )
  return Buffer.from(plain, 'latin1')
}
