// Heddle with executors, and the streams of shuffle data between them.
import { existsSync } from 'node:fs';
import { PACKAGE_ROOT } from '../anchors/cache.js';
import type { Contender, Setting } from '../contender.js';
import type { JobName } from '../jobs.js';
import { HEDDLE_COMMAND } from './heddle.js';
import { nodeProgram, packageVersion } from './node.js';
import { processContender } from './process.js';

export const EXECUTORS = 'executors';
export const ONE_KILLED = 'executors, one killed';
export const PLAIN_STREAM = 'stream, plain TCP';
export const TLS_STREAM = 'stream, TLS';

export const executors = (setting: Setting) =>
  contender(EXECUTORS, setting, 'heddle/executors.js', ['executors-wordcount', 'executors-tasks', 'executors-killed']);
export const oneKilled = (setting: Setting) => contender(ONE_KILLED, setting, 'heddle/executors.js', ['executors-killed'], 'kill');
export const plainStream = (setting: Setting) => contender(PLAIN_STREAM, setting, 'fetch/session.js', ['executors-fetch'], 'plain');
export const tlsStream = (setting: Setting) => contender(TLS_STREAM, setting, 'fetch/session.js', ['executors-fetch'], 'tls');

function contender(name: string, setting: Setting, program: string, jobs: readonly JobName[], ...more: string[]): Contender {
  return processContender(setting, {
    name,
    jobs,
    ready: async () => (existsSync(HEDDLE_COMMAND) ? null : 'not built (npm run build)'),
    version: async () => packageVersion(PACKAGE_ROOT),
    session: args => nodeProgram(program, [...args, ...more]),
  });
}
