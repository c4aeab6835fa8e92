import ts from 'typescript'
import { fileOf } from './source.ts'

/*
 * The part of docs/STYLE.md that a machine can check: phrases that we do not use. They are looked for in the comments and
 * strings of lib/, bin/ and streams/, in the titles of specs (`describe`, `it`), and in every page of the documentation;
 * never in identifiers.
 *
 * "told" has a meaning here (docs/concepts.md): an event is told when it is delivered to listeners. So "is told" is right
 *
 * - after an event, or a name for one: "an event is told", "the newest drafts are told" (`TELLABLE`), and
 * - before how often, or to whom: "is told once", "is told again", "is told three times", "is told to listeners".
 *
 * Everywhere else it means that a component is informed, which is written as "is notified", "learns" or "receives"; so
 * also always before "of", "that", "what", "why", "by" and their like.
 */

/** What can be told: an event, by any of its names. */
const TELLABLE =
  'events?|happenings?|identity|identities|drafts?|revisions?|versions?|changes?|commits?|tags?|items?|nothing|all'

/** A phrase, and what must or must not stand before and after it, as sources of regular expressions. */
interface Phrase {
  /** The name that docs/STYLE.md gives it. */
  readonly name: string
  /** The words that it always has. */
  readonly words: string
  readonly before: string
  /** The whole. */
  readonly pattern: RegExp
}

function phrase(name: string, words: string, { before = '', after = '' } = {}): Phrase {
  return { name, words, before, pattern: new RegExp(`${before}\\b${words}\\b${after}`) }
}

/** A space in a phrase stands for any white space. */
export const phrases: readonly Phrase[] = [
  phrase('is none', '(?:is|are|was|were) none'),
  // "There is no such file" and "is no longer" are plain English.
  phrase('is no X', '(?:is|are) no', { before: '(?<!\\bthere )', after: ' (?!longer\\b)\\w+' }),
  phrase('what is … is', 'what is\\b[^.;:?!|\\0]{1,60}?\\bis'),
  phrase('is said', '(?:is|are) said'),
  phrase('is told', '(?:is|are) told', {
    before: `(?<!\\b(?:${TELLABLE}) )`,
    after: '(?! (?:once|twice|again|\\w+ times|to (?:all )?listeners)\\b)',
  }),
  phrase('is told', '(?:is|are) told', {
    after: ' (?:of|that|what|which|why|whether|how|where|by|about|apart|to (?!(?:all )?listeners))\\b',
  }),
  phrase('whoever', 'whoever'),
  phrase('goes on', 'goes on'),
  phrase('anew', 'anew'),
  phrase('nobody', '(?:nobody|somebody)'),
]

/** The words of any phrase, however they are wrapped: only a text with some is parsed. */
const HINT = new RegExp(phrases.map(({ words, before }) => before + words.replaceAll(' ', '[\\W_]+')).join('|'), 'i')

/** Texts that stay as they are although they have such a phrase, with the reason: the wording of some outputs is fixed. */
export const allowed: readonly { readonly path: RegExp; readonly text: RegExp; readonly reason: string }[] = [
  { path: /^docs\/STYLE\.md$/, text: /./, reason: 'shows the phrases, beside what to write instead' },
]

/** One phrase where it was found. */
export interface Hit {
  readonly at: string
  readonly name: string
  readonly words: string
}

/** The forbidden phrases of one file: a page (`.md`), a spec (its titles), or code (its comments and strings). */
export function forbiddenPhrases(path: string, text: string): Hit[] {
  if (!HINT.test(text)) return []
  const prose = (path.endsWith('.md') ? text : proseOf(path, text)).replaceAll(/[\s*_]/g, ' ')
  const allowances = allowed.filter((each) => each.path.test(path))
  const hits = phrases.flatMap(({ name, pattern }) =>
    Array.from(prose.matchAll(anySpace(pattern)))
      .filter(({ 0: words, index }) => {
        const around = prose.slice(Math.max(0, index - 20), index + words.length + 20)
        return !allowances.some((each) => each.text.test(around))
      })
      .map(({ 0: words, index }) => ({
        at: `${path}:${text.slice(0, index).split('\n').length}`,
        name,
        words: words.replaceAll(/ +/g, ' '),
      })),
  )
  // Two patterns of one name may match at one place.
  return hits.filter((hit, i) => hits.findIndex(({ at, name }) => at === hit.at && name === hit.name) === i)
}

function anySpace({ source }: RegExp): RegExp {
  return new RegExp(source.replaceAll(' ', ' +'), 'gi')
}

/** The text with all code blotted out: prose keeps its place, so that a sentence may cross the lines of a comment. */
function proseOf(path: string, text: string): string {
  const file = fileOf(path, text)
  const kept = text.split('').map(() => '\0')
  const keep = (from: number, to: number): void => {
    for (let at = from; at < to; at++) kept[at] = text[at] as string
  }
  const strings = (node: ts.Node): void => {
    if (isText(node)) keep(node.getStart(file) + 1, node.end)
    for (const child of node.getChildren(file)) strings(child)
  }
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(file)
    // What stands before a token is white space and comments.
    if (children.length === 0) keep(node.pos, node.getStart(file))
    if (isText(node)) strings(node)
    for (const child of children) visit(child)
  }
  if (path.startsWith('spec/')) for (const title of titlesIn(file)) strings(title)
  else visit(file)
  return kept.join('').replaceAll(/\/\*+|\*\/|\/\//g, (mark) => (mark === '*/' ? '\0\0' : ' '.repeat(mark.length)))
}

function isText(node: ts.Node): boolean {
  if (ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) return true
  return ts.isStringLiteralLike(node) || ts.isJsxText(node)
}

/** The first arguments of `describe`, `it`, `test`, `it.skip`, `t.test`. */
function titlesIn(file: ts.SourceFile): ts.Node[] {
  const found: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.arguments[0] !== undefined) {
      if (/^(?:describe|it|test)\b|\.(?:describe|it|test)$/.test(node.expression.getText(file)))
        found.push(node.arguments[0])
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}
