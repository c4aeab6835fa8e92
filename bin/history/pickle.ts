import { Made, Named, OldText, runPickle } from './pickle-machine.ts'
import { dateOf, fixedZone, isoOf, namedZone, offsetText, wallOf, type Zone } from './python-time.ts'

/** A Python pickle converted to JSON. `whole`: false if a part has no JSON form and is replaced by null. */
export interface Unpickled {
  readonly data: unknown
  readonly whole: boolean
}

/** The largest JSON result, equal to the longest import line. A small pickle can describe an endless tree. */
const MOST_CHARACTERS = 8 * 1024 * 1024
const MOST_VALUES = 1_000_000

/** The deepest nesting that event data may have. */
const DEEPEST = 1000

/**
 * Converts a pickled value to JSON, by the table in docs/from-pyagent.md.
 *
 * @throws RangeError for an invalid pickle, or a result over the limit
 */
export function unpickle(pickled: Uint8Array): Unpickled {
  const walk = new Walk()
  const data = walk.json(runPickle(pickled))
  return { data, whole: walk.whole }
}

/** Converts an instance of a class; undefined if it is not pickled the way that class is. */
type Read = (made: Made, walk: Walk) => unknown

class Walk {
  whole = true
  #characters = 0
  #values = 0
  #depth = 0

  json(value: unknown): unknown {
    this.#values += 1
    if (this.#values > MOST_VALUES) throw new RangeError(`a pickle of more than ${MOST_VALUES} values`)
    if (this.#depth >= DEEPEST) throw new RangeError(`a pickle of more than ${DEEPEST} levels`)
    this.#depth += 1
    const json = this.#read(value)
    this.#depth -= 1
    return json === undefined ? this.#strange() : json
  }

  #strange(): null {
    this.whole = false
    return null
  }

  #read(value: unknown): unknown {
    if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return value
    if (typeof value === 'string') return this.spend(value.length) && value.toWellFormed()
    if (Array.isArray(value)) return this.list(value)
    if (value instanceof Map) return this.record([...value])
    if (Buffer.isBuffer(value)) return this.spend(value.length * 2) && value.toString('base64')
    if (value instanceof OldText) return this.spend(value.bytes.length) && oldText(value.bytes)
    return value instanceof Made ? this.#made(value) : undefined
  }

  #made(made: Made): unknown {
    if (nameOf(made.by) === 'copyreg._reconstructor') return this.#reconstructed(made)
    const read = classes.get(nameOf(made.by) ?? '') ?? ofUnknownClass
    return read(made, this)
  }

  // Protocols 0 and 1 build an instance from a class, its base class, and its value as one of that base.
  #reconstructed({ args: [by, base, value], state }: Made): unknown {
    if (nameOf(base) !== 'builtins.object' && !isTzinfo(base)) return this.json(value)
    const made = new Made(by, [], true)
    made.state = state
    return this.#made(made)
  }

  list(items: readonly unknown[]): unknown[] {
    this.spend(items.length)
    return items.map((item) => this.json(item))
  }

  record(entries: readonly (readonly [unknown, unknown])[]): Record<string, unknown> {
    const record = Object.fromEntries(entries.map(([key, value]) => [this.#key(key), this.json(value)]))
    // Python distinguishes 1 from '1', JSON does not.
    if (Object.keys(record).length < entries.length) this.whole = false
    return record
  }

  #key(key: unknown): string {
    const json = this.json(key)
    if (typeof json === 'string') return json
    const text = JSON.stringify(json)
    // Nested quotes double their escapes.
    this.spend(text.length)
    return text
  }

  /** Deducts from the character budget and throws if it is exceeded; always true. */
  spend(characters: number): true {
    this.#characters += characters
    if (this.#characters > MOST_CHARACTERS) throw new RangeError(`a pickle of more than ${MOST_CHARACTERS} characters`)
    return true
  }

  /** Returns bytes in any of their notations. */
  bytes(value: unknown): Buffer | undefined {
    if (Buffer.isBuffer(value)) return value
    if (value instanceof OldText) return value.bytes
    if (!(value instanceof Made)) return undefined
    const name = nameOf(value.by)
    const [text] = value.args
    // Protocols 0 to 2 have no bytes type: they write text in which each character is one byte.
    if (name === '_codecs.encode' && typeof text === 'string')
      return this.spend(text.length) && Buffer.from(text, 'latin1')
    return (name === 'builtins.bytes' || name === 'builtins.bytearray') && text === undefined
      ? Buffer.alloc(0)
      : undefined
  }
}

const asList: Read = ({ args: [first = []], items }, walk) =>
  Array.isArray(first) ? walk.list([...(first as unknown[]), ...items]) : undefined
const asRecord: Read = ({ args: [first], entries }, walk) => {
  if (Array.isArray(first)) return walk.record([...pairsOf(first), ...entries])
  return walk.record([...(first instanceof Map ? first : []), ...entries])
}
const asText: Read = ({ args: [text] }, walk) => (typeof text === 'string' ? walk.json(text) : undefined)
const asBytes: Read = (made, walk) => {
  const [first] = made.args
  const bytes = walk.bytes(made) ?? walk.bytes(first)
  return bytes === undefined ? undefined : walk.json(bytes)
}

/** Conversions of Python's own classes. */
const classes = new Map<string, Read>(
  Object.entries({
    'datetime.datetime': (made, walk) => timeText(made, walk, 10),
    'datetime.time': (made, walk) => timeText(made, walk, 6),
    'datetime.date': ({ args: [state] }, walk) => dateOf(walk.bytes(state) ?? Buffer.alloc(0)),
    'datetime.timedelta': (made) => secondsOf(made),
    'datetime.timezone': zoneText,
    'zoneinfo.ZoneInfo._unpickle': zoneText,
    'pytz._p': zoneText,
    'pytz._UTC': zoneText,
    'pytz.FixedOffset': zoneText,
    'decimal.Decimal': asText,
    'fractions.Fraction': (made, walk) => {
      const [over, under] = made.args
      return isInteger(over) && isInteger(under)
        ? walk.json(under === 1 ? `${over}` : `${over}/${under}`)
        : asText(made, walk)
    },
    'uuid.UUID': ({ state }) => uuidOf(state),
    'collections.OrderedDict': asRecord,
    'collections.defaultdict': asRecord,
    'collections.Counter': asRecord,
    'builtins.dict': asRecord,
    'collections.deque': asList,
    'builtins.set': asList,
    'builtins.frozenset': asList,
    'builtins.list': asList,
    'builtins.tuple': asList,
    'builtins.bytes': asBytes,
    'builtins.bytearray': asBytes,
    '_codecs.encode': asBytes,
    // An Enum member by name, as some releases of Python write it.
    'builtins.getattr': ({ args: [owner, name] }, walk) =>
      isClass(owner) && typeof name === 'string' ? walk.json(name) : undefined,
  } satisfies Record<string, Read>),
)

// A user-defined class is data if its base class is: it is pickled like the base, under its own name.
function ofUnknownClass(made: Made, walk: Walk): unknown {
  const { args, items, entries, isNew } = made
  if (entries.length > 0) return asRecord(made, walk)
  if (items.length > 0) return walk.list(items)
  const [first, second] = args
  if (!isClass(made.by) || first === undefined) return undefined
  const state = walk.bytes(first)
  if (state !== undefined && !isNew && wallOf(state) !== undefined) return timeText(made, walk, state.length)
  // A named tuple has its parts as arguments; anything else, such as an Enum member, has its one value.
  if (args.length === 1) return isPlain(first) || state !== undefined ? walk.json(first) : undefined
  return isNew && second !== undefined ? walk.list(args) : undefined
}

function isInteger(value: unknown): value is number | string {
  return Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d+$/.test(value))
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Map
}

// A callable may also be a harmful function: class names begin with a capital.
function isClass(by: unknown): boolean {
  return /(^|\.)_*\p{Lu}[^.]*$/u.test(nameOf(by) ?? '')
}

/** The name of a class or function; `getattr(class, 'name')` is how protocols 0 to 3 write one inside a class. */
function nameOf(by: unknown): string | undefined {
  if (by instanceof Named) return by.name
  if (!(by instanceof Made) || !(by.by instanceof Named) || by.by.name !== 'builtins.getattr') return undefined
  const [owner, name] = by.args
  return owner instanceof Named && typeof name === 'string' && name.length < 1000 ? `${owner.name}.${name}` : undefined
}

function isTzinfo(base: unknown): boolean {
  return nameOf(base) === 'datetime.tzinfo'
}

function pairsOf(items: readonly unknown[]): (readonly [unknown, unknown])[] {
  return items.flatMap((pair) => (Array.isArray(pair) && pair.length === 2 ? [[pair[0], pair[1]] as const] : []))
}

function oldText(bytes: Buffer): string {
  const text = bytes.toString()
  return text.includes('\ufffd') ? bytes.toString('latin1') : text
}

function timeText({ args: [state, zone] }: Made, walk: Walk, length: number): string | undefined {
  const bytes = walk.bytes(state)
  const wall = bytes?.length === length ? wallOf(bytes) : undefined
  if (wall === undefined) return undefined
  if (zone === undefined || zone === null) return isoOf(wall, undefined)
  const found = zoneOf(zone)
  const offset = found?.(wall.date === undefined ? undefined : wall)
  // A time of day has no offset in a zone with changing offsets; a date and time always has one.
  if (found === undefined || (offset === undefined && wall.date !== undefined)) walk.whole = false
  return isoOf(wall, offset)
}

function secondsOf(value: unknown): number | undefined {
  if (!(value instanceof Made) || nameOf(value.by) !== 'datetime.timedelta') return undefined
  const [days = 0, seconds = 0, micros = 0] = value.args
  if (typeof days !== 'number' || typeof seconds !== 'number' || typeof micros !== 'number') return undefined
  // A single division, so that a tenth of a second is exactly 0.1.
  return (days * 86_400_000_000 + seconds * 1_000_000 + micros) / 1_000_000
}

/** Reads a `tzinfo` of Python, pytz or dateutil; undefined for any other. */
function zoneOf(zone: unknown): Zone | undefined {
  if (!(zone instanceof Made)) return undefined
  const { args, state } = zone
  const name = nameOf(zone.by)
  const by = name === 'copyreg._reconstructor' ? nameOf(args[0]) : name
  const attribute = (key: string): unknown => (state instanceof Map ? state.get(key) : undefined)
  const fixed = (seconds: unknown): Zone | undefined => (typeof seconds === 'number' ? fixedZone(seconds) : undefined)
  const known = (key: unknown): Zone | undefined => (typeof key === 'string' ? namedZone(key) : undefined)
  switch (by) {
    case 'datetime.timezone':
      return fixed(secondsOf(args[0]))
    case 'zoneinfo.ZoneInfo._unpickle':
      return known(args[0])
    case 'pytz._UTC':
    case 'dateutil.tz.tz.tzutc':
      return fixedZone(0)
    case 'pytz.FixedOffset':
      return fixed(typeof args[0] === 'number' ? args[0] * 60 : undefined)
    case 'pytz._p':
      return fixed(args[1]) ?? known(args[0])
    case 'dateutil.tz.tz.tzoffset':
      return fixed(secondsOf(attribute('_offset')))
    case 'dateutil.tz.tz.tzfile':
      return known(typeof args[1] === 'string' ? args[1].slice(0, 1000).replace(/^.*zoneinfo\//s, '') : undefined)
    case 'dateutil.tz.tz.tzlocal':
      return attribute('_hasdst') === false ? fixed(secondsOf(attribute('_std_offset'))) : undefined
    default:
      return undefined
  }
}

// `UTC+02:00`, or the name of a zone.
function zoneText(made: Made, walk: Walk): string | undefined {
  const [first] = made.args
  if (typeof first === 'string') return walk.spend(first.length) && first.toWellFormed()
  const offset = zoneOf(made)?.(undefined)
  return offset === undefined ? undefined : offset === 0 ? 'UTC' : `UTC${offsetText(offset)}`
}

function uuidOf(state: unknown): string | undefined {
  const value: unknown = state instanceof Map ? state.get('int') : undefined
  if ((typeof value !== 'number' && typeof value !== 'string') || !/^\d{1,39}$/.test(String(value))) return undefined
  const hex = BigInt(value).toString(16).padStart(32, '0')
  if (hex.length > 32) return undefined
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
