import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT, MusterError } from '../base/errors.ts';
import { nearest } from '../config/nearest.ts';
import { Invocation, outputOf, type GlobalOptions } from './invocation.ts';
import { printError } from './print-error.ts';
import { ownVersion } from './version.ts';

/** What the file of a command gives: it gets the invocation, its options and its arguments, and may return an exit code. */
type Run = (invocation: Invocation, options: never, ...args: never[]) => Promise<number | void>;

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
    .action(lazily(async () => (await import('./commands/up.ts')).run));
  program
    .command('launch')
    .description('run a host: agents only, no port is opened')
    .addOption(capacity())
    .addOption(ownAgents())
    .addOption(watch())
    .option('--label <name=value>', 'a label for placement; repeat it for more (MUSTER_LABELS=zone=a,disk=ssd)', collect, [])
    .action(lazily(async () => (await import('./commands/launch.ts')).run));
  listens(
    program
      .command('dashboard')
      .description('serve API and dashboard without running agents')
      .option('--no-open', 'do not open the browser'),
  ).action(lazily(async () => (await import('./commands/dashboard.ts')).run));

  program.commandsGroup('Look:');
  program
    .command('status')
    .description('how the fleet is: hosts, agents, database')
    .action(lazily(async () => (await import('./commands/status.ts')).run));
  program
    .command('health [target]')
    .description('the scores, 0 to 100; of a target (fleet, a database, a host, an agent) why it has the one it has')
    .option('--since <time>', 'what changed since then: 09:00, 1h, or a time')
    .action(lazily(async () => (await import('./commands/health.ts')).run));
  const agents = group('agents', 'list and steer agents', async () => (await import('./commands/agents.ts')).list);
  agents
    .command('list')
    .description('all agents')
    .option('--state <state>', 'only those desired so: active, inactive, paused')
    .option('--status <status>', 'only those observed so: running, degraded, lost, …')
    .option('--type <type>', 'only of this type')
    .action(lazily(async () => (await import('./commands/agents.ts')).list));
  agents
    .command('show <agent_id>')
    .description('one agent, with its last runs, moves and commands')
    .action(lazily(async () => (await import('./commands/agents.ts')).show));
  agents
    .command('runs <agent_id>')
    .description('what it did: its runs, newest first')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .option('--outcome <outcome>', 'only those that ended so: failed, timed_out, lost, …')
    .action(lazily(async () => (await import('./commands/ledger.ts')).runs));
  agents
    .command('history <agent_id>')
    .description('which hosts held it, from when to when, and why it moved')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .action(lazily(async () => (await import('./commands/ledger.ts')).history));
  agents
    .command('types')
    .description('the types of agents that this program can run')
    .action(lazily(async () => (await import('./commands/agents.ts')).types));
  for (const [name, description] of STEERING) {
    agents
      .command(`${name} <agent_id...>`)
      .description(description)
      .addOption(waiting())
      .option('--no-wait', 'do not wait for the effect')
      .action(lazily(async () => (await import('./commands/steer.ts')).steer(name)));
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
    .action(lazily(async () => (await import('./commands/slots.ts')).activate));
  agents
    .command('deactivate <slot...>')
    .description('free a slot')
    .addOption(waiting())
    .option('--no-wait', 'do not wait for the effect')
    .action(lazily(async () => (await import('./commands/slots.ts')).deactivate));
  agents
    .command('new <name>')
    .description('write an agent file and its test, to begin with')
    .option('--dir <folder>', 'where', 'agents')
    .option('--class', 'as a class that extends BaseAgent')
    .action(lazily(async () => (await import('./commands/new-agent.ts')).run));
  agents
    .command('test [path...]')
    .description('run tests of agents: files, or folders of files named like my-agent.test.ts (default: agents)')
    .action(lazily(async () => (await import('./commands/test-agents.ts')).run));
  const hosts = group('hosts', 'list and steer hosts', async () => (await import('./commands/hosts.ts')).list);
  hosts
    .command('list')
    .description('the hosts that are up, with what they carry')
    .option('--all', 'also those that ended lately')
    .action(lazily(async () => (await import('./commands/hosts.ts')).list));
  hosts
    .command('show <host_id>')
    .description('one host, with its agents; the beginning of its id will do')
    .action(lazily(async () => (await import('./commands/hosts.ts')).show));
  for (const [name, description] of HOST_STEERING) {
    hosts
      .command(`${name} <host_id>`)
      .description(description)
      .addOption(new Option('--timeout <time>', 'how long to wait for the effect').default('60s'))
      .option('--no-wait', 'do not wait for the effect')
      .action(lazily(async () => (await import('./commands/hosts.ts')).steer(name)));
  }
  const alerts = group('alerts', 'what is wrong, and who was told', async () => (await import('./commands/alerts.ts')).list);
  alerts
    .command('list')
    .description('the alerts that fire, newest first')
    .option('--all', 'also those that are over')
    .addOption(new Option('--level <level>', 'only of this level').choices(['info', 'warning', 'critical', 'emergency']))
    .option('--last <count>', 'how many', wholeNumber, 50)
    .action(lazily(async () => (await import('./commands/alerts.ts')).list));
  alerts
    .command('show <alert_id>')
    .description('one alert, with its timeline and what was told of it; the beginning of its id will do')
    .action(lazily(async () => (await import('./commands/alerts.ts')).show));
  alerts
    .command('ack <alert_id...>')
    .description('take alerts on: they are told no more until they are over, change their level, or the time has passed')
    .option('--for <time>', 'for how long, such as 2h (default: until they are over)')
    .option('--by <name>', 'who has them (default: who runs this)')
    .option('--note <text>', 'what to keep with it')
    .action(lazily(async () => (await import('./commands/alerts.ts')).ack));
  alerts
    .command('unack <alert_id...>')
    .description('give alerts back that somebody took on: they are told again')
    .option('--note <text>', 'what to keep with it')
    .action(lazily(async () => (await import('./commands/alerts.ts')).unack));
  alerts
    .command('silence <matcher...>')
    .description('keep what matches quiet for a while: agent=a1, rule~disk_*, level!=emergency; all must match')
    .requiredOption('--reason <text>', 'why')
    .option('--for <time>', 'for how long', '1h')
    .action(lazily(async () => (await import('./commands/alerts.ts')).silence));
  alerts
    .command('test-channel <name>')
    .description('send a test message by a channel and tell what came of it')
    .addOption(new Option('--timeout <time>', 'how long to wait for it').default('20s'))
    .action(lazily(async () => (await import('./commands/channels.ts')).test));
  const silences = group('silences', 'what is kept quiet', async () => (await import('./commands/quiet.ts')).silences);
  silences
    .command('list')
    .description('silences, the last to end first; `muster alerts silence` makes one')
    .option('--all', 'also those that are over')
    .action(lazily(async () => (await import('./commands/quiet.ts')).silences));
  silences
    .command('end <silence_id...>')
    .description('end silences now; the beginning of an id will do')
    .action(lazily(async () => (await import('./commands/quiet.ts')).end));
  const maintenance = group('maintenance', 'windows in which work is planned', async () => (await import('./commands/quiet.ts')).windows);
  maintenance
    .command('list')
    .description('maintenance windows, the next first')
    .action(lazily(async () => (await import('./commands/quiet.ts')).windows));
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
    .action(lazily(async () => (await import('./commands/quiet.ts')).add));
  maintenance
    .command('end <window_id...>')
    .description('delete maintenance windows, open or to come; the beginning of an id will do')
    .action(lazily(async () => (await import('./commands/quiet.ts')).remove));
  const incidents = group(
    'incidents',
    'alerts with one cause, and their story',
    async () => (await import('./commands/incidents.ts')).list,
  );
  incidents
    .command('list')
    .description('the incidents that are open, newest first')
    .option('--all', 'also those that are over')
    .option('--last <count>', 'how many', wholeNumber, 50)
    .action(lazily(async () => (await import('./commands/incidents.ts')).list));
  incidents
    .command('show <incident_id>')
    .description('one incident: alerts, who was told, escalations, healing, notes; the beginning of its id will do')
    .action(lazily(async () => (await import('./commands/incidents.ts')).show));
  incidents
    .command('ack <incident_id>')
    .description('take all alerts of it on that fire and nobody has')
    .option('--for <time>', 'for how long, such as 2h (default: until they are over)')
    .option('--by <name>', 'who has them (default: who runs this)')
    .option('--note <text>', 'what to keep with it')
    .action(lazily(async () => (await import('./commands/incidents.ts')).ack));
  incidents
    .command('note <incident_id> <text...>')
    .description('add a note to it, also when it is over')
    .option('--by <name>', 'who says it (default: who runs this)')
    .action(lazily(async () => (await import('./commands/incidents.ts')).note));
  incidents
    .command('export <incident_id>')
    .description('the beginning of its post-mortem, in Markdown')
    .option('--out <file>', 'write it to a new file')
    .action(lazily(async () => (await import('./commands/incidents.ts')).exportOne));
  const oncall = group('oncall', 'who is on call', async () => (await import('./commands/oncall.ts')).who);
  oncall
    .command('who')
    .description('who is on call now and next, in every schedule')
    .action(lazily(async () => (await import('./commands/oncall.ts')).who));
  oncall
    .command('show <schedule>')
    .description('who is on call in a schedule from now on, with its gaps')
    .option('--days <count>', 'how many days', wholeNumber, 28)
    .action(lazily(async () => (await import('./commands/oncall.ts')).show));
  oncall
    .command('people')
    .description('who can be called, and how')
    .action(lazily(async () => (await import('./commands/oncall.ts')).people));
  oncall
    .command('apply <file>')
    .description('put the people, schedules and escalation policies of a file (YAML or JSON) in force')
    .action(lazily(async () => (await import('./commands/oncall.ts')).apply));
  oncall
    .command('override <schedule> <person>')
    .description('let somebody step in from now on')
    .requiredOption('--for <time>', 'for how long, such as 4h')
    .option('--reason <text>', 'why')
    .action(lazily(async () => (await import('./commands/oncall.ts')).override));
  const escalations = group(
    'escalations',
    'who is told when nobody takes an alert on',
    async () => (await import('./commands/incidents.ts')).escalations,
  );
  escalations
    .command('list')
    .description('escalations under way, newest first')
    .option('--all', 'also those that are over')
    .option('--last <count>', 'how many', wholeNumber, 50)
    .action(lazily(async () => (await import('./commands/incidents.ts')).escalations));
  escalations
    .command('policies')
    .description('who is told when, by which policy')
    .action(lazily(async () => (await import('./commands/incidents.ts')).policies));
  escalations
    .command('start <incident_id> <policy>')
    .description('escalate an incident by hand, from the first step of a policy on')
    .action(lazily(async () => (await import('./commands/incidents.ts')).start));
  const recovery = group('recovery', 'healing: what was tried, and what may be', async () => (await import('./commands/recovery.ts')).runs);
  recovery
    .command('runs')
    .description('what was proposed and done, newest first')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .option('--state <state>', 'only those in this state: proposed, running, effective, ineffective, failed, …')
    .option('--action <name>', 'only of this action')
    .action(lazily(async () => (await import('./commands/recovery.ts')).runs));
  recovery
    .command('show <run_id>')
    .description('one run: plan, symptom before and after, every step; the beginning of its id will do')
    .action(lazily(async () => (await import('./commands/recovery.ts')).show));
  recovery
    .command('actions')
    .description('the healing actions, how far each may go by itself, and how often it helped')
    .action(lazily(async () => (await import('./commands/recovery.ts')).actions));
  recovery
    .command('dry-run <action> <target>')
    .description('print exactly what an action would do to a target, such as agent=a1, and what would hold it back')
    .addOption(alertLevel('warning'))
    .action(lazily(async () => (await import('./commands/recovery.ts')).rehearse));
  recovery
    .command('propose <action> <target>')
    .description('propose a run by hand; it goes the way of every proposal')
    .addOption(alertLevel('warning'))
    .option('--because <text>', 'why', 'asked for by hand')
    .action(lazily(async () => (await import('./commands/recovery.ts')).suggest));
  recovery
    .command('approve <run_id>')
    .description('agree to a proposed run')
    .action(lazily(async () => (await import('./commands/recovery.ts')).agree));
  recovery
    .command('reject <run_id>')
    .description('refuse a run that has not begun')
    .option('--reason <text>', 'why', 'rejected')
    .action(lazily(async () => (await import('./commands/recovery.ts')).refuse));
  recovery
    .command('undo <run_id>')
    .description('take a run back, by the undo its action declares')
    .action(lazily(async () => (await import('./commands/recovery.ts')).undo));
  recovery
    .command('mode <action> <mode>')
    .description('how far an action may go by itself: off, suggest, approve, auto')
    .addOption(
      new Option('--level <level>', 'for alerts of this level only')
        .choices(['info', 'warning', 'critical', 'emergency', 'any'])
        .default('any'),
    )
    .action(lazily(async () => (await import('./commands/recovery.ts')).mode));
  recovery
    .command('resume [action]')
    .description('let an action go on that was stopped because it did not help; without one, let all healing go on after a halt')
    .action(lazily(async () => (await import('./commands/recovery.ts')).goOn));
  recovery
    .command('halt')
    .description('start nothing more until `resume`')
    .action(lazily(async () => (await import('./commands/recovery.ts')).halt));
  program
    .command('events')
    .description('what happens, as it happens')
    .option('--last <count>', 'begin with this many past events', wholeNumber, 20)
    .option('--type <noun:verb>', 'only events of this type')
    .option('--agent <agent_id>', 'only events of this agent')
    .option('--no-follow', 'print the past events and end')
    .action(lazily(async () => (await import('./commands/events.ts')).run));
  program
    .command('logs')
    .description('what agents say')
    .option('--last <count>', 'begin with this many past lines', wholeNumber, 50)
    .option('--agent <agent_id>', 'only of this agent')
    .option('--run <run_id>', 'only of this run')
    .option('--level <level>', 'this level and above: debug, info, warn, error')
    .option('--search <text>', 'only lines with this text in message or fields')
    .option('--follow', 'go on with what comes', false)
    .action(lazily(async () => (await import('./commands/logs.ts')).run));
  const metrics = group('metrics', 'what was measured', async () => (await import('./commands/metrics.ts')).names);
  metrics
    .command('names [search]')
    .description('the names there are')
    .action(lazily(async () => (await import('./commands/metrics.ts')).names));
  metrics
    .command('query <metric_name>')
    .description('one metric over time, drawn in the terminal')
    .option('--agent <agent_id>', 'of this agent; repeat it for more', collect, [])
    .option('--last <time>', 'how far back', '1h')
    .option('--points <count>', 'points a series at most', wholeNumber)
    .option('--aggregate <how>', 'avg, min, max, sum, count, last or rate', 'avg')
    .option('--limit <count>', 'series at most', wholeNumber, 5)
    .action(lazily(async () => (await import('./commands/metrics.ts')).query));

  const rules = group('rules', 'what is wrong when', async () => (await import('./commands/rules.ts')).list);
  rules
    .command('list')
    .description('all rules, and how each fares')
    .action(lazily(async () => (await import('./commands/rules.ts')).list));
  rules
    .command('show <name>')
    .description('one rule, and its targets that are not well')
    .action(lazily(async () => (await import('./commands/rules.ts')).show));
  rules
    .command('apply <file>')
    .description('make or replace the rules of a file (YAML or JSON): one, a list, or a section rules')
    .action(lazily(async () => (await import('./commands/rules.ts')).apply));
  rules
    .command('delete <name>')
    .description('delete a rule; what it has open is closed')
    .action(lazily(async () => (await import('./commands/rules.ts')).remove));
  rules
    .command('test <name_or_file>')
    .description('replay a rule over what was measured: when would it have fired?')
    .option('--last <time>', 'how far back', '1d')
    .action(lazily(async () => (await import('./commands/rules.ts')).test));
  const monitors = group('monitors', 'jobs elsewhere that must call', async () => (await import('./commands/monitors.ts')).list);
  monitors
    .command('list')
    .description('all push monitors, those in trouble first')
    .action(lazily(async () => (await import('./commands/monitors.ts')).list));
  monitors
    .command('show <name>')
    .description('one monitor, with what its job must call and what it told lately')
    .action(lazily(async () => (await import('./commands/monitors.ts')).show));
  monitors
    .command('add <name>')
    .description('a new monitor; prints the line that its job must run')
    .option('--every <time>', 'it must call at least so often: 1h, 1d')
    .option('--cron <expression>', 'it must call at these times: "0 3 * * *"')
    .option('--time-zone <zone>', 'of the cron expression (default: UTC)')
    .option('--grace <time>', 'how late it may be, and how long a run may take', '5m')
    .action(lazily(async () => (await import('./commands/monitors.ts')).add));
  for (const [name, description] of MONITOR_STEERING) {
    monitors
      .command(`${name} <name>`)
      .description(description)
      .action(lazily(async () => (await import('./commands/monitors.ts')).steer(name)));
  }
  const watchers = group('watchers', 'watchers elsewhere that Muster must call', async () => (await import('./commands/watchers.ts')).list);
  watchers
    .command('list')
    .description('all watchers, with whether they were reached')
    .action(lazily(async () => (await import('./commands/watchers.ts')).list));
  watchers
    .command('add <name> <url>')
    .description('let Muster call this address, so that whoever waits there notices when it falls silent')
    .option('--every <time>', 'how often', '1m')
    .action(lazily(async () => (await import('./commands/watchers.ts')).add));
  watchers
    .command('remove <name>')
    .description('call it no more')
    .action(lazily(async () => (await import('./commands/watchers.ts')).remove));
  const traces = group(
    'traces',
    'LLM conversations: what they add up to, and each of them',
    async () => (await import('./commands/traces.ts')).stats,
  );
  traces
    .command('stats')
    .description('counts, errors, latency, tokens and cost of runs')
    .option('--project <name>', 'of this project; repeat it for more', collect, [])
    .option('--since <time>', 'how far back: 1h, 7d, 09:00', '1d')
    .option('--by <what>', 'by project, run_type, model, name, prompt, user, tag or thread')
    .option('--order <what>', 'the largest first, by runs, errors, total_cost or total_tokens', 'runs')
    .option('--limit <count>', 'groups at most', wholeNumber, 20)
    .action(lazily(async () => (await import('./commands/traces.ts')).stats));
  traces
    .command('prices')
    .description('prices of models that you set yourself')
    .action(lazily(async () => (await import('./commands/traces.ts')).prices));
  traces
    .command('import-prices <file>')
    .description('take prices from a list as LiteLLM keeps it; those that changed hold from now on')
    .action(lazily(async () => (await import('./commands/traces.ts')).takePrices));
  traces
    .command('list')
    .description('runs, newest first')
    .option('--project <name>', 'only of this project')
    .option('--filter <filter>', 'in the filter language of LangSmith: and(eq(run_type,"llm"),gt(latency,2))')
    .option('--search <words>', 'only those that hold these words')
    .option('--status <status>', 'only those that are so: pending, success, error')
    .option('--type <type>', 'only of this type: llm, chain, tool, …')
    .option('--since <time>', 'only those that began since then: 09:00, 1h, or a time')
    .option('--roots', 'only whole traces, not their steps')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .action(lazily(async () => (await import('./commands/trace-runs.ts')).list));
  traces
    .command('show <run_id>')
    .description('one run, with the tree of its trace and what was said')
    .action(lazily(async () => (await import('./commands/trace-runs.ts')).show));
  traces
    .command('projects')
    .description('the projects that runs belong to')
    .action(lazily(async () => (await import('./commands/trace-runs.ts')).projects));
  traces
    .command('quarantine')
    .description('what was sent as a run and could not be kept, and why')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .action(lazily(async () => (await import('./commands/trace-runs.ts')).quarantine));

  program
    .command('eval <dataset>')
    .description('run a dataset of examples against a target, score what comes, and compare it with an earlier experiment')
    .requiredOption(
      '--target <target>',
      'an http address that takes the inputs, model:<name> for a model of the gateway, a module (./answer.mjs), or a command',
    )
    .option('--header <name: value>', 'sent to the http address; repeat it for more', collect, [])
    .option(
      '--evaluators <names>',
      'what scores, with commas: exact, contains, json, json_equal, overlap, not_refused, complete, … (default: several)',
    )
    .option(
      '--scorer <scorer>',
      'one that says more: regex:…, number:1%, schema:file.json, similarity:<model>, judge:<evaluator>, command:…, ./mine.mjs; repeat it for more',
      collect,
      [],
    )
    .option('--compare <experiment>', 'compare with this one, example by example')
    .option('--experiment <name>', 'its name; one that was interrupted goes on')
    .option('--concurrency <count>', 'examples at a time', wholeNumber, 4)
    .option('--timeout <time>', 'how long an example may take', '60s')
    .option('--retries <count>', 'how often a target is asked again that refuses for now or cannot be reached', wholeNumber, 2)
    .option('--retry-failed', 'run examples again that failed before, in an experiment that goes on')
    .option('--split <name>', 'only the examples of this split')
    .option('--limit <count>', 'only so many examples', wholeNumber)
    .option('--report <file>', 'write the report there: .html, .json, or Markdown')
    .option('--fail-under <score=mean>', 'end with exit code 1 where the mean is less, as exact=0.8; repeat it for more', collect, [])
    .option('--fail-on-regression', 'end with exit code 1 where a score is worse beyond doubt')
    .action(lazily(async () => (await import('./commands/eval.ts')).run));
  const experiments = program.command('experiments').description('what was run on a dataset, by `muster eval` or an SDK');
  experiments
    .command('list <dataset>')
    .description('the experiments of a dataset, newest first, with their scores')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .action(lazily(async () => (await import('./commands/experiments.ts')).list));
  experiments
    .command('compare <baseline> <candidate>')
    .description('two experiments on the same dataset, example by example')
    .option('--report <file>', 'write the report there: .html, .json, or Markdown')
    .option('--fail-on-regression', 'end with exit code 1 where a score is worse beyond doubt')
    .action(lazily(async () => (await import('./commands/experiments.ts')).compareTwo));

  program.commandsGroup('Set up:');
  program
    .command('setup')
    .description('create or update the schema, and write .env from its template')
    .action(lazily(async () => (await import('./commands/setup.ts')).run));
  program
    .command('validate')
    .description('check the configuration; every finding with its remedy')
    .option('--production', 'also check what matters in production')
    .option('--comprehensive', 'also check the database and this machine, as doctor does')
    .action(lazily(async () => (await import('./commands/validate.ts')).run));
  program
    .command('doctor')
    .description('check this machine, the database and the fleet')
    .action(lazily(async () => (await import('./commands/doctor.ts')).run));
  program
    .command('sign-in')
    .description('make a one-time sign-in link for the dashboard')
    .addOption(role('administrator'))
    .option('--open', 'open it in the browser')
    .action(lazily(async () => (await import('./commands/sign-in.ts')).run));
  const subjectKind = (): Option => new Option('--kind <kind>', 'what the id is').choices(['user', 'thread', 'text']).default('user');
  traces
    .command('settings')
    .description('what is settled, in general or for a project; the options change it')
    .option('--project <name>', 'of this project')
    .option('--retention <days>', 'how many days runs are kept, from tomorrow on')
    .option('--sampling <rate>', 'which share of traces is kept, from 0 to 1')
    .option('--budget <usd>', 'USD an hour beyond which an alert fires, or none')
    .option('--redact <kind>', 'redact secrets, environment, email, phone, iban or card; repeat it for more', collect)
    .option('--leave <kind>', 'redact them no longer; repeat it for more', collect)
    .action(lazily(async () => (await import('./commands/trace-privacy.ts')).settings));
  traces
    .command('export')
    .description('runs on standard output, as many as there are')
    .option('--project <name>', 'of this project; repeat it for more', collect)
    .addOption(new Option('--format <format>', 'how they are written').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--from <time>', 'that began at this time or later: ISO 8601, now-7d')
    .option('--to <time>', 'that began before this time')
    .option('--filter <filter>', "in LangSmith's filter language: 'eq(run_type, \"llm\")'")
    .option('--cursor <cursor>', 'behind this run: the cursor of the last line that arrived')
    .action(lazily(async () => (await import('./commands/trace-privacy.ts')).exportRuns));
  traces
    .command('export-subject <id>')
    .description('what there is of somebody, on standard output')
    .addOption(subjectKind())
    .option('--project <name>', 'only in this project')
    .action(lazily(async () => (await import('./commands/trace-privacy.ts')).exportSubject));
  traces
    .command('erase <id>')
    .description('erase what there is of somebody; without --yes it is only counted')
    .addOption(subjectKind())
    .option('--project <name>', 'only in this project')
    .option('--dry-run', 'count what would go, and leave it')
    .option('--yes', 'erase it')
    .option('--verify', 'look through every table afterwards for what still holds it')
    .action(lazily(async () => (await import('./commands/trace-privacy.ts')).erase));
  traces
    .command('erasures')
    .description('the ledger of erasures: keep it apart from the backups')
    .action(lazily(async () => (await import('./commands/trace-privacy.ts')).erasures));
  traces
    .command('reapply <file>')
    .description('erase again what a ledger names, after an older backup was restored')
    .action(lazily(async () => (await import('./commands/trace-privacy.ts')).reapply));
  traces
    .command('replay <path...>')
    .description("take what LangSmith's SDKs could not send: files of LANGSMITH_FAILED_TRACES_DIR, or the folder")
    .option('--remove', 'remove each file once it was taken')
    .action(lazily(async () => (await import('./commands/trace-replay.ts')).run));
  const keys = group('keys', 'API keys', async () => (await import('./commands/keys.ts')).list);
  keys
    .command('list')
    .description('all keys')
    .action(lazily(async () => (await import('./commands/keys.ts')).list));
  keys
    .command('create <name>')
    .description('a new key; it is shown once')
    .addOption(role('operator'))
    .option('--expires <time>', 'for how long it is valid, such as 90d')
    .option('--project <name>', 'confine it to a project of LLM conversations; repeat it for more', collect)
    .action(lazily(async () => (await import('./commands/keys.ts')).create));
  keys
    .command('revoke <key_id>')
    .description('a key that is valid no more')
    .action(lazily(async () => (await import('./commands/keys.ts')).revoke));
  const channels = group('channels', 'where notifications go', async () => (await import('./commands/channels.ts')).list);
  channels
    .command('list')
    .description('all channels, with whether they work')
    .action(lazily(async () => (await import('./commands/channels.ts')).list));
  channels
    .command('add <name> <type> [setting...]')
    .description(
      'make a channel: webhook, smtp, slack, discord, telegram, teams, ntfy, pagerduty or command; settings as url=https://…, to=["a@example.com"], password=@file',
    )
    .action(lazily(async () => (await import('./commands/channels.ts')).add));
  channels
    .command('set <name> <setting...>')
    .description(
      'change settings of a channel, as when it was made; enabled=false switches it off, a name with nothing behind its = takes the setting away',
    )
    .action(lazily(async () => (await import('./commands/channels.ts')).set));
  channels
    .command('remove <name>')
    .description('remove a channel; what waits for it is cancelled')
    .action(lazily(async () => (await import('./commands/channels.ts')).remove));
  const gateway = group(
    'gateway',
    'LLM providers behind /openai/v1, which logs, caches and limits',
    async () => (await import('./commands/gateway.ts')).list,
  );
  gateway
    .command('list')
    .description('all providers, with the models they serve')
    .action(lazily(async () => (await import('./commands/gateway.ts')).list));
  gateway
    .command('add <name> <base_url>')
    .description('add a provider, or give the one of this name another address, key or models')
    .option('--kind <kind>', 'openai, azure, anthropic, google, mistral, groq, openrouter, ollama, vllm or compatible', 'compatible')
    .option('--key <key>', 'its API key, or @file to read it from a file; kept sealed')
    .option('--model <model>', 'a model it serves: gpt-4o, gpt-*, or smart=gpt-4o for another name; repeat it for more', collect, [])
    .option('--fallback <model>', 'a model that is asked in place of those when it fails; repeat it for more', collect, [])
    .action(lazily(async () => (await import('./commands/gateway.ts')).add));
  gateway
    .command('test <name>')
    .description('ask a provider for its models: is its address right, and its key?')
    .action(lazily(async () => (await import('./commands/gateway.ts')).test));
  gateway
    .command('remove <name>')
    .description('forget a provider and its key')
    .action(lazily(async () => (await import('./commands/gateway.ts')).remove));
  const implementations = group(
    'implementations',
    'code that slots can run',
    async () => (await import('./commands/implementations.ts')).list,
  );
  implementations
    .command('list')
    .description('all implementations, with the slots that run them')
    .action(lazily(async () => (await import('./commands/implementations.ts')).list));
  implementations
    .command('show <name>')
    .description('one implementation, with its versions')
    .option('--code', 'print the code that hosts run')
    .action(lazily(async () => (await import('./commands/implementations.ts')).show));
  implementations
    .command('add <file>')
    .description('register an agent file, TypeScript or JavaScript, with all it imports; slots that run its name change to it')
    .option('--name <name>', 'its name (default: the type of its agent)')
    .action(lazily(async () => (await import('./commands/implementations.ts')).add));
  implementations
    .command('remove <name>')
    .description('forget an implementation, or with name@hash one version of it')
    .action(lazily(async () => (await import('./commands/implementations.ts')).remove));
  const db = group('db', 'the database', async () => (await import('./commands/db.ts')).url);
  db.command('url')
    .description('the URL of the database, with its password')
    .action(lazily(async () => (await import('./commands/db.ts')).url));
  program
    .command('completion <shell>')
    .description('print the completion script: bash, zsh or fish')
    .action(lazily(async () => (await import('./commands/completion.ts')).script));
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(lazily(async () => (await import('./commands/completion.ts')).complete));
  program
    .command('version')
    .description('the versions of Muster and Node')
    .action(lazily(async () => (await import('./commands/version.ts')).run));
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

const waiting = (): Option => new Option('--timeout <time>', 'how long to wait for the effect').default('30s');
/** `monitors <verb>`: what each does. */
const MONITOR_STEERING = [
  ['pause', 'expect no calls for now'],
  ['resume', 'expect calls again, from the next one on'],
  ['rotate', 'give it another address; the one before is worth nothing from now on'],
  ['remove', 'forget it'],
] as const;
export type MonitorVerb = (typeof MONITOR_STEERING)[number][0];

/** `hosts <verb>`: what each makes a host do. */
const HOST_STEERING = [
  ['drain', 'give its agents to the others and take no new ones'],
  ['resume', 'let a drained one take agents again'],
  ['stop', 'drain it and end it: the process of `launch` ends with exit code 0'],
  ['restart', 'drain it and let it join again as a new host, in the same process'],
] as const;
export type HostVerb = (typeof HOST_STEERING)[number][0];

const alertLevel = (preset: string): Option =>
  new Option('--level <level>', 'as if for an alert of this level: the mode of the action depends on it')
    .choices(['info', 'warning', 'critical', 'emergency'])
    .default(preset);
const capacity = (): Option =>
  new Option(
    '--capacity <count>',
    'agents this host runs at most; 0: it runs none and only watches (MUSTER_CAPACITY, default: 1000)',
  ).argParser(agentCount);
const ownAgents = (): Option =>
  new Option('--agents <path>', 'agents of your own: a file, or a folder of files; repeat it for more')
    .argParser(collect)
    .default([], 'none');
const watch = (): Option => new Option('--watch', 'start agents of your own anew when their files change');
const role = (preset: string): Option =>
  new Option('--role <role>', 'what it may do').choices(['viewer', 'operator', 'administrator']).default(preset);
const listens = (command: Command): Command =>
  command
    .option('--port <port>', 'the port of API and dashboard; 0 takes a free one (default: 4680)', port)
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1)');
const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
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
