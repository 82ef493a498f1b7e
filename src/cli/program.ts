import { Command, CommanderError, Option } from 'commander';
import { EXIT, MusterError } from '../base/errors.ts';
import { nearest } from '../config/nearest.ts';
import { Invocation, outputOf, type GlobalOptions } from './invocation.ts';
import { printError } from './print-error.ts';
import { addAlerts } from './tree/alerts.ts';
import { addFleet } from './tree/fleet.ts';
import { addMonitoring } from './tree/monitoring.ts';
import { addOnCall } from './tree/oncall.ts';
import { addRecovery } from './tree/recovery.ts';
import { addRunning } from './tree/run.ts';
import { addSetUp } from './tree/set-up.ts';
import { addTraces } from './tree/traces.ts';
import type { Run, Tree } from './tree/tree.ts';
import { ownVersion } from './version.ts';

/** Parses a command line, runs the command and gives the exit code. Never throws. */
export async function parse(argv: readonly string[]): Promise<number> {
  const outcome: Outcome = { exitCode: EXIT.ok };
  const program = buildProgram(outcome);
  try {
    if (argv.length === 0) program.help();
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const globals = globalsOf(argv, program.opts<GlobalOptions>());
    return printError(outputOf(globals), error instanceof CommanderError ? asUsage(error) : error, { stack: globals.logLevel === 'debug' });
  }
}

interface Outcome {
  exitCode: number;
}

/** The whole tree of commands: help, completion and the reference are made from it. Actions load their file when they run. */
export function buildProgram(outcome: Outcome = { exitCode: EXIT.ok }): Command {
  const program = new Command('muster');
  const lazily =
    (load: () => Promise<Run>) =>
    async (...parameters: unknown[]): Promise<void> => {
      const command = parameters.at(-1) as Command;
      const run = await load();
      outcome.exitCode = (await run(new Invocation(command), command.opts<never>(), ...(command.processedArgs as never[]))) ?? EXIT.ok;
    };
  /** A command of commands. Alone it does what its first one does; a word that is none of them gets a suggestion. */
  const group = (name: string, description: string, load: () => Promise<Run>): Command =>
    program
      .command(name)
      .description(description)
      .argument('[command]')
      .usage('[command]')
      .action(async (word: string | undefined, options: unknown, command: Command) => {
        if (word !== undefined) throw unknownCommand(`${name} ${word}`, word, command);
        await lazily(load)(options, command);
      });

  program
    .description('Runs a fleet of background agents on PostgreSQL.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .option('--json', 'print JSON on standard output, and nothing else')
    .option('--data-dir <folder>', 'where the embedded PostgreSQL keeps its data (default: .muster)')
    .option('--config-dir <folder>', 'where monitoring.yml and enterprise.yml are (default: config)')
    .addOption(new Option('--log-level <level>', 'what to log').choices(['debug', 'info', 'warn', 'error', 'silent']))
    .option('--no-color', 'print without colours')
    .helpCommand(false)
    .helpOption('-h, --help', 'show help')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      '\nStart here:  muster up\nEvery option can also be set in the environment, .env or config/*.yml: see docs/reference/configuration.md.',
    );

  const tree: Tree = { program, lazily, group };
  addRunning(tree);
  addFleet(tree);
  addAlerts(tree);
  addOnCall(tree);
  addRecovery(tree);
  addMonitoring(tree);
  addTraces(tree);
  addSetUp(tree);
  program
    .command('help [command...]')
    .description('show help for a command')
    .action((words: readonly string[]) => {
      let shown: Command = program;
      for (const word of words) {
        const next = shown.commands.find((command) => command.name() === word);
        if (next === undefined) throw unknownCommand(words.join(' '), word, shown);
        shown = next;
      }
      shown.help();
    });
  return program;
}

function unknownCommand(typed: string, word: string, parent: Command): MusterError {
  const meant = nearest(
    word,
    parent.commands.map((command) => command.name()),
  );
  const path = parent.parent === null ? '' : `${parent.name()} `;
  return new MusterError('USAGE', `There is no command "${typed}"`, {
    remedy: meant === undefined ? `Run \`muster help ${path}\` for those there are.` : `Did you mean \`muster ${path}${meant}\`?`,
  });
}

/** Commander words its errors for a terminal; ours carry the suggestion as a remedy. */
function asUsage(error: CommanderError): MusterError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const hint = rest.join(' ').replace(/[()]/g, '').trim();
  return new MusterError('USAGE', first.charAt(0).toUpperCase() + first.slice(1), { remedy: hint === '' ? undefined : hint });
}

/** A line that could not be parsed may still have said how it wants its errors. */
function globalsOf(argv: readonly string[], parsed: GlobalOptions): GlobalOptions {
  return {
    ...parsed,
    json: parsed.json === true || argv.includes('--json'),
    color: parsed.color && !argv.includes('--no-color'),
  };
}
