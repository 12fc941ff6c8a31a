// From whom an executor gets a shared value, by the rule alone.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ExecutorId } from '../../../lib/core/ids.js';
import { PART } from '../../../lib/transport/tcp/limits.js';
import { LEAST_BETWEEN, LONGEST_CHAIN, ValueSources } from '../../../lib/transport/tcp/value-sources.js';

const KEY = 7;
const nameOf = (i: number) => `executor ${i}` as ExecutorId;
const servesOf = (i: number) => ({ host: '127.0.0.1', port: 1000 + i });

/** Asks for executor i; whom it is to get the value from. */
function ask(sources: ValueSources, i: number, bytes = LEAST_BETWEEN): number | undefined {
  const from = sources.choose(KEY, bytes, nameOf(i), servesOf(i));
  return from === undefined ? undefined : from.port - 1000;
}

describe('the sources of a shared value', () => {
  test('are the driver alone where it is small', () => {
    const sources = new ValueSources();
    for (let i = 0; i < 5; i++) assert.equal(ask(sources, i, LEAST_BETWEEN - 1), undefined);
  });

  test('are the driver once, then a chain of those who are getting it, and another one where that is as long as the value', () => {
    const four = new ValueSources();
    const asked = Array.from({ length: 10 }, (_, i) => ask(four, i, 4 * PART));
    assert.deepEqual(asked, [undefined, 0, 1, 2, 3, 0, 5, 6, 7, 4]);
    const long = new ValueSources();
    const chain = Array.from({ length: LONGEST_CHAIN + 2 }, (_, i) => ask(long, i, 1000 * PART));
    assert.deepEqual(chain, [undefined, ...Array.from({ length: LONGEST_CHAIN }, (_, i) => i), 0]);
  });

  test('are first of all those who have all of it', () => {
    const sources = new ValueSources();
    for (let i = 0; i < 4; i++) ask(sources, i); // each from the one before
    for (const i of [0, 2]) sources.whole(KEY, nameOf(i));
    assert.equal(ask(sources, 4), 1, '0 and 2 still serve another, as 1 does no more');
    sources.whole(KEY, nameOf(1));
    assert.equal(ask(sources, 5), 0);
  });

  test('are none that could not give it, were lost, or have let it go', () => {
    const sources = new ValueSources();
    assert.equal(ask(sources, 0), undefined);
    sources.whole(KEY, nameOf(0));
    assert.equal(ask(sources, 1), 0);
    sources.failed(KEY, nameOf(1));
    assert.equal(ask(sources, 2), 1, 'the driver sends it to 1, and 0 is out');
    sources.lose(nameOf(1));
    assert.equal(ask(sources, 3), 2);
    sources.forget(KEY, nameOf(2));
    assert.equal(ask(sources, 4), 3);
    for (const i of [0, 3, 4]) sources.forget(KEY, nameOf(i));
    assert.equal(ask(sources, 5), undefined, 'nobody is left');
  });

  test('never wait for each other in a circle', () => {
    const event = fc.record({ who: fc.nat(9), what: fc.constantFrom('ask', 'ask', 'whole', 'failed', 'forget', 'lose') });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), events => {
        const sources = new ValueSources();
        /** Of those that are getting it from another: whom. */
        const from = new Map<number, number | undefined>();
        const gone = new Set<number>(); // nobody comes back by the same name
        for (const { who, what } of events) {
          if (gone.has(who) || (what === 'ask') === from.has(who)) continue;
          if (what === 'ask') {
            const source = ask(sources, who);
            assert.ok(source === undefined || from.has(source), 'it has the value, or is getting it');
            from.set(who, source);
          } else if (what === 'whole' || what === 'failed') {
            sources[what](KEY, nameOf(who));
            from.set(who, undefined);
          } else {
            if (what === 'lose') sources.lose(nameOf(who));
            else sources.forget(KEY, nameOf(who));
            from.delete(who);
            gone.add(who);
          }
          for (const executor of from.keys()) {
            const path = new Set<number>();
            for (let at: number | undefined = executor; at !== undefined; at = from.get(at)) {
              assert.ok(!path.has(at), 'a circle');
              path.add(at);
            }
          }
        }
        for (const executor of from.keys()) sources.forget(KEY, nameOf(executor));
        assert.equal((sources as unknown as { byKey: Map<number, unknown> }).byKey.size, 0);
      }),
    );
  });
});
