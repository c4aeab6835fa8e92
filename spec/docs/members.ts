import ts from 'typescript'

/** An option, a member of an event's data, or a parameter, as a page shows it. */
export interface Row {
  readonly name: string
  readonly type: string
  readonly isOptional: boolean
  /** Its default, as the code or its comment has it. */
  readonly fallback?: string
  readonly text: string
}

/** How the members of a type are read. */
export interface Reading {
  readonly checker: ts.TypeChecker
  /** The default of a member. */
  fallbackOf(symbol: ts.Symbol, text: string): string | undefined
  /** The types inside the type of a member whose own members are listed, too, as `member.inner`. */
  opened(type: ts.Type): readonly ts.Type[]
}

/** The members of a type, with those of the types inside it. */
export function membersOf(type: ts.Type, reading: Reading, prefix = ''): Row[] {
  const { checker } = reading
  return inOrder(checker.getPropertiesOfType(type)).flatMap((symbol) => {
    const name = `${prefix}${symbol.name}`
    const row = { ...rowOf(symbol, reading), name }
    const of = checker.getNonNullableType(typeOf(symbol, checker))
    const inner = reading.opened(of).flatMap((each) => membersOf(each, reading, `${name}.`))
    // A mapped type has members without texts: its own text must do.
    if (inner.length === 0 || inner.some(({ text }) => text === '')) return [row]
    return [of.isUnion() ? row : { ...row, type: 'object' }, ...inner]
  })
}

// In the order of the source. A mapped type has its members in the order in which the compiler first met their names.
function inOrder(symbols: readonly ts.Symbol[]): readonly ts.Symbol[] {
  const byParent = new Map<ts.Node | undefined, ts.Symbol[]>()
  for (const symbol of symbols) {
    const parent = symbol.declarations?.[0]?.parent
    byParent.set(parent, [...(byParent.get(parent) ?? []), symbol])
  }
  const place = ({ declarations }: ts.Symbol): number => declarations?.[0]?.pos ?? 0
  return [...byParent.values()].flatMap((own) => own.toSorted((a, b) => place(a) - place(b)))
}

function rowOf(symbol: ts.Symbol, { checker, fallbackOf }: Reading): Row {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim()
  const fallback = fallbackOf(symbol, text)
  return {
    name: symbol.name,
    type: typeText(symbol, checker),
    isOptional: (symbol.flags & ts.SymbolFlags.Optional) !== 0,
    ...(fallback === undefined ? {} : { fallback }),
    text,
  }
}

/** The type as its author wrote it. */
export function typeText(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const declaration = symbol.valueDeclaration ?? symbol.declarations?.[0]
  const node =
    declaration !== undefined && (ts.isPropertySignature(declaration) || ts.isParameter(declaration))
      ? declaration.type
      : undefined
  const text = node?.getText() ?? checker.typeToString(typeOf(symbol, checker))
  return text
    .replaceAll(/\/\*\*[^]*?\*\//g, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/ \| undefined$/, '')
}

function typeOf(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Type {
  const { valueDeclaration } = symbol
  return valueDeclaration === undefined
    ? checker.getTypeOfSymbol(symbol)
    : checker.getTypeOfSymbolAtLocation(symbol, valueDeclaration)
}

/** Whether this is a literal of an object, without functions and free names. */
export function isLiteral(type: ts.Type): boolean {
  const isObject = type.isIntersection() || type.symbol?.flags === ts.SymbolFlags.TypeLiteral
  return isObject && type.getCallSignatures().length === 0 && type.getStringIndexType() === undefined
}
