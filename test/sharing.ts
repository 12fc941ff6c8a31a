// Which test files share a process with others in a run of all, and what they must not do there.

/** Starting a process, with the modules of the engine, takes longer than most of these run. */
const FOLDERS = /^(?:codec\/[^/]+|(?:plan|scheduler|shuffle|storage|task)\/.+)\.test\.[jt]s$/;
/** A hook for each test of the process, and what stays changed for the next file. */
const TRACES = /^(?:beforeEach|afterEach)\(|\bprocess\.(?:chdir|exit|on|once|env\.\w+ =)|\bsetFlagsFromString\b/m;

/** By the name in the folder of the tests. */
export function isSharing(name: string): boolean {
  return FOLDERS.test(name);
}

/** Whether a file of this text leaves its process otherwise than it was. */
export function leavesTraces(text: string): boolean {
  return TRACES.test(text);
}
