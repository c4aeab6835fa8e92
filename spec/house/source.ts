import ts from 'typescript'

/** One import of another module: an import, an export from, or an import() of a type or a value. */
export interface Import {
  readonly line: number
  readonly specifier: string
  /** The names that are imported. */
  readonly names: readonly string[]
}

/** The parts of one file that the rules of the house are about. */
export interface Source {
  readonly path: string
  readonly lines: number
  readonly imports: readonly Import[]
  /** Reads of time and chance in lib/ and streams/: `Date.now`, `new Date()`, `setTimeout` and their like. */
  readonly ambient: readonly { readonly line: number; readonly what: string }[]
}

const globals = ['setTimeout', 'setInterval', 'performance', 'randomUUID', 'randomBytes', 'randomInt']
const owners = ['globalThis', 'crypto']
const members = ['Date.now', 'Math.random', 'process.hrtime', 'process.uptime', 'AbortSignal.timeout']
/** These read the clock unless they get a scheduler. */
const timed =
  /^(timer|interval|delay|timeout|timeoutWith|timestamp|timeInterval|(audit|buffer|debounce|sample|throttle|window)Time|async(Scheduler)?)$/

/** A text without these imports only at its top level: no need to walk it. */
const DEEP = /\bimport\s*(?:\(|\/[*/])/
/** A text without these reads neither time nor chance, except by what it imports from rxjs. */
const AMBIENT = new RegExp(`\\b(?:${[...globals, ...members].join('|').replaceAll('.', '\\.')}|new\\s+Date)\\b`)
/** Where an import names its module. */
const NAMES_MODULE = /\b(?:from|import)\s*(?:['"]|\/[*/])/g

/** Reads one file; `path` is relative to the root of the tree, with slashes. */
export function parse(path: string, text: string): Source {
  const imports: Import[] = []
  const ambient: { line: number; what: string }[] = []
  const isTimeless = !/^(?:lib|streams)\//.test(path)
  const isDeep = DEEP.test(text) || (!isTimeless && AMBIENT.test(text))
  const file = fileOf(path, isDeep ? text : headOf(text))
  const visit = (node: ts.Node, parent: ts.Node): void => {
    const line = (): number => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
    const found = importIn(node)
    if (found !== undefined) imports.push({ line: line(), ...found })
    for (const what of isTimeless ? [] : ambientIn(node, parent, file)) ambient.push({ line: line(), what })
    if (isDeep) ts.forEachChild(node, (child) => visit(child, node))
  }
  for (const statement of file.statements) visit(statement, file)
  return { path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0), imports, ambient }
}

/** The syntax of a file, without documentation comments and parents: making those takes as long as the rest. */
export function fileOf(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, {
    languageVersion: ts.ScriptTarget.ESNext,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
  })
}

/** The text to the end of the line in which the last import names its module. */
function headOf(text: string): string {
  const last = Array.from(text.matchAll(NAMES_MODULE)).at(-1)
  if (last === undefined) return ''
  const end = text.indexOf('\n', last.index)
  return end < 0 ? text : text.slice(0, end)
}

function importIn(node: ts.Node): Omit<Import, 'line'> | undefined {
  if (ts.isImportDeclaration(node)) {
    const bindings = node.importClause?.namedBindings
    const elements = bindings && ts.isNamedImports(bindings) ? bindings.elements : []
    return from(
      node.moduleSpecifier,
      elements.map((element) => (element.propertyName ?? element.name).text),
    )
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) return from(node.moduleSpecifier)
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return from(node.argument.literal)
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return from(node.arguments[0])
  return undefined
}

function from(specifier: ts.Node | undefined, names: readonly string[] = []): Omit<Import, 'line'> {
  return { specifier: specifier && ts.isStringLiteralLike(specifier) ? specifier.text : '(computed)', names }
}

function ambientIn(node: ts.Node, parent: ts.Node, file: ts.SourceFile): readonly string[] {
  const found = importIn(node)
  if (found !== undefined) return found.specifier === 'rxjs' ? found.names.filter((name) => timed.test(name)) : []
  if (ts.isNewExpression(node) && node.expression.getText(file) === 'Date' && !node.arguments?.length)
    return ['new Date()']
  if (ts.isPropertyAccessExpression(node)) return members.filter((member) => node.getText(file) === member)
  return ts.isIdentifier(node) && globals.includes(node.text) && !isNameOfMember(node, parent, file) ? [node.text] : []
}

/** A member or a key of that name is not the global. */
function isNameOfMember(node: ts.Identifier, parent: ts.Node, file: ts.SourceFile): boolean {
  if (ts.isPropertyAccessExpression(parent))
    return parent.name === node && !owners.includes(parent.expression.getText(file))
  return (
    (ts.isPropertyAssignment(parent) || ts.isTypeElement(parent) || ts.isClassElement(parent)) && parent.name === node
  )
}
