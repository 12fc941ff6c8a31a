// C by hand, compiled here for this processor.

import type { Contender, Setting } from '../contender.js';
import { processContender } from '../contenders/process.js';
import { anchorSource, buildOnce } from './cache.js';
import { capture } from './capture.js';

const FLAGS = ['-O3', '-march=native', '-pthread'];

export const C = 'c';

export function native(setting: Setting): Contender {
  let program = '';
  return processContender(setting, {
    name: C,
    jobs: ['wordcount', 'pi', 'reduceByKey'],
    async ready() {
      if (process.platform === 'win32') return 'needs POSIX threads and mmap';
      const compiler = await capture('gcc', ['--version']);
      if (compiler.failure !== null) return compiler.failure;
      const salt = `${compiler.output}${FLAGS}`;
      const built = await buildOnce(setting.cache, 'native.c', salt, async target => {
        const { failure } = await capture('gcc', [...FLAGS, anchorSource('native.c'), '-o', target]);
        return failure;
      });
      if ('failure' in built) return `gcc: ${built.failure}`;
      program = built.path;
      return null;
    },
    version: async () => `${(await capture('gcc', ['--version'])).output.split('\n')[0]}, ${FLAGS.join(' ')}`,
    session: args => ({ file: program, args }),
  });
}
