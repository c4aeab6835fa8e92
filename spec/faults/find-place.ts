import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** A place in the code, by the name of the declaration around it and the code itself: not by file and not by line. */
export interface Wanted {
  /** A function, method, getter or constant: its name, after those of its class or owner if that is not enough. */
  readonly in: string
  /** The code at the place. White space, line breaks, comments and trailing commas do not matter. */
  readonly find: string
}

/** Where some code is: from character `start` up to `end` of a file. */
export interface Place {
  readonly path: string
  readonly start: number
  readonly end: number
}

interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** The sources below a folder. Each file is parsed when a place in it is looked for. */
export class Sources {
  readonly #texts = new Map<string, string>()
  readonly #declarations = new Map<string, readonly (readonly [name: string, node: ts.Node])[]>()

  /** @param folder relative to `root`, as the paths of the places are */
  constructor(root: string, folder: string) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const path = `${folder}/${name}`
      if (name.endsWith('.ts')) this.#texts.set(path, readFileSync(join(root, path), 'utf8'))
    }
  }

  /** All places that fit. */
  places({ in: wanted, find }: Wanted): Place[] {
    const own = wanted.slice(wanted.lastIndexOf('.') + 1)
    const code = tokensOf(find)
    const found = new Map<string, Place>()
    for (const [path, text] of this.#texts) {
      if (!text.includes(own)) continue
      for (const [name, node] of this.#declared(path, text)) {
        if (name !== wanted && !name.endsWith(`.${wanted}`)) continue
        for (const place of occurrences(code, leavesOf(node))) found.set(`${path}:${place.start}`, { path, ...place })
      }
    }
    return [...found.values()]
  }

  #declared(path: string, text: string): readonly (readonly [name: string, node: ts.Node])[] {
    const known = this.#declarations.get(path)
    if (known !== undefined) return known
    const declared = declarationsOf(ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true))
    this.#declarations.set(path, declared)
    return declared
  }
}

/** Every declaration with its full name, such as `Pump.run` or `withTimeLimit.limited`. */
function declarationsOf(file: ts.SourceFile): (readonly [name: string, node: ts.Node])[] {
  const found: (readonly [string, ts.Node])[] = []
  const visit = (node: ts.Node, owner: string): void => {
    const own = nameOf(node)
    const name = own === undefined || owner === '' ? (own ?? owner) : `${owner}.${own}`
    if (own !== undefined) found.push([name, node])
    ts.forEachChild(node, (child) => visit(child, name))
  }
  visit(file, '')
  return found
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  const isNamed =
    ts.isFunctionDeclaration(node) ||
    ts.isClassElement(node) ||
    ts.isClassDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isObjectLiteralElement(node)
  if (!isNamed || node.name === undefined) return undefined
  return ts.isIdentifier(node.name) || ts.isPrivateIdentifier(node.name) ? node.name.text : undefined
}

function leavesOf(node: ts.Node): Token[] {
  const file = node.getSourceFile()
  const leaves: Token[] = []
  const visit = (each: ts.Node): void => {
    if (ts.isJSDoc(each)) return
    const children = each.getChildren(file)
    if (children.length > 0) return children.forEach(visit)
    if (each.getWidth(file) > 0) leaves.push({ text: each.getText(file), start: each.getStart(file), end: each.end })
  }
  visit(node)
  return withoutTrailingCommas(leaves)
}

function tokensOf(code: string): Token[] {
  const scanner = ts.createScanner(ts.ScriptTarget.ESNext, true, ts.LanguageVariant.Standard, code)
  const tokens: Token[] = []
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (kind === ts.SyntaxKind.GreaterThanToken) scanner.reScanGreaterToken()
    tokens.push({ text: scanner.getTokenText(), start: scanner.getTokenStart(), end: scanner.getTokenEnd() })
  }
  return withoutTrailingCommas(tokens)
}

function withoutTrailingCommas(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ text }, i) => text !== ',' || !/^[)\]}]$/.test(tokens[i + 1]?.text ?? ''))
}

function occurrences(code: readonly Token[], tokens: readonly Token[]): Omit<Place, 'path'>[] {
  const found: Omit<Place, 'path'>[] = []
  for (let at = 0; at + code.length <= tokens.length; at++) {
    if (code.some(({ text }, i) => tokens[at + i]?.text !== text)) continue
    found.push({ start: tokens[at]?.start as number, end: tokens[at + code.length - 1]?.end as number })
  }
  return found
}
