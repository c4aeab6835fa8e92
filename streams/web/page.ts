import type { CheerioAPI } from 'cheerio'
import { TidingsError } from '../../lib/index.ts'
import { describe } from '../../lib/streams.ts'
import type { Answer } from '../shared/http-client.ts'
import { optionalPackage } from '../shared/optional-package.ts'

/** An element of a page, as far as the stream reads it. */
export interface Element {
  /** Its text, with white space as a browser shows it. */
  readonly text: string
  /** The value of an attribute; undefined without that attribute. Those that hold an address are made absolute. */
  attribute(name: string): string | undefined
  /** The address that it links to, or that its first link does. */
  readonly link: string | undefined
}

/**
 * The elements of a page that a selector matches, in their order.
 *
 * @throws TidingsError `TIDINGS_PACKAGE_MISSING`; `TIDINGS_STREAM_INVALID` for what is not a selector
 */
export async function elementsIn(answer: Answer, select: string): Promise<Element[]> {
  const { loadBuffer } = await optionalPackage('stream web', ['cheerio'], () => import('cheerio'))
  const charset = /charset\s*=\s*"?([\w-]+)/i.exec(answer.headers.get('content-type') ?? '')?.[1]
  const encoding = charset === undefined ? {} : { transportLayerEncodingLabel: charset }
  const $ = loadBuffer(Buffer.from(answer.bytes), { encoding })
  const base = resolved($('base[href]').attr('href'), answer.url.href) ?? answer.url.href
  return matches($, select).map((element) => {
    const attribute = (name: string): string | undefined => {
      const value = element.attr(name)
      return name === 'href' || name === 'src' ? (resolved(value, base) ?? value) : value
    }
    const anchor = element.is('a[href]') ? element : element.find('a[href]').first()
    const text = spaced(element.toArray())
    return { text, attribute, link: resolved(anchor.attr('href'), base) }
  })
}

type Selected = ReturnType<CheerioAPI>

function matches($: CheerioAPI, select: string): Selected[] {
  try {
    return $(select)
      .toArray()
      .map((one) => $(one) as Selected)
  } catch (cause) {
    const words = `stream web: ${describe(select)} is not a CSS selector: ${(cause as Error).message}`
    throw new TidingsError('TIDINGS_STREAM_INVALID', words, { cause, details: { path: 'select' } })
  }
}

/** The absolute form of an http address; undefined for anything else. */
function resolved(href: string | undefined, base: string): string | undefined {
  if (href === undefined || !URL.canParse(href, base)) return undefined
  const url = new URL(href, base)
  return /^https?:$/.test(url.protocol) ? url.href : undefined
}

/** A node of the parser's tree. */
interface Node {
  readonly type: string
  readonly name?: string
  readonly data?: string
  readonly children?: readonly Node[]
}

const UNSEEN = new Set(['script', 'style', 'noscript', 'template'])

/** Elements inside a line: what stands on both sides of them belongs to one word. */
const INLINE = new Set(
  'a abbr b bdi bdo cite code data del dfn em font i ins kbd mark q s samp small span strong sub sup time tt u var wbr'.split(
    ' ',
  ),
)

/** The visible text. White space collapses; where a block begins or ends, there is a space. */
function spaced(nodes: readonly Node[]): string {
  const words: string[] = []
  // A stack of its own: pages may be nested deeper than functions.
  const left: (Node | string)[] = nodes.toReversed()
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (typeof node === 'string') words.push(node)
    else if (node.type === 'text') words.push(node.data ?? '')
    else if (node.children !== undefined && !UNSEEN.has(node.name ?? '')) {
      const edge = INLINE.has(node.name ?? '') ? '' : ' '
      left.push(edge, ...node.children.toReversed(), edge)
    }
  }
  return words.join('').replaceAll(/\s+/g, ' ').trim()
}
