import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '../../../lib/core/errors.ts'
import {
  address,
  amount,
  choice,
  count,
  duration,
  flag,
  func,
  like,
  listOf,
  optional,
  optionsOf,
  settingsOf,
  text,
} from '../../../streams/shared/options.ts'

interface Options {
  readonly token?: string
  readonly every?: string
  readonly size?: number
  readonly warmth?: number
  readonly deep?: boolean
  readonly kind?: 'a' | 'b'
  readonly names?: readonly string[]
  readonly url: string
  readonly make?: () => void
  readonly even?: number
}

const schema = optionsOf<Options>()({
  token: text('TOKEN'),
  every: duration('10m', { min: 1000 }),
  size: count(3, { max: 9 }),
  warmth: amount(0, { min: -90, max: 90 }),
  deep: flag(false),
  kind: choice(['a', 'b'], 'a'),
  names: listOf(text(), []),
  url: address(),
  make: optional(func<() => void>()),
  even: like('an even number', (value) => Number(value) % 2 === 0, 2),
})

describe('the options of a stream or handler', () => {
  it('get their defaults', () => {
    assert.deepEqual(settingsOf('x', schema, { url: 'https://example.com/' }), {
      token: 'TOKEN',
      every: 600_000,
      size: 3,
      warmth: 0,
      deep: false,
      kind: 'a',
      names: [],
      url: 'https://example.com',
      make: undefined,
      even: 2,
    })
  })

  it('are refused by name, with what was expected and what came', () => {
    const wrong: readonly [object, RegExp][] = [
      [{}, /url: expected an http or https address.*, got nothing/],
      [{ url: 'ftp://x' }, /url: .* got "ftp:\/\/x"/],
      [{ url: 'https://me:pw@x.example' }, /without a password/],
      [{ url: 'https://x.example/?a=1' }, /without a password or a query/],
      [{ url: 'https://x.example/#a' }, /without a password or a query/],
      [{ token: '' }, /token: expected text/],
      [{ every: '5' }, /every: expected a duration .* got "5"/],
      [{ every: 10 }, /every: /],
      [{ size: 10 }, /size: expected a whole number from 0 to 9, got 10/],
      [{ warmth: 91 }, /warmth: expected a number from -90 to 90, got 91/],
      [{ deep: 'yes' }, /deep: expected true or false/],
      [{ kind: 'c' }, /kind: expected one of a, b, got "c"/],
      [{ names: ['x', 1] }, /names: expected an array in which each is text/],
      [{ make: 1 }, /make: expected a function, got 1/],
      [{ even: 3 }, /even: expected an even number, got 3/],
      [{ tokn: 'X' }, /tokn: has no "tokn"; did you mean "token"\?/],
    ]
    for (const [given, words] of wrong) {
      const options = { url: 'https://example.com', ...given } as unknown as Options
      if (Object.keys(given).length === 0) Reflect.deleteProperty(options, 'url')
      assert.throws(
        () => settingsOf('x.y', schema, options),
        (error: unknown) => hasCode(error, 'TIDINGS_LISTENER_INVALID') && words.test((error as Error).message),
        JSON.stringify(given),
      )
    }
    assert.throws(() => settingsOf('x.y', schema, [] as unknown as Options), /expected an object of options/)
  })
})
