// Kernels of designs that were not taken: compiled where they are measured, in the way of those that ship.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const root = new URL('../../../../', import.meta.url); // from dist/benchmarks/alternatives/kernels/

/** Compiles a file of benchmarks/alternatives/kernels/assembly/ to a module over a shared memory. */
export async function compileAlternative(file: string): Promise<WebAssembly.Module> {
  const folder = fileURLToPath(new URL('benchmarks/alternatives/kernels/assembly/', root));
  let compiled: Uint8Array | undefined;
  const { error, stderr } = await main([file, '--baseDir', folder, '--config', 'none', '--outFile', 'out.wasm', ...release()], {
    writeFile: (_name, contents) => {
      compiled = contents as Uint8Array;
    },
  });
  if (error !== null || compiled === undefined) throw new Error(`${file}: ${error?.message ?? 'nothing was compiled'}\n${stderr}`);
  return new WebAssembly.Module(compiled);
}

/** The options of native-shuffle/asconfig.json, as arguments. */
function release(): string[] {
  const config = JSON.parse(readFileSync(new URL('native-shuffle/asconfig.json', root), 'utf8'));
  const { outFile: _, ...options } = config.targets.release as Record<string, unknown>;
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === true) return [`--${name}`];
    return [value].flat().flatMap(one => [`--${name}`, String(one)]);
  });
}
