// On the driver: bundles of the modules that closures use, for executors, which have no file of the script's. One for each
// script, of all that its functions may ask for, made when a closure first asks for any: so what two closures of a script import
// is one instance in a thread, also where one module imports the other. What cannot be bundled is left out, and refused to
// the closures that use it.
import { HeddleError } from '../../core/errors.js';
import { giveMap } from '../../core/sourcemap.js';
import { type Bundling, bundle } from './bundle.js';
import { MODULES_NAME, type ModuleUse, useKey } from './bundled.js';
import type { Referable } from './reference.js';
import { usesOf } from './specifiers.js';
import type { ShippedClosure } from './types.js';

/** A bundle that has the modules, or the one that cannot be in any, and why. */
export type Bundled = { readonly modules: Referable } | { readonly refused: ModuleUse; readonly why: string };

export class ModuleBundles {
  private readonly scripts = new Map<string, ScriptModules>();

  /** `make` gives a bundle the name that closures know it by; `content` gives its modules in a worker. */
  constructor(private readonly make: (content: ShippedClosure) => Referable) {}

  /** Modules that code of a script uses. `script`: V8's id of it, '' for none; `parent`: the URL that it resolves them against. */
  bundleFor(script: string, parent: string, uses: readonly ModuleUse[]): Bundled {
    const key = script === '' ? parent : script;
    let modules = this.scripts.get(key);
    if (modules === undefined) this.scripts.set(key, (modules = new ScriptModules(parent, usesOf(script), this.make)));
    return modules.bundleFor(uses);
  }
}

class ScriptModules {
  private readonly failures = new Map<string, string>();
  private readonly contained = new Set<string>();
  private readonly main: Referable;
  /** Modules that the syntax did not tell of. */
  private readonly others = new Map<string, Referable>();

  constructor(
    private readonly parent: string,
    known: readonly ModuleUse[],
    private readonly make: (content: ShippedClosure) => Referable,
  ) {
    let bundling = bundle(parent, known);
    let bundled = known;
    if (!('bundle' in bundling)) {
      // One by one they tell which of them are at fault.
      bundled = known.filter(use => this.canBundle(use));
      bundling = bundle(parent, bundled);
    }
    this.main = this.made(bundling);
    for (const use of bundled) this.contained.add(useKey(use));
  }

  bundleFor(uses: readonly ModuleUse[]): Bundled {
    if (uses.every(use => this.contained.has(useKey(use)))) return { modules: this.main };
    const key = uses.map(useKey).sort().join('\n');
    const known = this.others.get(key);
    if (known !== undefined) return { modules: known };
    const refused = uses.find(use => !this.contained.has(useKey(use)) && !this.canBundle(use));
    if (refused !== undefined) return { refused, why: this.failures.get(useKey(refused))! };
    const other = this.made(bundle(this.parent, uses));
    this.others.set(key, other);
    return { modules: other };
  }

  private canBundle(use: ModuleUse): boolean {
    const key = useKey(use);
    if (this.failures.has(key)) return false;
    const bundling = bundle(this.parent, [use]);
    if ('failure' in bundling) this.failures.set(key, bundling.failure);
    return 'bundle' in bundling;
  }

  private made(bundling: Bundling): Referable {
    if (!('bundle' in bundling)) {
      throw new HeddleError(
        'HEDDLE_CLOSURE',
        `the modules of ${this.parent} can be bundled one by one, and not together: ${bundling.failure}`,
      );
    }
    const { hash, text, bytes, map } = bundling.bundle;
    giveMap(MODULES_NAME + hash, map);
    return this.make({ id: 0, entry: 0, nodes: [{ kind: 'modules', hash, text }], order: [0], bytes });
  }
}
