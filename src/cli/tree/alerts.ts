import { Option } from 'commander';
import { wholeNumber } from './options.ts';
import type { Tree } from './tree.ts';

/** Alerts, what keeps them quiet, and the incidents they make. */
export function addAlerts({ lazily, group }: Tree): void {
  const alerts = group('alerts', 'what is wrong, and who was told', async () => (await import('../commands/alerts.ts')).list);
  alerts
    .command('list')
    .description('the alerts that fire, newest first')
    .option('--all', 'also those that are over')
    .addOption(new Option('--level <level>', 'only of this level').choices(['info', 'warning', 'critical', 'emergency']))
    .option('--last <count>', 'how many', wholeNumber, 50)
    .action(lazily(async () => (await import('../commands/alerts.ts')).list));
  alerts
    .command('show <alert_id>')
    .description('one alert, with its timeline and what was told of it; the beginning of its id will do')
    .action(lazily(async () => (await import('../commands/alerts.ts')).show));
  alerts
    .command('ack <alert_id...>')
    .description('take alerts on: they are told no more until they are over, change their level, or the time has passed')
    .option('--for <time>', 'for how long, such as 2h (default: until they are over)')
    .option('--by <name>', 'who has them (default: who runs this)')
    .option('--note <text>', 'what to keep with it')
    .action(lazily(async () => (await import('../commands/alerts.ts')).ack));
  alerts
    .command('unack <alert_id...>')
    .description('give alerts back that somebody took on: they are told again')
    .option('--note <text>', 'what to keep with it')
    .action(lazily(async () => (await import('../commands/alerts.ts')).unack));
  alerts
    .command('silence <matcher...>')
    .description('keep what matches quiet for a while: agent=a1, rule~disk_*, level!=emergency; all must match')
    .requiredOption('--reason <text>', 'why')
    .option('--for <time>', 'for how long', '1h')
    .action(lazily(async () => (await import('../commands/alerts.ts')).silence));
  alerts
    .command('test-channel <name>')
    .description('send a test message by a channel and tell what came of it')
    .addOption(new Option('--timeout <time>', 'how long to wait for it').default('20s'))
    .action(lazily(async () => (await import('../commands/channels.ts')).test));
  const silences = group('silences', 'what is kept quiet', async () => (await import('../commands/quiet.ts')).silences);
  silences
    .command('list')
    .description('silences, the last to end first; `muster alerts silence` makes one')
    .option('--all', 'also those that are over')
    .action(lazily(async () => (await import('../commands/quiet.ts')).silences));
  silences
    .command('end <silence_id...>')
    .description('end silences now; the beginning of an id will do')
    .action(lazily(async () => (await import('../commands/quiet.ts')).end));
  const maintenance = group('maintenance', 'windows in which work is planned', async () => (await import('../commands/quiet.ts')).windows);
  maintenance
    .command('list')
    .description('maintenance windows, the next first')
    .action(lazily(async () => (await import('../commands/quiet.ts')).windows));
  maintenance
    .command('add <matcher...>')
    .description('keep what matches quiet while work is done: once (--from, --to or --for), or again and again (--cron, --for)')
    .requiredOption('--name <name>', 'what people call it')
    .requiredOption('--reason <text>', 'why')
    .option('--cron <expression>', 'when it opens: five fields, as "0 3 * * 6"')
    .option('--time-zone <zone>', 'of the cron expression (default: UTC)')
    .option('--for <time>', 'how long it is open, such as 45m')
    .option('--from <time>', 'when it opens, once: 22:00, 2h for in two hours, or a time (default: now)')
    .option('--to <time>', 'when it closes, once')
    .action(lazily(async () => (await import('../commands/quiet.ts')).add));
  maintenance
    .command('end <window_id...>')
    .description('delete maintenance windows, open or to come; the beginning of an id will do')
    .action(lazily(async () => (await import('../commands/quiet.ts')).remove));
  const incidents = group(
    'incidents',
    'alerts with one cause, and their story',
    async () => (await import('../commands/incidents.ts')).list,
  );
  incidents
    .command('list')
    .description('the incidents that are open, newest first')
    .option('--all', 'also those that are over')
    .option('--last <count>', 'how many', wholeNumber, 50)
    .action(lazily(async () => (await import('../commands/incidents.ts')).list));
  incidents
    .command('show <incident_id>')
    .description('one incident: alerts, who was told, escalations, healing, notes; the beginning of its id will do')
    .action(lazily(async () => (await import('../commands/incidents.ts')).show));
  incidents
    .command('ack <incident_id>')
    .description('take all alerts of it on that fire and nobody has')
    .option('--for <time>', 'for how long, such as 2h (default: until they are over)')
    .option('--by <name>', 'who has them (default: who runs this)')
    .option('--note <text>', 'what to keep with it')
    .action(lazily(async () => (await import('../commands/incidents.ts')).ack));
  incidents
    .command('note <incident_id> <text...>')
    .description('add a note to it, also when it is over')
    .option('--by <name>', 'who says it (default: who runs this)')
    .action(lazily(async () => (await import('../commands/incidents.ts')).note));
  incidents
    .command('export <incident_id>')
    .description('the beginning of its post-mortem, in Markdown')
    .option('--out <file>', 'write it to a new file')
    .action(lazily(async () => (await import('../commands/incidents.ts')).exportOne));
}
