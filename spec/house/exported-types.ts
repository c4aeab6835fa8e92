import { relative } from 'node:path'
import ts from 'typescript'
import { ownProgram } from '../support/exported-modules.ts'

/**
 * Lists the types that users of these modules reach by a signature but cannot name: a file exports them, no module does.
 * A type that its own file does not export is a detail of that file.
 *
 * @param root the directory that places are relative to
 */
export function unnamedTypes(root: string, modules: readonly string[]): string[] {
  const program = ownProgram(modules)
  const checker = program.getTypeChecker()
  const original = (symbol: ts.Symbol): ts.Symbol =>
    (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  const exportsOf = (file: ts.SourceFile | undefined): ts.Symbol[] => {
    const module = file && checker.getSymbolAtLocation(file)
    return module === undefined ? [] : checker.getExportsOfModule(module).map(original)
  }

  const named = new Set(modules.flatMap((path) => exportsOf(program.getSourceFile(path))))
  const reached = new Set(named)
  const unnamed = new Map<ts.Symbol, string>()
  const visit = (node: ts.Node, from: string): void => {
    if (ts.isBlock(node) || isPrivate(node)) return
    const symbol = typeOf(node, checker)
    const declaration = symbol && original(symbol).declarations?.find((each) => isOurs(each, root))
    if (symbol !== undefined && declaration !== undefined) {
      const type = original(symbol)
      reached.add(type)
      const file = declaration.getSourceFile()
      if (!named.has(type) && exportsOf(file).includes(type)) {
        unnamed.set(type, `${relative(root, file.fileName)}: ${type.name}, by ${from}`)
      }
    }
    ts.forEachChild(node, (child) => {
      if (!('initializer' in node && node.initializer === child)) visit(child, from)
    })
  }
  // The set grows while it is walked.
  for (const symbol of reached) {
    for (const declaration of symbol.declarations ?? []) {
      if (isOurs(declaration, root)) visit(declaration, symbol.name)
    }
  }
  return [...unnamed.values()].toSorted()
}

function typeOf(node: ts.Node, checker: ts.TypeChecker): ts.Symbol | undefined {
  if (ts.isTypeReferenceNode(node)) return checker.getSymbolAtLocation(node.typeName)
  return ts.isExpressionWithTypeArguments(node) ? checker.getSymbolAtLocation(node.expression) : undefined
}

function isPrivate(node: ts.Node): boolean {
  if (!ts.isClassElement(node)) return false
  const hasKeyword = ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private
  return hasKeyword !== 0 || (node.name !== undefined && ts.isPrivateIdentifier(node.name))
}

function isOurs(declaration: ts.Declaration, root: string): boolean {
  const { fileName } = declaration.getSourceFile()
  const inside = relative(root, fileName)
  return !inside.startsWith('..') && !inside.includes('node_modules') && !ts.isTypeParameterDeclaration(declaration)
}
