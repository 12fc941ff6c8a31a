// Spark's RDD API from Java, on the jars that come with pyspark: no Python between the JVM and the work.
import { mkdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { globSync } from 'tinyglobby';
import type { Contender, Setting } from '../contender.js';
import { processContender } from '../contenders/process.js';
import type { JobName } from '../jobs.js';
import { anchorSource, buildOnce, missingPackages, PINNED } from './cache.js';
import { capture } from './capture.js';

export const SPARK = 'spark';
const GIB = 2 ** 30;
const JOBS_OF_SPARK: readonly JobName[] = [
  'wordcount',
  'pi',
  'pi-loop',
  'reduceByKey',
  'groupByKey',
  'group-sums',
  'partitionBy',
  'sortByKey',
  'join',
  'tasks',
];

/** The packages of the JDK that Spark reaches into; its own launcher opens the same. */
const OPENED = [
  'java.lang',
  'java.lang.invoke',
  'java.lang.reflect',
  'java.io',
  'java.net',
  'java.nio',
  'java.util',
  'java.util.concurrent',
  'java.util.concurrent.atomic',
  'sun.nio.ch',
  'sun.nio.cs',
  'sun.security.action',
  'sun.util.calendar',
];

export function spark(setting: Setting): Contender {
  let classes = '';
  const heap = Math.max(1, Math.min(8, Math.floor(totalmem() / GIB / 2)));
  return processContender(setting, {
    name: SPARK,
    jobs: JOBS_OF_SPARK,
    async ready() {
      const missing = await missingPackages(setting.cache, ['pyspark']);
      if (missing !== null) return missing;
      const [compiler, runtime] = [await capture('javac', ['-version']), await capture('java', ['-version'])];
      const failure = compiler.failure ?? runtime.failure;
      if (failure !== null) return `needs a JDK: ${failure}`;
      const built = await buildOnce(setting.cache, 'SparkJobs.java', `${PINNED.pyspark} ${compiler.output}`, async target => {
        mkdirSync(target, { recursive: true });
        const args = ['-cp', join(jars(setting.cache), '*'), '-d', target, anchorSource('SparkJobs.java')];
        return (await capture('javac', args)).failure;
      });
      if ('failure' in built) return `javac: ${built.failure}`;
      classes = built.path;
      return null;
    },
    version: async () => `${PINNED.pyspark}, ${(await capture('java', ['-version'])).output.split('\n')[0]}, heap ${heap} GiB`,
    session: args => ({
      file: 'java',
      args: [
        `-Xmx${heap}g`,
        ...OPENED.map(name => `--add-opens=java.base/${name}=ALL-UNNAMED`),
        '-Djdk.reflect.useDirectMethodHandle=false',
        '-cp',
        [classes, join(jars(setting.cache), '*')].join(delimiter),
        'SparkJobs',
        ...args,
      ],
    }),
  });
}

/** The jars inside the Python environment, whose folder is named after the version of Python. */
function jars(cache: string): string {
  const pattern = ['venv/lib/python3*/site-packages/pyspark/jars', 'venv/Lib/site-packages/pyspark/jars'];
  const [folder] = globSync(pattern, { cwd: cache, absolute: true, onlyDirectories: true });
  if (folder === undefined) throw new Error(`pyspark has no jars in ${cache}`);
  return folder;
}
