import { InvalidArgumentError, Option, type Command } from 'commander';

export const waiting = (): Option => new Option('--timeout <time>', 'how long to wait for the effect').default('30s');
export const alertLevel = (preset: string): Option =>
  new Option('--level <level>', 'as if for an alert of this level: the mode of the action depends on it')
    .choices(['info', 'warning', 'critical', 'emergency'])
    .default(preset);
export const capacity = (): Option =>
  new Option(
    '--capacity <count>',
    'agents this host runs at most; 0: it runs none and only watches (MUSTER_CAPACITY, default: 1000)',
  ).argParser(agentCount);
export const ownAgents = (): Option =>
  new Option('--agents <path>', 'agents of your own: a file, or a folder of files; repeat it for more')
    .argParser(collect)
    .default([], 'none');
export const watch = (): Option => new Option('--watch', 'start agents of your own anew when their files change');
export const role = (preset: string): Option =>
  new Option('--role <role>', 'what it may do').choices(['viewer', 'operator', 'administrator']).default(preset);
export const listens = (command: Command): Command =>
  command
    .option('--port <port>', 'the port of API and dashboard; 0 takes a free one (default: 4680)', port)
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1)');
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

export function amount(text: string): number {
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError('It is no amount: write it as 5 or 0.25.');
  return Number(text);
}

function agentCount(text: string): number {
  const value = wholeNumber(text);
  if (value > 100_000) throw new InvalidArgumentError('A host runs at most 100000 agents.');
  return value;
}

function port(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError('A port is at most 65535.');
  return value;
}
