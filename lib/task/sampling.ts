// What sampling operators ask their random numbers, as plain data: how often a row is taken. A row's answer depends on the
// stream of its block and on the rows before it there, so it is the same however the source is partitioned.

import { readColumn } from '../codec/column.js';
import { KeyIndex } from '../codec/key-index.js';
import { badArgument } from '../core/errors.js';
import type { Rng } from './rng/rng.js';

export type Sampling =
  /** Once where a uniform draw lies in [from, to), else not at all: the parts of one split divide [0, 1) among them. */
  | { readonly kind: 'between'; readonly from: number; readonly to: number }
  /** As often as a Poisson count says: what n draws with replacement from n rows tend to. */
  | { readonly kind: 'poisson'; readonly mean: number }
  /** A fraction for each key; `keys` is a column of them. */
  | { readonly kind: 'byKey'; readonly withReplacement: boolean; readonly keys: Uint8Array; readonly fractions: readonly number[] }
  /** Not how often: a uniform draw, by which rows are ordered. */
  | { readonly kind: 'draw' };

export type Sampler = (rng: Rng, key: unknown) => number;

/** A function of its own for each operator, so that V8 inlines it into the operator's loop. */
export function samplerOf(sampling: Sampling): Sampler {
  switch (sampling.kind) {
    case 'between': {
      const { from, to } = sampling;
      return rng => {
        const draw = rng.uniform();
        return draw >= from && draw < to ? 1 : 0;
      };
    }
    case 'poisson': {
      const { mean } = sampling;
      return rng => rng.poisson(mean);
    }
    case 'byKey':
      return byKey(sampling);
    case 'draw':
      return rng => rng.uniform();
  }
}

function byKey({ withReplacement, keys, fractions }: Extract<Sampling, { kind: 'byKey' }>): Sampler {
  const index = new KeyIndex();
  // Copied, for inside its program a column may begin anywhere, and it is read in place.
  const column = readColumn(new Uint8Array(keys));
  for (let i = 0; i < column.length; i++) index.findOrAdd(column[i]);
  return (rng, key) => {
    const at = index.find(key);
    if (at < 0) throw badArgument('sampleByKey(fractions)', key, 'a fraction for each key; this one has none');
    const fraction = fractions[at]!;
    if (withReplacement) return rng.poisson(fraction);
    return rng.uniform() < fraction ? 1 : 0;
  };
}
