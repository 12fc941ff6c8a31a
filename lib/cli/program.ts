// What the heddle command understands, for everything that main.ts does not recognise by itself: help, the version, and
// mistakes, which get a suggestion and exit code 2.
import { existsSync, readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { ExecutorFlags } from './executor.js';
import type { LaunchFlags } from './launch.js';
import { UsageError } from './usage-error.js';

export async function parseCommand(given: readonly string[]): Promise<void> {
  const program = heddleCommand();
  try {
    if (given.length === 0) {
      program.outputHelp({ error: true });
      throw new UsageError('expected a command');
    }
    await program.parseAsync(given, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and the version end by an error too, whose exit code is 0.
    if (error.exitCode !== 0) throw new UsageError(withScriptHint(error.message.replace(/^error: /, ''), given[0]!));
  }
}

function heddleCommand(): Command {
  const program = new Command('heddle')
    .description('A parallel data engine for Node.js.')
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .configureOutput({ outputError: () => {} }) // main.ts writes it
    .enablePositionalOptions()
    .helpCommand(true)
    .addHelpText('after', '\nheddle COMMAND --help tells more about a command.');
  program
    .command('run')
    .description('run a TypeScript or JavaScript script')
    .usage('SCRIPT [ARGS...]')
    .argument('<script>', 'the script: .ts, .mts, .cts, .tsx, .js, .mjs, .cjs or .jsx')
    .argument('[args...]', "the script's own arguments and flags, passed on untouched")
    .passThroughOptions()
    .addHelpText('after', RUN_HELP)
    .action(async (script: string, scriptArguments: readonly string[]) => {
      const { runScript } = await import('./run.js');
      await runScript(script, scriptArguments);
    });
  program
    .command('executor')
    .description('run tasks for a driver, here or on another machine')
    .option('--connect <host:port>', 'the driver to work for: what its option `listen` says')
    .option('--listen <host:port>', 'where drivers dial it, which have this address in their option `executors`')
    .option('--threads <n>', 'worker threads (default: the parallelism of the machine)')
    .option('--memory <bytes>', 'memory for shuffles, such as 2gb (default: half of the memory, at most 4gb)')
    .option('--secret-file <path>', 'a file with the secret of driver and executors, of mode 0600 (default: HEDDLE_SECRET)')
    .option('--secret-stdin', 'read the secret from the first line of standard input, and end when that ends')
    .addHelpText('after', EXECUTOR_HELP)
    .action(async (flags: ExecutorFlags) => {
      const { runExecutor } = await import('./executor.js');
      await runExecutor(flags);
    });
  program
    .command('launch')
    .description('start executors on other machines over ssh, run a script with them, and end them')
    .usage('--hosts FILE [SCRIPT ARGS...]')
    .requiredOption('--hosts <file>', 'the hosts, one a line')
    .option('--ssh <program>', 'the ssh program (default: HEDDLE_SSH, or ssh)')
    .option(
      '--ssh-option <option>',
      'an option for its -o, such as Port=2222; may be given again',
      (option: string, all: string[]) => [...all, option],
      [],
    )
    .option('--secret-file <path>', 'a file with the secret, of mode 0600 (default: HEDDLE_SECRET; with a script, one is made up)')
    .argument('[script]', 'the script to run; without one, executors run until this command is stopped')
    .argument('[args...]', "the script's own arguments and flags, passed on untouched")
    .passThroughOptions()
    .addHelpText('after', LAUNCH_HELP)
    .action(async (script: string | undefined, scriptArguments: readonly string[], flags: LaunchFlags) => {
      const { launch } = await import('./launch.js');
      await launch(
        { ...flags, ssh: flags.ssh ?? (process.env.HEDDLE_SSH || 'ssh') },
        script === undefined ? [] : [script, ...scriptArguments],
      );
    });
  return program;
}

const LAUNCH_HELP = `
Lines of the hosts file, of which only the host must be there; # begins a comment:
  [USER@]HOST[:SSHPORT] [threads=N] [memory=BYTES] [address=HOST[:PORT]] [node=PATH] [heddle=PATH]

  address  where this machine and the other hosts reach it (default: where ssh does, and any port)
  node     the Node.js to use (default: node)
  heddle   the heddle command, or the folder of the package (default: heddle)

Hosts need Node.js and heddle, and a key with which ssh asks for nothing. They must reach each other.

Examples:
  heddle launch --hosts hosts.conf job.ts --day 2026-11-27
  heddle launch --hosts hosts.conf --secret-file ~/.heddle-secret`;

const EXECUTOR_HELP = `
It needs Node and heddle, and nothing of the script's: code is sent to it, with the modules that it imports. Files that a script reads or writes must be where
it finds them under the same path.

Examples:
  HEDDLE_SECRET=... heddle executor --connect 10.0.0.1:7077
  heddle executor --listen 10.0.0.2:7077 --threads 16 --secret-file ~/.heddle-secret`;

const RUN_HELP = `
The script may be TypeScript, needs no build, and can import 'heddle' from any folder.
Flags of Node itself go into NODE_OPTIONS: NODE_OPTIONS=--max-old-space-size=8192 heddle run script.ts

Examples:
  heddle run examples/wordcount.ts --top 20
  HEDDLE_THREADS=2 heddle run examples/pi.ts --samples 50000000`;

/** The script was given where the command belongs: say what would have worked. */
function withScriptHint(message: string, first: string): string {
  return /\.[cm]?[jt]sx?$/.test(first) && existsSync(first) ? `${message}; to run a script: heddle run ${first}` : message;
}

function packageVersion(): string {
  // dist/lib/cli/ is three folders below the package's root.
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
