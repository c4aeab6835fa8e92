import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { exec } from '../../lib/core/exec.ts'
import type { World } from '../../lib/index.ts'

/** A commit without parents on its own branch, or a tag on a commit outside branches; every second tag is annotated. */
type Ref = { readonly by: string; readonly at: number; readonly message: string } | { readonly tag: string }

const name = fc.stringMatching(/^[a-zé][a-zé0-9]{0,8}$/)
const letter = fc.constantFrom('a', 'b', ' ', '\n', 'é', '💥')
const plain = { noNullPrototype: true } as const

/** Real repositories under this directory, read by the real git. */
export function gitService(directory: string) {
  // A repository never changes here, so each question to git is asked once, unless a stopped run has cut it off.
  const answers = new Map<string, ReturnType<World['exec']>>()
  const ask: World['exec'] = (file, args, options) => {
    const question = args.join('\0')
    const known = answers.get(question)
    if (known !== undefined) return known
    const asked = exec(file, args, options)
    answers.set(question, asked)
    const forget = (): void => void answers.delete(question)
    options?.signal?.addEventListener('abort', forget, { once: true })
    asked.then(() => options?.signal?.removeEventListener('abort', forget), forget)
    return asked
  }
  return {
    options: { path: 'a repository', branch: '*' },
    wire: fc.oneof(
      fc.record({ by: name, at: fc.nat(2_000_000_000), message: fc.string({ unit: letter }) }, plain),
      fc.record({ tag: name }, plain),
    ) as fc.Arbitrary<Ref>,
    // Any difference makes another commit.
    truth: (sent: Ref) => ('tag' in sent ? `tag ${sent.tag}` : JSON.stringify([sent.by, sent.at, sent.message])),
    serve: (sent: readonly Ref[]): Partial<World> => ({
      exec: (file, args, options) => {
        const repository = repositoryOf(directory, sent)
        return ask(
          file,
          args.map((each) => (each === 'a repository' ? repository : each)),
          options,
        )
      },
    }),
  }
}

// Equal refs make equal repositories, so each is made once.
function repositoryOf(directory: string, refs: readonly Ref[]): string {
  // A repository has a tag once.
  const each = new Map(refs.map((ref, at) => ['tag' in ref ? ref.tag : at, ref]))
  const script = `${base}${[...each.values()].map(words).join('')}done\n`
  const path = join(directory, createHash('sha256').update(script).digest('hex'))
  if (existsSync(path)) return path
  for (const part of ['objects', 'refs']) mkdirSync(join(path, part), { recursive: true })
  writeFileSync(join(path, 'HEAD'), 'ref: refs/heads/main\n')
  writeFileSync(join(path, 'config'), '[core]\nrepositoryformatversion = 0\nbare = true\n')
  execFileSync('git', ['--git-dir', path, 'fast-import', '--quiet', '--done'], { input: script })
  return path
}

const base = `commit refs/hidden/base\nmark :1\ncommitter Ada <ada@example.org> 1 +0000\n${data('base')}`

function words(ref: Ref, at: number): string {
  if ('by' in ref) {
    return `commit refs/heads/b${at}\ncommitter ${ref.by} <a@example.org> ${ref.at} +0000\n${data(ref.message)}`
  }
  if (ref.tag.length % 2 === 0) return `reset refs/tags/${ref.tag}\nfrom :1\n\n`
  return `tag ${ref.tag}\nfrom :1\ntagger Ada <ada@example.org> 1 +0000\n${data('annotated')}`
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`
}
