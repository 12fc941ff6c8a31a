// What only V8 knows of a function: where its source is and what the variables around it hold. Asked through an
// inspector session of this very thread, whose `post` answers synchronously. The session is closed at the end of
// the current turn, for console calls get slower while one is open, and the many closures of one job share it.

import type { Session } from 'node:inspector';
import { createRequire } from 'node:module';

export interface FunctionLocation {
  /** V8's id of the script; '' for native code. */
  readonly script: string;
  /** 0-based. */
  readonly line: number;
  readonly column: number;
}

export interface Scope {
  /** A wrapper is the scope of a function without a name; a CommonJS file is inside one. */
  readonly kind: 'module' | 'closure' | 'wrapper' | 'global';
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface Inspected {
  readonly location: FunctionLocation;
  /** Innermost first; the last but one is the script's or module's own. */
  readonly scopes: readonly Scope[];
  /** Set when the function was made by Function.prototype.bind. */
  readonly bound: { readonly target: unknown; readonly self: unknown; readonly args: readonly unknown[] } | undefined;
}

export interface ScriptInfo {
  readonly url: string;
  readonly isModule: boolean;
  readonly mapUrl: string;
}

interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
}

interface Holder {
  subject?: unknown;
  result?: unknown;
}

const require = createRequire(import.meta.url);
const GROUP = 'heddle';
const DOOR = 'heddle.inspect';

let session: Session | undefined;
let holder: Holder = {};
let holderId = '';
/** Scripts by V8's id. Only what is needed later, so it stays small. */
const scripts = new Map<string, ScriptInfo>();

/** Location and scopes of a function. Throws if the inspector is not available. */
export function inspectFunction(fn: unknown): Inspected {
  open();
  try {
    holder.subject = fn;
    const { result } = post<{ result: RemoteObject }>('Runtime.callFunctionOn', {
      objectId: holderId,
      functionDeclaration: 'function(){return this.subject}',
      objectGroup: GROUP,
    });
    const { internalProperties = [] } = post<{ internalProperties?: { name: string; value?: RemoteObject }[] }>('Runtime.getProperties', {
      objectId: result.objectId,
      ownProperties: true,
    });
    const internal = (name: string) => internalProperties.find(property => property.name === name)?.value;
    const at = internal('[[FunctionLocation]]')?.value as { scriptId: string; lineNumber: number; columnNumber: number } | undefined;
    const target = internal('[[TargetFunction]]');
    return {
      location: { script: at?.scriptId ?? '', line: at?.lineNumber ?? 0, column: at?.columnNumber ?? 0 },
      scopes: readScopes(internal('[[Scopes]]')?.objectId),
      bound: target && {
        target: local(target),
        self: local(internal('[[BoundThis]]')),
        args: local(internal('[[BoundArgs]]')) as unknown[],
      },
    };
  } finally {
    holder.subject = holder.result = undefined;
    post('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  }
}

/** What is known of a script. The debugger is switched on for a moment if V8 has not told of it yet. */
export function scriptInfo(script: string): ScriptInfo | undefined {
  if (!scripts.has(script)) withDebugger(() => {});
  return scripts.get(script);
}

/** The source of a script as V8 runs it. */
export function scriptSource(script: string): string {
  let source = '';
  withDebugger(() => {
    source = post<{ scriptSource: string }>('Debugger.getScriptSource', { scriptId: script }).scriptSource;
  });
  return source;
}

function withDebugger(action: () => void): void {
  open();
  const note = ({ params }: { params: { scriptId: string; url: string; isModule?: boolean; sourceMapURL?: string } }) => {
    const { scriptId, url, isModule = false, sourceMapURL = '' } = params;
    if (!scripts.has(scriptId)) scripts.set(scriptId, { url, isModule, mapUrl: sourceMapURL });
  };
  session!.on('Debugger.scriptParsed', note);
  try {
    post('Debugger.enable');
    action();
  } finally {
    post('Debugger.disable');
    session!.off('Debugger.scriptParsed', note);
  }
}

const KINDS: Readonly<Record<string, Scope['kind']>> = { Module: 'module', Global: 'global', Closure: 'wrapper' };

function readScopes(scopesId: string | undefined): Scope[] {
  if (scopesId === undefined) return [];
  // `this` is V8's own list of scopes; each has a description and an object that holds the variables themselves.
  const list = localById(scopesId) as { description: string; object: Record<string, unknown> }[];
  return Array.from(list, ({ description, object }) => ({
    kind: KINDS[description] ?? 'closure',
    variables: object,
  }));
}

function local(remote: RemoteObject | undefined): unknown {
  return remote?.objectId === undefined ? remote?.value : localById(remote.objectId);
}

/** The object itself behind an id of the inspector. */
function localById(objectId: string): unknown {
  post('Runtime.callFunctionOn', {
    objectId,
    functionDeclaration: 'function(holder){holder.result=this}',
    arguments: [{ objectId: holderId }],
    objectGroup: GROUP,
  });
  return holder.result;
}

function open(): void {
  if (session !== undefined) return;
  const inspector = require('node:inspector') as typeof import('node:inspector');
  const opened = new inspector.Session();
  opened.connect();
  session = opened;
  holder = {};
  holderId = '';
  try {
    holderId = passHolder(inspector) ?? '';
    if (holderId === '') throw new Error('the inspector cannot reach this realm');
  } catch (error) {
    close();
    throw error;
  }
  setImmediate(close).unref();
}

/** Gives the session the holder: over the global object, or from another realm (a vm context) over a built-in module. */
function passHolder(inspector: object): string | undefined {
  const doors: [object, string, boolean][] = [
    [globalThis, 'globalThis', false],
    [inspector, 'require("node:inspector")', true],
  ];
  for (const [door, expression, includeCommandLineAPI] of doors) {
    Object.defineProperty(door, DOOR, { value: holder, configurable: true });
    try {
      const evaluated = post<{ result: RemoteObject }>('Runtime.evaluate', {
        expression: `${expression}["${DOOR}"]`,
        includeCommandLineAPI,
      });
      if (evaluated.result.objectId !== undefined) return evaluated.result.objectId;
    } finally {
      delete (door as Record<string, unknown>)[DOOR];
    }
  }
  return undefined;
}

function close(): void {
  session?.disconnect();
  session = undefined;
  holder = {};
}

function post<T>(method: string, parameters?: object): T {
  let failure: Error | null = null;
  let answer: unknown;
  session!.post(method, parameters, (error: Error | null, result: unknown) => {
    failure = error;
    answer = result;
  });
  if (failure !== null) throw new Error(`inspector: ${method} failed`, { cause: failure });
  return answer as T;
}
