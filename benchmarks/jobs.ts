// The jobs, their sizes and their answers. Every contender does the same work and gives one number, which is checked:
// a fast wrong answer is a failure, not a figure.

import type { StandardText } from './text.js';

export const JOB_NAMES = [
  'wordcount',
  'wordcount-1gb',
  'wordcount-json',
  'pi',
  'pi-loop',
  'reduceByKey',
  'skew',
  'groupByKey',
  'group-sums',
  'partitionBy',
  'sortByKey',
  'join',
  'tasks',
  'mxr',
  'pagerank',
  'spill-sort',
  'spill-group',
  'executors-wordcount',
  'executors-tasks',
  'executors-killed',
  'executors-fetch',
] as const;
export type JobName = (typeof JOB_NAMES)[number];

/** The distinct keys of every job over (i mod KEYS, 1) records. */
export const KEYS = 1_000_000;

/** 2^32 over the golden ratio: neighbours end up far apart. */
export const SCATTER = 2_654_435_761;

/** The shuffle of many small blocks. */
export const MXR = { maps: 4000, reducers: 5000 } as const;

/** The graph that is ranked: link i goes from node i mod `nodes` to targetOf(i). */
export const PAGERANK = { nodes: 1_000_000, rounds: 10, damping: 0.85 } as const;
/** The sum of rank * (node mod 97 + 1), rounded: the ranks differ in their last digits by the order in which shares are added. */
const PAGERANK_CHECKSUM = 48_999_025;

export function targetOf(link: number): number {
  return ((link * SCATTER) % 2 ** 31) % 1_000_000;
}

/** What a ranking is held against. */
export function checkRanks(ranks: Iterable<readonly [node: number, rank: number]>): Answer {
  let [answer, sum] = [0, 0];
  for (const [node, rank] of ranks) {
    answer++;
    sum += rank * ((node % 97) + 1);
  }
  return { answer, total: Math.round(sum) };
}

/** How many times a text is read for its lines to be grouped. */
export const TEXTS_GROUPED = 4;

/** What the counted text holds. */
export interface TextFacts {
  readonly lines: number;
  /** How many different words lines begin with. */
  readonly firstWords: number;
  readonly words: number;
  readonly distinct: number;
  /** How many of the words are empty: a line split at every blank has some, and some programs leave them out. */
  readonly empty: number;
}

/** The answer of one run, and for a word count also the sum of the counts where a contender gives it. */
export interface Answer {
  readonly answer: number;
  readonly total?: number;
}

export interface Job {
  readonly name: JobName;
  /** What is done, for the heading of its table. */
  readonly title: string;
  /** Trials, records or tasks; for a word count the text decides. */
  readonly size: number;
  /** The generated text that is counted, by its size. */
  readonly text: StandardText;
  readonly phases: Phases;
  /** The option `memory` of Heddle, where the job is about running out of it. */
  readonly memory?: string;
}

/** What is measured: runs in one process that stays, whole processes from start to exit. */
export type Phases = readonly ('warm' | 'whole')[];

const BOTH: Phases = ['warm', 'whole'];

export const JOBS: Readonly<Record<JobName, Job>> = {
  wordcount: job('wordcount', 'word count of a text: split every line at blanks, count each word, collect', 0, BOTH),
  'wordcount-1gb': { ...job('wordcount-1gb', 'word count of 1 GB of text: for its memory', 0, ['whole']), text: '1 GB' },
  'wordcount-json': job('wordcount-json', 'word count of a text whose lines go through JSON first', 0),
  pi: job('pi', 'Pi: 100 M random points, how many fall inside the circle', 100e6, BOTH),
  'pi-loop': job('pi-loop', 'Pi: 100 M random points, one hand-written loop per partition', 100e6),
  reduceByKey: job('reduceByKey', '20 M records (i mod 1 M, 1): sum by key, count the keys', 20e6),
  skew: job('skew', '20 M records, half of them of one key: sum by key, count the keys', 20e6),
  groupByKey: job('groupByKey', '20 M records (i mod 1 M, 1): group by key, count the groups', 20e6, BOTH),
  'group-sums': job('group-sums', '20 M records (i mod 1 M, 1): group by key, add up the values of each group', 20e6, BOTH),
  partitionBy: job('partitionBy', '20 M records (i mod 1 M, 1): partition by hash, count the records', 20e6),
  sortByKey: job('sortByKey', '5 M records with scattered keys: sort by key, count the records', 5e6),
  join: job('join', '2 M records (i mod 1 M, 1) joined with 1 M, count the pairs', 2e6),
  tasks: job('tasks', '10,000 tasks of one record each', 10_000),
  mxr: job('mxr', 'M x R: 20 M records from 4,000 maps to 5,000 reducers, about one for each pair, added up', 20e6, BOTH),
  pagerank: job('pagerank', 'PageRank: 1 M nodes, 10 M links that are in memory, 10 rounds', 10e6),
  'spill-sort': { ...job('spill-sort', '100 M records with scattered keys, sorted by key in 256 MB', 100e6, ['whole']), memory: '256mb' },
  'spill-group': {
    ...job('spill-group', '4 GB of text, its lines grouped by their first word in 256 MB', 0, ['whole']),
    text: '1 GB',
    memory: '256mb',
  },
  'executors-wordcount': job('executors-wordcount', 'wordcount on as many executors of one thread as others have threads', 0),
  'executors-tasks': job('executors-tasks', '10,000 tasks of one record each, on executors of one thread', 10_000),
  'executors-killed': job(
    'executors-killed',
    'wordcount on two executors: undisturbed, and with one killed half-way through the map tasks',
    0,
  ),
  'executors-fetch': job('executors-fetch', '256 MiB of shuffle data in one stream from process to process', 256 * 2 ** 20),
};

function job(name: JobName, title: string, size: number, phases: Phases = ['warm']): Job {
  return { name, title, size, text: '100 MB', phases };
}

export function isJobName(name: string): name is JobName {
  return (JOB_NAMES as readonly string[]).includes(name);
}

/** What is wrong with an answer, or null when it is right. */
export function checkAnswer(name: JobName, size: number, text: TextFacts, got: Answer): string | null {
  if (name === 'pi' || name === 'pi-loop') return checkPi(size, got.answer);
  if (isWordCount(name)) return checkWords(text, got);
  if (name === 'spill-group') return checkGroups(text, got);
  if (name === 'pagerank' && got.total !== PAGERANK_CHECKSUM) return `has a checksum of ${got.total}, expected ${PAGERANK_CHECKSUM}`;
  const expected = expectedCount(name, size);
  return got.answer === expected ? null : `answered ${got.answer}, expected ${expected}`;
}

type WordCount = 'wordcount' | 'wordcount-1gb' | 'wordcount-json' | 'executors-wordcount' | 'executors-killed';

export function isWordCount(name: JobName): name is WordCount {
  return name.startsWith('wordcount') || name === 'executors-wordcount' || name === 'executors-killed';
}

function expectedCount(name: Exclude<JobName, 'pi' | 'pi-loop' | 'spill-group' | WordCount>, size: number): number {
  switch (name) {
    case 'skew': // the odd ones of i mod KEYS, and 0
      return Math.min(Math.floor(size / 2), KEYS / 2) + 1;
    case 'reduceByKey':
    case 'groupByKey':
      return Math.min(size, KEYS);
    case 'pagerank':
      return PAGERANK.nodes;
    case 'join': // every left record whose key is among the keys of the right half
      return size <= KEYS ? Math.floor(size / 2) : joined(size);
    default:
      return size;
  }
}

function joined(left: number): number {
  const right = Math.floor(left / 2);
  const times = (n: number, key: number) => Math.floor(n / KEYS) + (key < n % KEYS ? 1 : 0);
  let pairs = 0;
  for (let key = 0; key < KEYS; key++) pairs += times(left, key) * times(right, key);
  return pairs;
}

/** Any good generator stays within six standard deviations but for two runs in a thousand million. */
function checkPi(trials: number, inside: number): string | null {
  const p = Math.PI / 4;
  const allowed = 6 * Math.sqrt(trials * p * (1 - p));
  const off = Math.abs(inside - trials * p);
  return off <= allowed ? null : `answered ${inside} of ${trials}, which is ${Math.round(off)} off where ${Math.round(allowed)} is chance`;
}

function checkGroups({ lines, firstWords }: TextFacts, { answer, total }: Answer): string | null {
  if (answer === firstWords && total === lines * TEXTS_GROUPED) return null;
  return `made ${answer} groups of ${total} lines, expected ${firstWords} of ${lines * TEXTS_GROUPED}`;
}

/** With the empty words or without them, but with both figures from the same count. */
function checkWords({ words, distinct, empty }: TextFacts, { answer, total }: Answer): string | null {
  const withoutEmpty = empty > 0 && answer === distinct - 1;
  if (answer !== distinct && !withoutEmpty) return `answered ${answer} distinct words, expected ${distinct}`;
  const expected = withoutEmpty ? words - empty : words;
  if (total !== undefined && total !== expected) return `counted ${total} words, expected ${expected}`;
  return null;
}
