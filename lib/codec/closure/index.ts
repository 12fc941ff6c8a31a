// The door of this folder. Driver: captureClosure, mapFrames. Worker: reviveClosure, which loads none of the driver's parts.
export { analyseFunction, analyseSource, type FunctionAnalysis, parseFunction } from './analyse.js';
export { isBounded } from './bounded.js';
export { captureClosure, captureValue } from './capture.js';
export { type Combiner, combinerOf, recogniseCombiner } from './combiner.js';
export { SCRIPT_NAME, scriptName } from './compile.js';
export { ClosureError } from './errors.js';
export { closurePlace, type Frame, mapFrames, mapStack } from './locate.js';
export { ModuleBundles } from './module-bundles.js';
export { DRIVER_ONLY } from './objects.js';
export { ownReferences, REFERENCE, type Referable, type Reference, type Resolve, referencesOf } from './reference.js';
export { originalOf } from './registry.js';
export { reviveClosure, reviveValue } from './revive.js';
export { isStateless, ownParts, takesNothing } from './stateless.js';
export type { ShippedClosure } from './types.js';
