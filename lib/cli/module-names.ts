// What a module imports and exports, by name, from its syntax.
import type { ExportSpecifier, Identifier, ImportSpecifier, Literal, Node, Pattern, Program } from 'estree';

export interface StaticImport {
  readonly source: Literal;
  /** What the module must have. */
  readonly names: readonly string[];
  /** `export * from`: of what it exports not all is known. */
  readonly isRelayed: boolean;
}

/** In the order of the source. */
export function staticImports({ body }: Program): StaticImport[] {
  const found: StaticImport[] = [];
  for (const statement of body) {
    if (statement.type === 'ImportDeclaration') {
      const names = statement.specifiers.flatMap(part => {
        if (part.type === 'ImportNamespaceSpecifier') return [];
        return part.type === 'ImportDefaultSpecifier' ? ['default'] : [nameOf(part)];
      });
      found.push({ source: statement.source, names, isRelayed: hasAttributes(statement) });
    } else if (statement.type === 'ExportAllDeclaration') found.push({ source: statement.source, names: [], isRelayed: true });
    else if (statement.type === 'ExportNamedDeclaration' && statement.source) {
      const names = statement.specifiers.map(({ local }) => textOf(local));
      found.push({ source: statement.source, names, isRelayed: hasAttributes(statement) });
    }
  }
  return found;
}

/** What is given to `import()`, in any function; undefined where that is no literal. */
export function dynamicImports(program: Program): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  visit(program, node => {
    if (node.type !== 'ImportExpression') return;
    const { source } = node;
    found.push(source.type === 'Literal' && typeof source.value === 'string' ? source.value : undefined);
  });
  return found;
}

export function exportsOf({ body }: Program): Set<string> {
  const names = new Set<string>();
  for (const statement of body) {
    if (statement.type === 'ExportDefaultDeclaration') names.add('default');
    if (statement.type !== 'ExportNamedDeclaration') continue;
    for (const { exported } of statement.specifiers) names.add(textOf(exported));
    const { declaration } = statement;
    if (declaration?.type === 'VariableDeclaration') for (const { id } of declaration.declarations) addNames(id, names);
    else if (declaration) names.add(declaration.id.name);
  }
  return names;
}

function addNames(pattern: Pattern, names: Set<string>): void {
  if (pattern.type === 'Identifier') names.add(pattern.name);
  else if (pattern.type === 'AssignmentPattern') addNames(pattern.left, names);
  else if (pattern.type === 'RestElement') addNames(pattern.argument, names);
  else if (pattern.type === 'ArrayPattern') for (const element of pattern.elements) element && addNames(element, names);
  else if (pattern.type === 'ObjectPattern')
    for (const property of pattern.properties) addNames(property.type === 'Property' ? property.value : property, names);
}

const nameOf = ({ imported }: ImportSpecifier): string => textOf(imported);

function textOf(name: ExportSpecifier['local'] | Identifier | Literal): string {
  return name.type === 'Identifier' ? name.name : String(name.value);
}

function hasAttributes(statement: object): boolean {
  return ((statement as { attributes?: readonly unknown[] }).attributes?.length ?? 0) > 0;
}

function visit(node: Node, see: (node: Node) => void): void {
  see(node);
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) for (const item of value) if (isNode(item)) visit(item, see);
    if (isNode(value)) visit(value, see);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}
