import { Option } from 'commander';
import { alertLevel, wholeNumber } from './options.ts';
import type { Tree } from './tree.ts';

/** What heals. */
export function addRecovery({ program, lazily, group }: Tree): void {
  const recovery = group(
    'recovery',
    'healing: what was tried, and what may be',
    async () => (await import('../commands/recovery.ts')).runs,
  );
  recovery
    .command('runs')
    .description('what was proposed and done, newest first')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .option('--state <state>', 'only those in this state: proposed, running, effective, ineffective, failed, …')
    .option('--action <name>', 'only of this action')
    .action(lazily(async () => (await import('../commands/recovery.ts')).runs));
  recovery
    .command('show <run_id>')
    .description('one run: plan, symptom before and after, every step; the beginning of its id will do')
    .action(lazily(async () => (await import('../commands/recovery.ts')).show));
  recovery
    .command('actions')
    .description('the healing actions, how far each may go by itself, and how often it helped')
    .action(lazily(async () => (await import('../commands/recovery.ts')).actions));
  recovery
    .command('dry-run <action> <target>')
    .description('print exactly what an action would do to a target, such as agent=a1, and what would hold it back')
    .addOption(alertLevel('warning'))
    .action(lazily(async () => (await import('../commands/recovery.ts')).rehearse));
  recovery
    .command('propose <action> <target>')
    .description('propose a run by hand; it goes the way of every proposal')
    .addOption(alertLevel('warning'))
    .option('--because <text>', 'why', 'asked for by hand')
    .action(lazily(async () => (await import('../commands/recovery.ts')).suggest));
  recovery
    .command('approve <run_id>')
    .description('agree to a proposed run')
    .action(lazily(async () => (await import('../commands/recovery.ts')).agree));
  recovery
    .command('reject <run_id>')
    .description('refuse a run that has not begun')
    .option('--reason <text>', 'why', 'rejected')
    .action(lazily(async () => (await import('../commands/recovery.ts')).refuse));
  recovery
    .command('undo <run_id>')
    .description('take a run back, by the undo its action declares')
    .action(lazily(async () => (await import('../commands/recovery.ts')).undo));
  recovery
    .command('mode <action> <mode>')
    .description('how far an action may go by itself: off, suggest, approve, auto')
    .addOption(
      new Option('--level <level>', 'for alerts of this level only')
        .choices(['info', 'warning', 'critical', 'emergency', 'any'])
        .default('any'),
    )
    .action(lazily(async () => (await import('../commands/recovery.ts')).mode));
  recovery
    .command('resume [action]')
    .description('let an action go on that was stopped because it did not help; without one, let all healing go on after a halt')
    .action(lazily(async () => (await import('../commands/recovery.ts')).goOn));
  recovery
    .command('halt')
    .description('start nothing more until `resume`')
    .action(lazily(async () => (await import('../commands/recovery.ts')).halt));
  program
    .command('events')
    .description('what happens, as it happens')
    .option('--last <count>', 'begin with this many past events', wholeNumber, 20)
    .option('--type <noun:verb>', 'only events of this type')
    .option('--agent <agent_id>', 'only events of this agent')
    .option('--no-follow', 'print the past events and end')
    .action(lazily(async () => (await import('../commands/events.ts')).run));
  program
    .command('logs')
    .description('what agents say')
    .option('--last <count>', 'begin with this many past lines', wholeNumber, 50)
    .option('--agent <agent_id>', 'only of this agent')
    .option('--run <run_id>', 'only of this run')
    .option('--level <level>', 'this level and above: debug, info, warn, error')
    .option('--search <text>', 'only lines with this text in message or fields')
    .option('--follow', 'go on with what comes', false)
    .action(lazily(async () => (await import('../commands/logs.ts')).run));
}
