import { relative } from 'node:path'
import ts from 'typescript'
import { ownProgram } from '../support/exported-modules.ts'

/** A member that users reach. */
export interface Member {
  /** `Interface.member`. */
  readonly name: string
  /** Path from the root, and line. */
  readonly place: string
  /** Whether an editor shows a text when the pointer rests on it. */
  readonly documented: boolean
}

/**
 * Lists every member of every interface, class and options object that users of these modules reach: by an export, or by
 * the type of a parameter, a result or another member. Overloads are one member. Files in node_modules are not counted.
 *
 * @param root the directory that places are relative to
 */
export function publicMembers(root: string, modules: readonly string[]): Member[] {
  const program = ownProgram(modules)
  const found = new PublicMembers(root, program.getTypeChecker())
  for (const path of modules) {
    const module = program.getSourceFile(path)
    if (module === undefined) throw new Error(`there is no module ${path}`)
    found.visitModule(module)
  }
  return [...found.members.values()]
}

class PublicMembers {
  readonly members = new Map<ts.Symbol, Member>()
  readonly #root: string
  readonly #checker: ts.TypeChecker
  readonly #visited = new Set<ts.Node>()

  constructor(root: string, checker: ts.TypeChecker) {
    this.#root = root
    this.#checker = checker
  }

  visitModule(module: ts.SourceFile): void {
    const symbol = this.#checker.getSymbolAtLocation(module)
    if (symbol === undefined) return
    for (const exported of this.#checker.getExportsOfModule(symbol)) {
      this.#visitSymbol(exported)
      if (exported.declarations?.some(isTypeOnly) !== true) this.#visitConstructors(exported)
    }
  }

  #visitSymbol(symbol: ts.Symbol): void {
    for (const declaration of this.#declarationsOf(symbol)) this.#visitDeclaration(declaration)
  }

  /** Visits the parameters of a class that users can construct. */
  #visitConstructors(symbol: ts.Symbol): void {
    for (const declaration of this.#declarationsOf(symbol)) {
      if (!ts.isClassDeclaration(declaration)) continue
      const constructors = declaration.members.filter(ts.isConstructorDeclaration)
      for (const each of constructors) this.#visitSignature(declaration.name?.text ?? 'class', each)
    }
  }

  #declarationsOf(symbol: ts.Symbol): readonly ts.Declaration[] {
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
    return (isAlias ? this.#checker.getAliasedSymbol(symbol) : symbol).declarations ?? []
  }

  #visitDeclaration(node: ts.Declaration): void {
    if (this.#visited.has(node) || node.getSourceFile().fileName.includes('/node_modules/')) return
    this.#visited.add(node)
    if (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) {
      const name = node.name?.text ?? 'class'
      for (const clause of node.heritageClauses ?? []) this.#visitType(name, clause)
      for (const member of node.members) if (isPublic(member)) this.#addMember(name, member)
    } else if (ts.isTypeAliasDeclaration(node)) this.#visitType(node.name.text, node.type)
    else if (ts.isFunctionDeclaration(node)) this.#visitSignature(node.name?.text ?? 'function', node)
    else if (ts.isVariableDeclaration(node)) this.#visitVariable(node.name.getText(), node)
  }

  #visitVariable(name: string, { type, initializer }: ts.VariableDeclaration): void {
    if (type !== undefined) this.#visitType(name, type)
    else if (initializer !== undefined && ts.isArrowFunction(initializer)) this.#visitSignature(name, initializer)
  }

  /** Visits the types that a type names, and the members of objects that it spells out. */
  #visitType(owner: string, node: ts.Node): void {
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const name = ts.isTypeReferenceNode(node) ? node.typeName : node.expression
      const symbol = this.#checker.getSymbolAtLocation(name)
      if (symbol !== undefined) this.#visitSymbol(symbol)
    }
    if (ts.isTypeLiteralNode(node)) for (const member of node.members) this.#addMember(owner, member)
    else ts.forEachChild(node, (child) => this.#visitType(owner, child))
  }

  #visitSignature(owner: string, node: ts.SignatureDeclaration): void {
    for (const { type } of node.parameters) if (type !== undefined) this.#visitType(owner, type)
    if (node.type !== undefined) this.#visitType(owner, node.type)
  }

  #addMember(owner: string, member: ts.ClassElement | ts.TypeElement): void {
    // A call signature and a computed name, such as [Symbol.asyncDispose], have no text of their own in an editor.
    const named = member.name !== undefined && !ts.isComputedPropertyName(member.name) ? member.name : undefined
    const symbol = named && this.#checker.getSymbolAtLocation(named)
    const name = named === undefined ? owner : `${owner}.${named.getText()}`
    if (symbol !== undefined && !this.members.has(symbol)) this.members.set(symbol, this.#member(name, member, symbol))
    if (ts.isMethodDeclaration(member) || ts.isAccessor(member)) this.#visitSignature(name, member)
    else ts.forEachChild(member, (child) => this.#visitType(name, child))
  }

  #member(name: string, node: ts.Node, symbol: ts.Symbol): Member {
    const file = node.getSourceFile()
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
    const inherits = symbol.getJsDocTags(this.#checker).some((tag) => tag.name === 'inheritDoc')
    return {
      name,
      place: `${relative(this.#root, file.fileName)}:${line}`,
      documented: inherits || symbol.getDocumentationComment(this.#checker).length > 0,
    }
  }
}

function isTypeOnly(node: ts.Declaration): boolean {
  return ts.isExportSpecifier(node) && (node.isTypeOnly || node.parent.parent.isTypeOnly)
}

function isPublic(member: ts.ClassElement | ts.TypeElement): boolean {
  if (ts.isConstructorDeclaration(member)) return false
  if (member.name !== undefined && ts.isPrivateIdentifier(member.name)) return false
  return (ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) === 0
}
