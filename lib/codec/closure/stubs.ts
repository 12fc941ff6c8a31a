// What stands in a worker for code that tools inject into the user's.

/** esbuild's `__name(fn, 'name')` keeps names through minifying; inside a hot closure it would only cost time. */
export function nameStub<T>(target: T): T {
  return target;
}

const ANY_BRANCH: ProxyHandler<Record<PropertyKey, number[]>> = {
  get: (branches, key) => (branches[key] ??= []),
};

const COUNTERS = {
  s: {},
  f: {},
  b: new Proxy<Record<PropertyKey, number[]>>({}, ANY_BRANCH),
  bT: new Proxy<Record<PropertyKey, number[]>>({}, ANY_BRANCH),
};

/** istanbul's counters: what a worker counts reaches no report, so anything that can be incremented will do. */
export function coverageStub(): typeof COUNTERS {
  return COUNTERS;
}
