// Piscina and postMessage by hand: what a person writes who wants every core and has no engine.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Contender, Setting } from '../contender.js';
import { nodeProgram, packageVersion } from './node.js';
import { processContender } from './process.js';

export function piscina(setting: Setting): Contender {
  return processContender(setting, {
    name: 'piscina',
    jobs: ['wordcount', 'pi', 'reduceByKey'],
    ready: async () => null,
    version: async () => packageVersion(join(dirname(fileURLToPath(import.meta.resolve('piscina'))), '..')),
    session: args => nodeProgram('piscina/session.js', args),
  });
}
