import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import type { Command, Entry } from '../../bin/cli/command.ts'
import { tidings } from '../../bin/cli/commands.ts'
import { parse } from '../../bin/cli/parse.ts'
import { command } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const root = join(import.meta.dirname, '../..')

/** The templates, by their paths. */
const templates = new Map(
  ['ansible', 'docker'].flatMap((kind) =>
    readdirSync(join(root, 'bin/templates', kind), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')] as const),
  ),
)

/** The arguments of each call of `tidings` in a template: in lists of YAML or JSON that fit on a line. */
function callsIn(text: string): string[][] {
  const lists = Array.from(text.matchAll(/\[((?:[^[\]]|\{\{[^}]*\}\})*)\]/g), ([, list = '']) => list)
  return lists
    .map((list) => list.split(/, ?/).map((word) => word.replace(/^"|"$/g, '').replaceAll(/\{\{.*?\}\}/g, 'x')))
    .flatMap((words) => {
      const program = words.findIndex((word) => /^tidings$|\/\.bin\/tidings$/.test(word))
      return program < 0 ? [] : [words.slice(program + 1)]
    })
}

/** The command that these words begin with, and the rest of them. */
async function find(words: readonly string[], entry: Entry = tidings): Promise<[Command, readonly string[]]> {
  if ('load' in entry) return [await entry.load(), words]
  const [word = '', ...rest] = words
  const next = entry.commands[word]
  assert.ok(next, `there is no command ${word}`)
  return find(rest, next)
}

describe('templates for deploying', () => {
  it('call tidings with options that it has', async () => {
    const calls = [...templates.values()].flatMap(callsIn)
    assert.ok(calls.length >= 4, `${calls.length} calls`)
    for (const call of calls) {
      const [command, args] = await find(call)
      assert.notEqual(parse(['tidings'], command, args), 'help')
    }
  })

  it('have no placeholders but the names of the project and of an agent', () => {
    const names = [...templates.values()].flatMap((text) =>
      Array.from(text.matchAll(/\{\{(\w+)\}\}/g), ([, name]) => name),
    )
    assert.deepEqual(new Set(names), new Set(['project', 'agent']))
  })

  it('include files that are there', () => {
    for (const [path, text] of templates) {
      for (const [, file = ''] of text.matchAll(/include_tasks: (\S+)/g)) {
        assert.ok(templates.has(join(dirname(path), file)), `${path} includes ${file}`)
      }
    }
  })

  it('come with tidings init, those of systemd too where Ansible installs them', async (t) => {
    const directory = join(temporaryDirectory(t), 'home')
    const { code, stderr } = await command('init', directory, '--no-install', '--deploy', 'docker,ansible')
    assert.equal(code, 0, stderr)
    const files = ['Dockerfile', '.dockerignore', 'inventory', 'deploy.yaml', '.npmignore', 'deploy/agent.yaml']
    const units = [
      ...(templates.get('bin/templates/ansible/deploy/activate.yaml') ?? '').matchAll(/tidings[\w-]*@\.\w+/g),
    ]
    assert.equal(units.length, 3)
    for (const file of [...files, ...units.map(([unit]) => `deploy/${unit}`)]) {
      assert.doesNotMatch(readFileSync(join(directory, file), 'utf8'), /\{\{\w/, file)
    }
  })

  it('leave out of releases and images what is not code', () => {
    for (const name of ['ansible/npmignore', 'docker/dockerignore']) {
      const lines = (templates.get(`bin/templates/${name}`) ?? '').split('\n')
      for (const each of ['node_modules', '.tidings', '.env', '.git', 'group_vars'])
        assert.ok(lines.includes(each), each)
    }
  })
})
