import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Options } from 'yargs'
import type { Command, Entry } from '../../../bin/cli/command.ts'
import { tidings } from '../../../bin/cli/commands.ts'
import { answer } from '../../../bin/cli/main.ts'
import { captured } from '../../support/command.ts'

async function everyCommand(entry: Entry, words: readonly string[]): Promise<(readonly [string, Command])[]> {
  if ('load' in entry) return [[words.join(' '), await entry.load()]]
  const each = Object.entries(entry.commands).map(([name, one]) => everyCommand(one, [...words, name]))
  return (await Promise.all(each)).flat()
}

const NO_NUMBERS = [
  'many',
  '1.5',
  '-1',
  '+1',
  '1e3',
  '0x10',
  ' 5',
  '5 ',
  'NaN',
  'Infinity',
  '1_000',
  '٣',
  '9'.repeat(20),
]
const NO_FLAGS = ['1', '0', 'yes', 'no', 'TRUE', 'on', ' ']

/** What may not follow an option, spelled like this. */
function badArguments(spelled: string, { type, requiresArg }: Options): string[][] {
  const noValue = [[`${spelled}=`], [spelled, ''], [spelled], [spelled, '--json'], [spelled, '--']]
  if (type === 'boolean') {
    return [[`${spelled}=`], [spelled, spelled], [spelled, `${spelled}=false`]].concat(
      NO_FLAGS.map((value) => [`${spelled}=${value}`]),
    )
  }
  if (type === 'array') return [...noValue, [spelled, 'a', spelled], [spelled, 'a', `${spelled}=`]]
  const twice = [spelled, '1', spelled, '1']
  // `--ui` chooses a port if it has none.
  if (requiresArg === false) return [[`${spelled}=`], twice]
  if (type === 'string') return [...noValue, twice]
  assert.equal(type, 'number', `${spelled} has a type of its own`)
  const noNumbers = NO_NUMBERS.flatMap((value) => [[`${spelled}=${value}`], [spelled, value]])
  return [...noValue, twice, ...noNumbers]
}

function spellings(name: string, { alias = [] }: Options): string[] {
  return [name, ...(typeof alias === 'string' ? [alias] : alias)].map(
    (each) => `${each.length > 1 ? '--' : '-'}${each}`,
  )
}

describe('every option of every command', () => {
  it('rejects missing, empty, repeated and misread values before the command runs', async () => {
    const commands = await everyCommand(tidings, ['tidings'])
    assert.ok(commands.length > 25, `only ${commands.length} commands were found`)
    const wrong: string[] = []
    let tried = 0
    for (const [words, command] of commands) {
      const needed = command.takes.filter((name) => !name.startsWith('[')).map(() => 'x')
      let ran = false
      const run = async (): Promise<number> => ((ran = true), 0)
      const entry: Entry = { summary: '', load: async () => ({ ...command, run }) }
      for (const [name, option] of Object.entries(command.options)) {
        for (const bad of spellings(name, option).flatMap((spelled) => badArguments(spelled, option))) {
          tried += 1
          const { code, stdout, stderr } = await captured(() => answer([words], entry, [...needed, ...bad]))
          const isMistake =
            code === 2 && stdout === '' && /^tidings: --?[\w-]+ (needs|must be|takes|was given twice)/.test(stderr)
          if (ran || !isMistake) wrong.push(`${words} ${bad.join(' ')}: ${code} ${stderr}`)
          ran = false
        }
      }
    }
    assert.ok(tried > 1000, `only ${tried} command lines were tried`)
    assert.deepEqual(wrong, [])
  })

  it('rejects an empty argument', async () => {
    for (const [words, command] of await everyCommand(tidings, ['tidings'])) {
      for (const i of command.takes.keys()) {
        const args = command.takes.slice(0, i + 1).map((_, at) => (at === i ? '' : 'x'))
        const entry: Entry = { summary: '', load: async () => command }
        const { code, stderr } = await captured(() => answer([words], entry, args))
        assert.match(`${code} ${stderr}`, /^2 tidings: [A-Z_|]+ is empty/, words)
      }
    }
  })
})
