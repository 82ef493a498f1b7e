import { wholeNumber } from './options.ts';
import type { Tree } from './tree.ts';

/** Who is told, and when somebody else is. */
export function addOnCall({ lazily, group }: Tree): void {
  const oncall = group('oncall', 'who is on call', async () => (await import('../commands/oncall.ts')).who);
  oncall
    .command('who')
    .description('who is on call now and next, in every schedule')
    .action(lazily(async () => (await import('../commands/oncall.ts')).who));
  oncall
    .command('show <schedule>')
    .description('who is on call in a schedule from now on, with its gaps')
    .option('--days <count>', 'how many days', wholeNumber, 28)
    .action(lazily(async () => (await import('../commands/oncall.ts')).show));
  oncall
    .command('people')
    .description('who can be called, and how')
    .action(lazily(async () => (await import('../commands/oncall.ts')).people));
  oncall
    .command('apply <file>')
    .description('put the people, schedules and escalation policies of a file (YAML or JSON) in force')
    .action(lazily(async () => (await import('../commands/oncall.ts')).apply));
  oncall
    .command('override <schedule> <person>')
    .description('let somebody step in from now on')
    .requiredOption('--for <time>', 'for how long, such as 4h')
    .option('--reason <text>', 'why')
    .action(lazily(async () => (await import('../commands/oncall.ts')).override));
  const escalations = group(
    'escalations',
    'who is told when nobody takes an alert on',
    async () => (await import('../commands/incidents.ts')).escalations,
  );
  escalations
    .command('list')
    .description('escalations under way, newest first')
    .option('--all', 'also those that are over')
    .option('--last <count>', 'how many', wholeNumber, 50)
    .action(lazily(async () => (await import('../commands/incidents.ts')).escalations));
  escalations
    .command('policies')
    .description('who is told when, by which policy')
    .action(lazily(async () => (await import('../commands/incidents.ts')).policies));
  escalations
    .command('start <incident_id> <policy>')
    .description('escalate an incident by hand, from the first step of a policy on')
    .action(lazily(async () => (await import('../commands/incidents.ts')).start));
}
