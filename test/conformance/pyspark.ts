// Spark for a test: where it is, or why it is not there. With CI=true what is missing is installed: pyspark into the cache
// folder of the benchmarks, Java by Debian's package manager where this is root.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, installPeers, missingPackages, PACKAGE_ROOT, venvPython } from '../../benchmarks/anchors/cache.js';
import { capture } from '../../benchmarks/anchors/capture.js';

export const IS_CI = process.env.CI === 'true';
/** Spark 4 needs it. */
const LEAST_JAVA = 17;
/** For one process with all jobs; most of it goes into starting Spark. */
const LIMIT_MS = 540_000;

/** Jobs this small end before the better compiler pays: without it Spark takes half of the time. */
const JDK_JAVA_OPTIONS = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';

/** Why there is no Spark to ask, or null. */
export async function whyNoSpark(): Promise<string | null> {
  const cache = cacheFolder();
  const noPackage = IS_CI ? await installPeers(cache, line => console.error(line), ['pyspark']) : await missingPackages(cache, ['pyspark']);
  if (noPackage !== null) return noPackage;
  const noJava = await whyNoJava();
  if (noJava === null || !IS_CI || process.getuid?.() !== 0) return noJava;
  for (const command of ['update', 'install -y --no-install-recommends openjdk-17-jre-headless']) {
    const { failure } = await capture('apt-get', command.split(' '));
    if (failure !== null) return `${noJava}; apt-get could not install it: ${failure}`;
  }
  return whyNoJava();
}

async function whyNoJava(): Promise<string | null> {
  const { output, failure } = await capture('java', ['-version']);
  if (failure !== null) return `Spark needs Java ${LEAST_JAVA}: ${failure}`;
  const version = Number(/version "(\d+)/.exec(output)?.[1]);
  return version >= LEAST_JAVA ? null : `Spark needs Java ${LEAST_JAVA}, here is ${output.split('\n')[0]}`;
}

export interface SparkRequest {
  readonly rdds: Record<string, readonly unknown[]>;
  readonly partitions: number;
  /** Further names for the jobs: paths. */
  readonly names: Record<string, string>;
  /** Python expressions by name. */
  readonly jobs: Record<string, string>;
}
export type SparkAnswer = { readonly value: unknown } | { readonly error: string };

/** Runs all jobs in one process. `folder` is for the request and its answer. */
export async function askSpark(folder: string, request: SparkRequest): Promise<Record<string, SparkAnswer>> {
  const [asked, answered] = [join(folder, 'request.json'), join(folder, 'answer.json')];
  await writeFile(asked, JSON.stringify(request));
  const python = venvPython(cacheFolder());
  const env = {
    ...process.env,
    PYSPARK_PYTHON: python,
    PYSPARK_DRIVER_PYTHON: python,
    SPARK_LOCAL_IP: '127.0.0.1',
    PYTHONHASHSEED: '0',
    JDK_JAVA_OPTIONS,
  };
  const script = join(PACKAGE_ROOT, 'test', 'conformance', 'spark.py');
  const { failure } = await capture(python, [script, asked, answered], { timeout: LIMIT_MS, env });
  if (failure !== null) throw new Error(`Spark did not answer: ${failure}`);
  return JSON.parse(await readFile(answered, 'utf8'), (_, value) => (value?.number === undefined ? value : Number(value.number)));
}
