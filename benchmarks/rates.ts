// What a tinybench run measured, as rows a second.
import type { Bench } from 'tinybench';

/** Prints a table of medians; every task has handled `rows` rows an iteration. A task that threw fails the process. */
export function printRates(title: string, bench: Bench, rows: number): void {
  console.log(title);
  console.table(
    bench.tasks.map(({ name, result }) => {
      if ('error' in result) {
        process.exitCode = 1;
        return { task: name, failed: result.error.message };
      }
      if (!('latency' in result)) return { task: name, failed: result.state };
      const millis = result.latency.p50;
      return {
        task: name,
        'median µs': Number((millis * 1000).toFixed(1)),
        'M rows/s': Number((rows / millis / 1000).toFixed(1)),
        '±%': Number(result.latency.rme.toFixed(1)),
      };
    }),
  );
}
