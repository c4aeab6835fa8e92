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
  /** Reads of time and chance: `Date.now`, `new Date()`, `setTimeout` and their like. */
  readonly ambient: readonly { readonly line: number; readonly what: string }[]
}

const globals = ['setTimeout', 'setInterval', 'performance', 'randomUUID', 'randomBytes', 'randomInt']
const owners = ['globalThis', 'crypto']
const members = ['Date.now', 'Math.random', 'process.hrtime', 'process.uptime', 'AbortSignal.timeout']
/** These read the clock unless they get a scheduler. */
const timed =
  /^(timer|interval|delay|timeout|timeoutWith|timestamp|timeInterval|(audit|buffer|debounce|sample|throttle|window)Time|async(Scheduler)?)$/

/** Reads one file; `path` is relative to the root of the tree, with slashes. */
export function parse(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true)
  const imports: Import[] = []
  const ambient: { line: number; what: string }[] = []
  const visit = (node: ts.Node): void => {
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
    const found = importIn(node)
    if (found !== undefined) imports.push({ line, ...found })
    for (const what of ambientIn(node)) ambient.push({ line, what })
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0), imports, ambient }
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

function ambientIn(node: ts.Node): readonly string[] {
  const found = importIn(node)
  if (found !== undefined) return found.specifier === 'rxjs' ? found.names.filter((name) => timed.test(name)) : []
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return ['new Date()']
  if (ts.isPropertyAccessExpression(node)) return members.filter((member) => node.getText() === member)
  return ts.isIdentifier(node) && globals.includes(node.text) && !isNameOfMember(node) ? [node.text] : []
}

/** A member or a key of that name is not the global. */
function isNameOfMember(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent))
    return parent.name === node && !owners.includes(parent.expression.getText())
  return (
    (ts.isPropertyAssignment(parent) || ts.isTypeElement(parent) || ts.isClassElement(parent)) && parent.name === node
  )
}
