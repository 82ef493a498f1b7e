import { capacity, collect, listens, ownAgents, watch } from './options.ts';
import type { Tree } from './tree.ts';

/** `up`, and what it starts one by one. */
export function addRunning({ program, lazily }: Tree): void {
  program.commandsGroup('Run:');
  const up = program
    .command('up')
    .description('start everything: database, host with agents, API and dashboard')
    .option('--no-open', 'do not open the browser')
    .option('--demo', 'let the synthetic agents make load from the start');
  listens(up)
    .addOption(capacity())
    .addOption(ownAgents())
    .addOption(watch())
    .action(lazily(async () => (await import('../commands/up.ts')).run));
  program
    .command('launch')
    .description('run a host: agents only, no port is opened')
    .addOption(capacity())
    .addOption(ownAgents())
    .addOption(watch())
    .option('--label <name=value>', 'a label for placement; repeat it for more (MUSTER_LABELS=zone=a,disk=ssd)', collect, [])
    .action(lazily(async () => (await import('../commands/launch.ts')).run));
  listens(
    program
      .command('dashboard')
      .description('serve API and dashboard without running agents')
      .option('--no-open', 'do not open the browser'),
  ).action(lazily(async () => (await import('../commands/dashboard.ts')).run));
}
