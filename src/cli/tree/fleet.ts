import { Option } from 'commander';
import { waiting, wholeNumber } from './options.ts';
import type { Tree } from './tree.ts';

/** `agents <verb>`: what each does to the desired state, or which command it sends. */
const STEERING = [
  ['start', 'desire it active'],
  ['stop', 'desire it inactive: it finishes its run and stays stopped'],
  ['restart', 'stop it and start it again under a new epoch'],
  ['pause', 'keep it, but let it make no runs'],
  ['resume', 'let a paused one run again'],
  ['run', 'one run now, beside its schedule'],
] as const;
export type SteeringVerb = (typeof STEERING)[number][0];

/** `hosts <verb>`: what each makes a host do. */
const HOST_STEERING = [
  ['drain', 'give its agents to the others and take no new ones'],
  ['resume', 'let a drained one take agents again'],
  ['stop', 'drain it and end it: the process of `launch` ends with exit code 0'],
  ['restart', 'drain it and let it join again as a new host, in the same process'],
] as const;
export type HostVerb = (typeof HOST_STEERING)[number][0];

/** Agents and hosts: to see and to steer. */
export function addFleet({ program, lazily, group }: Tree): void {
  program.commandsGroup('Look:');
  program
    .command('status')
    .description('how the fleet is: hosts, agents, database')
    .action(lazily(async () => (await import('../commands/status.ts')).run));
  program
    .command('health [target]')
    .description('the scores, 0 to 100; of a target (fleet, a database, a host, an agent) why it has the one it has')
    .option('--since <time>', 'what changed since then: 09:00, 1h, or a time')
    .action(lazily(async () => (await import('../commands/health.ts')).run));
  const agents = group('agents', 'list and steer agents', async () => (await import('../commands/agents.ts')).list);
  agents
    .command('list')
    .description('all agents')
    .option('--state <state>', 'only those desired so: active, inactive, paused')
    .option('--status <status>', 'only those observed so: running, degraded, lost, …')
    .option('--type <type>', 'only of this type')
    .action(lazily(async () => (await import('../commands/agents.ts')).list));
  agents
    .command('show <agent_id>')
    .description('one agent, with its last runs, moves and commands')
    .action(lazily(async () => (await import('../commands/agents.ts')).show));
  agents
    .command('runs <agent_id>')
    .description('what it did: its runs, newest first')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .option('--outcome <outcome>', 'only those that ended so: failed, timed_out, lost, …')
    .action(lazily(async () => (await import('../commands/ledger.ts')).runs));
  agents
    .command('history <agent_id>')
    .description('which hosts held it, from when to when, and why it moved')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .action(lazily(async () => (await import('../commands/ledger.ts')).history));
  agents
    .command('types')
    .description('the types of agents that this program can run')
    .action(lazily(async () => (await import('../commands/agents.ts')).types));
  for (const [name, description] of STEERING) {
    agents
      .command(`${name} <agent_id...>`)
      .description(description)
      .addOption(waiting())
      .option('--no-wait', 'do not wait for the effect')
      .action(lazily(async () => (await import('../commands/steer.ts')).steer(name)));
  }
  agents
    .command('activate <slot>')
    .description('let a slot run an implementation')
    .requiredOption(
      '--implementation <file|name>',
      'a file to register and run, or the name of a registered one, such as my_agent or my_agent@1a2b3c4d',
    )
    .option('--name <name>', 'register the file under this name (default: the type of its agent)')
    .option('--config <json|@file>', 'the configuration of the agent (default: what the slot had with the same implementation)')
    .addOption(waiting())
    .option('--no-wait', 'do not wait for the effect')
    .action(lazily(async () => (await import('../commands/slots.ts')).activate));
  agents
    .command('deactivate <slot...>')
    .description('free a slot')
    .addOption(waiting())
    .option('--no-wait', 'do not wait for the effect')
    .action(lazily(async () => (await import('../commands/slots.ts')).deactivate));
  agents
    .command('new <name>')
    .description('write an agent file and its test, to begin with')
    .option('--dir <folder>', 'where', 'agents')
    .option('--class', 'as a class that extends BaseAgent')
    .action(lazily(async () => (await import('../commands/new-agent.ts')).run));
  agents
    .command('test [path...]')
    .description('run tests of agents: files, or folders of files named like my-agent.test.ts (default: agents)')
    .action(lazily(async () => (await import('../commands/test-agents.ts')).run));
  const hosts = group('hosts', 'list and steer hosts', async () => (await import('../commands/hosts.ts')).list);
  hosts
    .command('list')
    .description('the hosts that are up, with what they carry')
    .option('--all', 'also those that ended lately')
    .action(lazily(async () => (await import('../commands/hosts.ts')).list));
  hosts
    .command('show <host_id>')
    .description('one host, with its agents; the beginning of its id will do')
    .action(lazily(async () => (await import('../commands/hosts.ts')).show));
  for (const [name, description] of HOST_STEERING) {
    hosts
      .command(`${name} <host_id>`)
      .description(description)
      .addOption(new Option('--timeout <time>', 'how long to wait for the effect').default('60s'))
      .option('--no-wait', 'do not wait for the effect')
      .action(lazily(async () => (await import('../commands/hosts.ts')).steer(name)));
  }
}
