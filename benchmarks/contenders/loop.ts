// The plain JavaScript loop on one thread: what an engine has to beat to be worth its while.
import type { Contender, Setting } from '../contender.js';
import { nodeProgram } from './node.js';
import { processContender } from './process.js';

export const LOOP = 'loop';

export function loop(setting: Setting): Contender {
  return processContender(setting, {
    name: LOOP,
    jobs: ['wordcount', 'wordcount-json', 'pi', 'reduceByKey', 'mxr', 'pagerank'],
    ready: async () => null,
    version: async () => process.version,
    session: args => nodeProgram('loops/session.js', args),
  });
}
