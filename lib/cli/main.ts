#!/usr/bin/env node
// The heddle command. `heddle run SCRIPT` is recognised without the parser, which only the rest loads: a script should
// start as quickly as it does under node.
import { builtFile } from '../core/places.js';
import { UsageError } from './usage-error.js';

try {
  await main(process.argv.slice(2));
} catch (error) {
  // Anything else is the script's own error, and Node shows it with the script's file and line.
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`heddle: ${error.message}\n`);
  process.exitCode = 2;
}

async function main(given: readonly string[]): Promise<void> {
  const [command, ...rest] = given;
  // `--` before the script ends the options of heddle; after it, it is the script's.
  const operands = rest[0] === '--' ? rest.slice(1) : rest;
  const [script, ...scriptArguments] = operands;
  if (command === 'run' && script !== undefined && (operands !== rest || !script.startsWith('-'))) {
    const { runScript } = (await import(builtFile('lib/bundle/run.js').href)) as typeof import('./run.js');
    return runScript(script, scriptArguments);
  }
  const { parseCommand } = await import('./program.js');
  return parseCommand(given);
}
