// The order in which a worker makes the nodes: children first (Tarjan's strongly connected components come out so).
// Inside a cycle objects come first, for they can be filled afterwards, then functions, those that a class needs while
// it is being defined before the class; a capture of a node that comes later is marked late. Iterative: data can be deep.
import type { FunctionNode, NodeIndex, ObjectNode, Property, ShippedNode } from './types.js';

/** Edges that a node needs when it is made, by node, as offered by the capture. */
export type EagerEdges = ReadonlyMap<NodeIndex, readonly NodeIndex[]>;

/** The order; sets `late` in the captures of function nodes. */
export function orderNodes(nodes: readonly ShippedNode[], eager: EagerEdges): NodeIndex[] {
  // Most closures are a function alone.
  if (nodes.length === 1) return [0];
  const order: NodeIndex[] = [];
  for (const component of components(nodes)) {
    if (component.length === 1) order.push(component[0]!);
    else orderCycle(component, nodes, eager, order);
  }
  const place = new Int32Array(nodes.length);
  for (let i = 0; i < order.length; i++) place[order[i]!] = i;
  nodes.forEach((node, index) => {
    if (node.kind !== 'function') return;
    for (const capture of node.captures) capture.late = capture.node !== index && place[capture.node]! > place[index]!;
  });
  return order;
}

function orderCycle(component: readonly NodeIndex[], nodes: readonly ShippedNode[], eager: EagerEdges, order: NodeIndex[]): void {
  const inside = new Set(component);
  const placed = new Set<NodeIndex>();
  const place = (index: NodeIndex) => {
    if (placed.has(index)) return;
    placed.add(index);
    for (const needed of neededFor(index, nodes, eager)) if (inside.has(needed)) place(needed);
    order.push(index);
  };
  for (const index of component) if (nodes[index]!.kind === 'object') place(index);
  for (const index of component) place(index);
}

/** What must exist before the node itself is made; cycles of such edges cannot have existed on the driver either. */
function neededFor(index: NodeIndex, nodes: readonly ShippedNode[], eager: EagerEdges): readonly NodeIndex[] {
  const node = nodes[index]!;
  if (node.kind === 'object') return typeof node.proto === 'object' ? [node.proto.node] : [];
  if (node.kind === 'bound') return [node.target, node.self, ...node.args];
  if (node.kind === 'call') return [node.target];
  return eager.get(index) ?? [];
}

function* components(nodes: readonly ShippedNode[]): Generator<NodeIndex[]> {
  const count = nodes.length;
  const seen = new Int32Array(count); // 0: not yet; else 1 + the order of discovery
  const low = new Int32Array(count);
  const onStack = new Uint8Array(count);
  const stack: NodeIndex[] = [];
  const path: { index: NodeIndex; edges: NodeIndex[]; next: number }[] = [];
  let discovered = 0;
  const enter = (index: NodeIndex) => {
    seen[index] = low[index] = ++discovered;
    stack.push(index);
    onStack[index] = 1;
    path.push({ index, edges: edgesOf(nodes[index]!), next: 0 });
  };
  for (let root = 0; root < count; root++) {
    if (seen[root] !== 0) continue;
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { index } = top;
      if (top.next < top.edges.length) {
        const child = top.edges[top.next++]!;
        if (seen[child] === 0) enter(child);
        else if (onStack[child] === 1) low[index] = Math.min(low[index]!, seen[child]!);
        continue;
      }
      path.pop();
      const parent = path.at(-1)?.index;
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[index]!);
      if (low[index] !== seen[index]) continue;
      const component: NodeIndex[] = [];
      let member: NodeIndex;
      do {
        member = stack.pop()!;
        onStack[member] = 0;
        component.push(member);
      } while (member !== index);
      yield component;
    }
  }
}

function edgesOf(node: ShippedNode): NodeIndex[] {
  switch (node.kind) {
    case 'function':
      return functionEdges(node);
    case 'object':
      return objectEdges(node);
    case 'bound':
      return [node.target, node.self, ...node.args];
    case 'call':
      return [node.target];
    default:
      return [];
  }
}

function functionEdges(node: FunctionNode): NodeIndex[] {
  const edges = node.captures.map(capture => capture.node);
  if (node.inherits !== undefined) edges.push(node.inherits);
  propertyEdges(node.properties, edges);
  propertyEdges(node.prototype, edges);
  return edges;
}

function objectEdges(node: ObjectNode): NodeIndex[] {
  const edges = node.items.filter(item => item >= 0);
  if (typeof node.proto === 'object') edges.push(node.proto.node);
  propertyEdges(node.properties, edges);
  return edges;
}

function propertyEdges(properties: readonly Property[], edges: NodeIndex[]): void {
  for (const { key, value, get, set } of properties) {
    for (const edge of [key, value, get, set]) if (typeof edge === 'number') edges.push(edge);
  }
}
