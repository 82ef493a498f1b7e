import { collect, wholeNumber } from './options.ts';
import type { Tree } from './tree.ts';

/** `monitors <verb>`: what each does. */
const MONITOR_STEERING = [
  ['pause', 'expect no calls for now'],
  ['resume', 'expect calls again, from the next one on'],
  ['rotate', 'give it another address; the one before is worth nothing from now on'],
  ['remove', 'forget it'],
] as const;
export type MonitorVerb = (typeof MONITOR_STEERING)[number][0];

/** What is measured and watched, and the rules on it. */
export function addMonitoring({ lazily, group }: Tree): void {
  const metrics = group('metrics', 'what was measured', async () => (await import('../commands/metrics.ts')).names);
  metrics
    .command('names [search]')
    .description('the names there are')
    .action(lazily(async () => (await import('../commands/metrics.ts')).names));
  metrics
    .command('query <metric_name>')
    .description('one metric over time, drawn in the terminal')
    .option('--agent <agent_id>', 'of this agent; repeat it for more', collect, [])
    .option('--last <time>', 'how far back', '1h')
    .option('--points <count>', 'points a series at most', wholeNumber)
    .option('--aggregate <how>', 'avg, min, max, sum, count, last or rate', 'avg')
    .option('--limit <count>', 'series at most', wholeNumber, 5)
    .action(lazily(async () => (await import('../commands/metrics.ts')).query));

  const rules = group('rules', 'what is wrong when', async () => (await import('../commands/rules.ts')).list);
  rules
    .command('list')
    .description('all rules, and how each fares')
    .action(lazily(async () => (await import('../commands/rules.ts')).list));
  rules
    .command('show <name>')
    .description('one rule, and its targets that are not well')
    .action(lazily(async () => (await import('../commands/rules.ts')).show));
  rules
    .command('apply <file>')
    .description('make or replace the rules of a file (YAML or JSON): one, a list, or a section rules')
    .action(lazily(async () => (await import('../commands/rules.ts')).apply));
  rules
    .command('delete <name>')
    .description('delete a rule; what it has open is closed')
    .action(lazily(async () => (await import('../commands/rules.ts')).remove));
  rules
    .command('test <name_or_file>')
    .description('replay a rule over what was measured: when would it have fired?')
    .option('--last <time>', 'how far back', '1d')
    .action(lazily(async () => (await import('../commands/rules.ts')).test));
  const monitors = group('monitors', 'jobs elsewhere that must call', async () => (await import('../commands/monitors.ts')).list);
  monitors
    .command('list')
    .description('all push monitors, those in trouble first')
    .action(lazily(async () => (await import('../commands/monitors.ts')).list));
  monitors
    .command('show <name>')
    .description('one monitor, with what its job must call and what it told lately')
    .action(lazily(async () => (await import('../commands/monitors.ts')).show));
  monitors
    .command('add <name>')
    .description('a new monitor; prints the line that its job must run')
    .option('--every <time>', 'it must call at least so often: 1h, 1d')
    .option('--cron <expression>', 'it must call at these times: "0 3 * * *"')
    .option('--time-zone <zone>', 'of the cron expression (default: UTC)')
    .option('--grace <time>', 'how late it may be, and how long a run may take', '5m')
    .action(lazily(async () => (await import('../commands/monitors.ts')).add));
  for (const [name, description] of MONITOR_STEERING) {
    monitors
      .command(`${name} <name>`)
      .description(description)
      .action(lazily(async () => (await import('../commands/monitors.ts')).steer(name)));
  }
  const watchers = group(
    'watchers',
    'watchers elsewhere that Muster must call',
    async () => (await import('../commands/watchers.ts')).list,
  );
  watchers
    .command('list')
    .description('all watchers, with whether they were reached')
    .action(lazily(async () => (await import('../commands/watchers.ts')).list));
  watchers
    .command('add <name> <url>')
    .description('let Muster call this address, so that whoever waits there notices when it falls silent')
    .option('--every <time>', 'how often', '1m')
    .action(lazily(async () => (await import('../commands/watchers.ts')).add));
  watchers
    .command('remove <name>')
    .description('call it no more')
    .action(lazily(async () => (await import('../commands/watchers.ts')).remove));
}
