// DuckDB and Polars, from their Python packages.
import type { Contender, Setting } from '../contender.js';
import { processContender } from '../contenders/process.js';
import type { JobName } from '../jobs.js';
import { anchorSource, missingPackages, PINNED, venvPython } from './cache.js';

export const DUCKDB = 'duckdb';
export const POLARS = 'polars';

export function duckdb(setting: Setting): Contender {
  return frames(setting, DUCKDB, ['wordcount', 'wordcount-1gb', 'pi', 'reduceByKey', 'groupByKey', 'group-sums', 'sortByKey', 'join']);
}

export function polars(setting: Setting): Contender {
  return frames(setting, POLARS, ['wordcount', 'wordcount-1gb', 'reduceByKey', 'groupByKey', 'group-sums', 'sortByKey', 'join']);
}

function frames(setting: Setting, name: 'duckdb' | 'polars', jobs: readonly JobName[]): Contender {
  return processContender(setting, {
    name,
    jobs,
    ready: () => missingPackages(setting.cache, [name]),
    version: async () => PINNED[name], // ready() holds the installed version against it
    session: args => ({ file: venvPython(setting.cache), args: [anchorSource('frames.py'), name, ...args] }),
  });
}
