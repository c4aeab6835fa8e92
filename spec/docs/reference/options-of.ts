import { dirname } from 'node:path'
import ts from 'typescript'
import { root } from '../../support/exported-modules.ts'
import { isLiteral, membersOf, type Reading, type Row } from '../members.ts'
import { modules, sources } from '../program.ts'

/** Functions that take the same options. */
export interface Optioned {
  /** The module that exports them. */
  readonly module: string
  /** Each with its parameters: `job(name, schedule, run, options)`. */
  readonly calls: readonly string[]
  readonly options: readonly Row[]
  /** Functions that take all of these but some. */
  readonly lesser: readonly { readonly call: string; readonly without: readonly string[] }[]
}

/** The parameters that hold options: by their names, or as destructured. */
const OPTIONS = /^(?:options|definition|__\d+)$/

/** The types of options that are listed member by member where another option has them. */
const OPENED = ['Retention', 'Limits', 'FloodLimits', 'AgainQuery']

/** Every exported function that takes options, in the order of the exports. */
export function optioned(): readonly Optioned[] {
  const program = sources()
  const checker = program.getTypeChecker()
  const reading: Reading = { checker, fallbackOf: (_, text) => defaultIn(text), opened }
  return Object.entries(modules).flatMap(([module, path]) => {
    const file = program.getSourceFile(path)
    const symbol = file && checker.getSymbolAtLocation(file)
    if (symbol === undefined) throw new Error(`${path} is not a module`)
    const found = checker
      .getExportsOfModule(symbol)
      .map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each))
      .flatMap((each) => takenBy(each, reading))
    return together(found).map((each) => ({ module, ...each }))
  })
}

/** A function and its options. */
interface Taken {
  readonly call: string
  readonly options: readonly Row[]
}

function takenBy(symbol: ts.Symbol, reading: Reading): Taken[] {
  const { checker } = reading
  if ((symbol.flags & ts.SymbolFlags.Value) === 0 || symbol.valueDeclaration === undefined) return []
  const type = checker.getTypeOfSymbolAtLocation(symbol, symbol.valueDeclaration)
  const signatures = [...type.getCallSignatures(), ...type.getConstructSignatures()]
  const made = type.getConstructSignatures().length > 0 ? 'new ' : ''
  // Overloads may take options of their own.
  return signatures.flatMap((signature) => {
    const parameter = signature.parameters.find(({ name }) => OPTIONS.test(name))
    if (parameter?.valueDeclaration === undefined) return []
    const given = checker.getTypeOfSymbolAtLocation(parameter, parameter.valueDeclaration)
    const options = membersOf(checker.getNonNullableType(given), reading)
    const names = signature.parameters.map(({ name }) => (OPTIONS.test(name) ? 'options' : name))
    return options.length === 0 ? [] : [{ call: `${made}${symbol.name}(${names.join(', ')})`, options }]
  })
}

/** Functions with equal options share one table; one with nearly the same options is named beside it. */
function together(all: readonly Taken[]): Omit<Optioned, 'module'>[] {
  const keys = (options: readonly Row[]): readonly string[] => options.map((row) => JSON.stringify(row))
  const without = (one: Taken, many: Taken): readonly string[] | undefined => {
    const [few, most] = [keys(one.options), keys(many.options)]
    const isLesser = few.length > SEVERAL && few.length < most.length && few.every((key) => most.includes(key))
    return isLesser ? many.options.filter((_, i) => !few.includes(most[i] ?? '')).map(({ name }) => name) : undefined
  }
  const tables = new Map<string, Omit<Optioned, 'module'>>()
  for (const taken of all) {
    if (all.some((other) => without(taken, other) !== undefined)) continue
    const key = keys(taken.options).join()
    const lesser = all.flatMap((other) => {
      const missing = without(other, taken)
      return missing === undefined ? [] : [{ call: other.call, without: missing }]
    })
    tables.set(key, { calls: [...(tables.get(key)?.calls ?? []), taken.call], options: taken.options, lesser })
  }
  return [...tables.values()]
}

/** Fewer options than this are equal by chance. */
const SEVERAL = 3

/** Literals, and the types in `OPENED`, alone, in a union or as `Partial<…>`. */
function opened(type: ts.Type): readonly ts.Type[] {
  if (type.isUnion()) return type.types.flatMap((each) => opened(each))
  if ((type.flags & ts.TypeFlags.Object) === 0 && !type.isIntersection()) return []
  const name = type.aliasTypeArguments?.[0]?.symbol?.name ?? type.symbol?.name
  const isOurs = type.symbol?.declarations?.every((each) => isWithin(each, `${root}/lib`)) === true
  return OPENED.includes(name ?? '') || (isLiteral(type) && isOurs) ? [type] : []
}

function isWithin(node: ts.Node, folder: string): boolean {
  return dirname(node.getSourceFile().fileName).startsWith(folder)
}

/** One clause: code spans are whole, and a dot within a word does not end it. */
const CLAUSE = /((?:`[^`]*`|\([^()]*\)|[^`().;]|\.(?=\S))+)/.source

/** The default that a comment states: `` `skip` (default) ``, `(now, the default)`, `default 5 min`. */
export function defaultIn(text: string): string | undefined {
  const words = text.replaceAll(/\s+/g, ' ')
  const before =
    /(`[^`]+`) \(default\)/.exec(words) ??
    /\(([^()]+), the default\)/.exec(words) ??
    /(?:^|[:;,.] )([^:;,.]+) \(default\)/.exec(words)
  const after = new RegExp(`\\b[Dd]efault:? ${CLAUSE}`, 'g')
  if (before !== null) return before[1]
  const found = [...words.matchAll(after)]
  // A text with several is about the options inside this one.
  return found.length > 1 ? 'see below' : found[0]?.[1]?.trim()
}
