import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../../support/exported-modules.ts'
import { isLiteral, membersOf, type Reading, type Row, typeText } from '../members.ts'
import { sources, streamNames } from '../program.ts'

/** An event type of a stream. */
export interface EventFacts {
  /** As a program writes it: `git.commit`. */
  readonly name: string
  readonly type: string
  /** The name of the type of its data, and the members. */
  readonly data: string
  readonly members: readonly Row[]
  readonly text: string
}

/** A function of a stream: a handler, or a test of its events. */
export interface FunctionFacts {
  readonly name: string
  readonly parameters: readonly Row[]
  /** The members of its options, by the name of their type. */
  readonly options: readonly { readonly name: string; readonly members: readonly Row[] }[]
  readonly text: string
  readonly isHandler: boolean
}

/** What the source of a stream says about it. */
export interface StreamFacts {
  readonly name: string
  readonly summary: string
  /** The text of its comment, without the example. */
  readonly text: string
  /** The example of its comment, with its fences. */
  readonly example: string
  /** Absent for a stream without jobs. */
  readonly options?: readonly Row[]
  readonly events: readonly EventFacts[]
  readonly functions: readonly FunctionFacts[]
  /** The files of streams/ that it is made of. */
  readonly files: readonly string[]
}

/** Reads the public files of streams/, in alphabetical order. */
export function streamFacts(): StreamFacts[] {
  return streamNames.map((name) => new Reader(sources(), join(root, `streams/${name}.ts`)).read(name))
}

class Reader {
  readonly #program: ts.Program
  readonly #checker: ts.TypeChecker
  readonly #file: ts.SourceFile
  readonly #files: readonly ts.SourceFile[]
  readonly #reading: Reading

  constructor(program: ts.Program, path: string) {
    this.#program = program
    this.#checker = program.getTypeChecker()
    this.#file = this.#sourceOf(path)
    this.#files = this.#withImports(this.#file)
    this.#reading = {
      checker: this.#checker,
      fallbackOf: (symbol, text) => this.#fallbackOf(symbol) ?? /[Dd]efault `([^`]+)`/.exec(text)?.[1],
      opened: (type) => (isLiteral(type) ? [type] : []),
    }
  }

  read(name: string): StreamFacts {
    const symbol = this.#exportOf(name)
    const type = this.#checker.getTypeOfSymbolAtLocation(symbol, this.#file)
    const text = this.#textOf(symbol)
    const members = this.#checker.getPropertiesOfType(type).map((member) => [member, this.#typeOf(member)] as const)
    const given = type.getCallSignatures()[0]?.parameters[0]
    const example = symbol.getJsDocTags(this.#checker).find((tag) => tag.name === 'example')
    return {
      name,
      summary: this.#summary() ?? `${text.split(/\.\s/)[0]?.replace(/\.$/, '')}.`,
      text,
      example: ts.displayPartsToString(example?.text),
      ...(given === undefined ? {} : { options: this.#members(this.#checker.getNonNullableType(this.#typeOf(given))) }),
      events: members.flatMap(([member, of]) => this.#event(name, member, of)),
      functions: members.flatMap(([member, of]) => this.#function(name, member, of)),
      files: this.#files.map(({ fileName }) => fileName.slice(root.length + 1)),
    }
  }

  #sourceOf(path: string): ts.SourceFile {
    const file = this.#program.getSourceFile(path)
    if (file === undefined) throw new Error(`there is no ${path}`)
    return file
  }

  #exportOf(name: string): ts.Symbol {
    const module = this.#checker.getSymbolAtLocation(this.#file)
    const found = module && this.#checker.getExportsOfModule(module).find((each) => each.name === name)
    if (found === undefined) throw new Error(`${this.#file.fileName} exports no ${name}`)
    return found
  }

  /** The files of streams/ that a file imports, and itself. */
  #withImports(file: ts.SourceFile, seen = new Set<ts.SourceFile>()): readonly ts.SourceFile[] {
    seen.add(file)
    for (const path of importsIn(file)) {
      const next = this.#sourceOf(path)
      if (!seen.has(next)) this.#withImports(next, seen)
    }
    return [...seen]
  }

  #typeOf(symbol: ts.Symbol): ts.Type {
    return this.#checker.getTypeOfSymbolAtLocation(symbol, symbol.valueDeclaration ?? this.#file)
  }

  #textOf(symbol: ts.Symbol | ts.Signature): string {
    return ts.displayPartsToString(symbol.getDocumentationComment(this.#checker)).trim()
  }

  #summary(): string | undefined {
    const found = find(this.#file, (node) => ts.isPropertyAssignment(node) && node.name.getText() === 'summary')
    const value = found !== undefined && ts.isPropertyAssignment(found) ? found.initializer : undefined
    return value !== undefined && ts.isStringLiteralLike(value) ? value.text : undefined
  }

  #members(type: ts.Type): Row[] {
    return membersOf(type, this.#reading)
  }

  /** The default of an option, in the schema of the interface that declares it. */
  #fallbackOf(symbol: ts.Symbol): string | undefined {
    for (const file of this.#files) {
      const schema = schemasIn(file).find((each) => isSchemaWith(each, symbol.name))
      const owner = symbol.valueDeclaration?.parent
      if (schema === undefined || owner === undefined || !ts.isInterfaceDeclaration(owner)) continue
      const [fields] = schema.arguments
      for (const field of (fields as ts.ObjectLiteralExpression).properties) {
        if (ts.isSpreadAssignment(field) && isCallOf(field.expression, 'pollFields')) {
          const polled = { every: field.expression.arguments[0]?.getText(), backfill: '0' }
          const found = Object.entries(polled).find(([name]) => name === symbol.name)?.[1]
          if (found !== undefined && !declares(fields as ts.ObjectLiteralExpression, symbol.name)) return found
        }
        if (ts.isPropertyAssignment(field) && field.name.getText() === symbol.name)
          return this.#fallbackIn(field.initializer)
      }
    }
    return undefined
  }

  #fallbackIn(field: ts.Expression): string | undefined {
    if (!ts.isCallExpression(field)) return undefined
    const signature = this.#checker.getResolvedSignature(field)
    const at = signature?.parameters.findIndex(({ name }) => name === 'fallback') ?? -1
    const given = at < 0 ? undefined : field.arguments[at]
    if (given === undefined || given.getText() === 'undefined') return undefined
    const isCode = ts.isIdentifier(given) || ts.isCallExpression(given) || ts.isNewExpression(given)
    const isPlain = !isCode && given.getText().length < 80
    return isPlain ? given.getText().replaceAll(/\s+/g, ' ') : undefined
  }

  #event(stream: string, symbol: ts.Symbol, type: ts.Type): EventFacts[] {
    if (!isEventType(type)) return []
    const [name, data] = this.#checker.getTypeArguments(type as ts.TypeReference)
    if (name === undefined || !name.isStringLiteral()) return []
    const isObject = data !== undefined && (data.flags & ts.TypeFlags.Object) !== 0
    return [
      {
        name: `${stream}.${symbol.name}`,
        type: name.value,
        data: data === undefined ? 'unknown' : this.#checker.typeToString(data),
        members: isObject ? this.#members(data) : [],
        text: this.#textOf(symbol),
      },
    ]
  }

  #function(stream: string, symbol: ts.Symbol, type: ts.Type): FunctionFacts[] {
    const [signature] = type.getCallSignatures()
    if (signature === undefined || isEventType(type)) return []
    const parameters = signature.parameters.map((parameter) => this.#parameter(parameter, signature))
    const returned = signature.getReturnType().getCallSignatures()[0]
    const options = signature.parameters.flatMap((parameter) => this.#optionsIn(this.#typeOf(parameter)))
    return [
      {
        name: `${stream}.${symbol.name}`,
        parameters,
        options,
        text: this.#textOf(signature) || this.#textOf(symbol),
        // A handler takes an event and its delivery; a test of events takes an event alone.
        isHandler: (returned?.parameters.length ?? 0) > 1,
      },
    ]
  }

  #parameter(symbol: ts.Symbol, signature: ts.Signature): Row {
    const { valueDeclaration: declared } = symbol
    const tag = signature.getJsDocTags().find(({ name, text }) => name === 'param' && text?.[0]?.text === symbol.name)
    const words = ts.displayPartsToString(tag?.text).replace(symbol.name, '').trim()
    const isOptional = declared !== undefined && ts.isParameter(declared) && this.#checker.isOptionalParameter(declared)
    return { name: symbol.name, type: typeText(symbol, this.#checker), isOptional, text: words }
  }

  /** The interfaces of streams/ in the type of a parameter, or in what a function returns that is one. */
  #optionsIn(type: ts.Type): { readonly name: string; readonly members: readonly Row[] }[] {
    const parts = type.isUnion() ? type.types : [type]
    const found = parts.flatMap((part) => {
      const returned = part.getCallSignatures()[0]?.getReturnType()
      if (returned !== undefined) return this.#optionsIn(this.#checker.getAwaitedType(returned) ?? returned)
      const [declaration] = part.symbol?.declarations ?? []
      const isOurs = declaration?.getSourceFile().fileName.startsWith(join(root, 'streams/')) === true
      if (!isOurs || declaration === undefined || !ts.isInterfaceDeclaration(declaration)) return []
      return [{ name: declaration.name.text, members: this.#members(part) }]
    })
    return found.filter(({ name }, at) => found.findIndex((each) => each.name === name) === at)
  }
}

function isEventType(type: ts.Type): boolean {
  return ['EventType', 'UntypedEventType'].includes(type.symbol?.name ?? '')
}

function find(node: ts.Node, is: (node: ts.Node) => boolean): ts.Node | undefined {
  return is(node) ? node : ts.forEachChild(node, (child) => find(child, is))
}

function isCallOf(node: ts.Node, name: string): node is ts.CallExpression {
  return ts.isCallExpression(node) && node.expression.getText() === name
}

/** Every `optionsOf<…>()({ … })`. */
const schemasIn = once((file) => {
  const found: ts.CallExpression[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isCallOf(node.expression, 'optionsOf')) found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
})

/** The paths of the files of streams/ that a file imports. */
const importsIn = once((file) =>
  ts
    .preProcessFile(file.text)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => join(file.fileName, '..', fileName))
    .filter((path) => path.startsWith(join(root, 'streams/'))),
)

/** Finds something in each file once: streams share many files. */
function once<T>(find: (file: ts.SourceFile) => T): (file: ts.SourceFile) => T {
  const known = new WeakMap<ts.SourceFile, T>()
  return (file) => {
    const found = known.get(file) ?? find(file)
    known.set(file, found)
    return found
  }
}

/** Whether a schema has a field of this name. */
function isSchemaWith({ arguments: [fields] }: ts.CallExpression, name: string): boolean {
  if (fields === undefined || !ts.isObjectLiteralExpression(fields)) return false
  const spread = fields.properties.some((each) => ts.isSpreadAssignment(each))
  return declares(fields, name) || (spread && ['every', 'backfill'].includes(name))
}

function declares(fields: ts.ObjectLiteralExpression, name: string): boolean {
  return fields.properties.some((each) => ts.isPropertyAssignment(each) && each.name.getText() === name)
}
