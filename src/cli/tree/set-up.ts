import { amount, collect, role, wholeNumber } from './options.ts';
import type { Tree } from './tree.ts';

/** What is set up once, and what checks it. */
export function addSetUp({ program, lazily, group }: Tree): void {
  program.commandsGroup('Set up:');
  program
    .command('setup')
    .description('create or update the schema, and write .env from its template')
    .action(lazily(async () => (await import('../commands/setup.ts')).run));
  program
    .command('validate')
    .description('check the configuration; every finding with its remedy')
    .option('--production', 'also check what matters in production')
    .option('--comprehensive', 'also check the database and this machine, as doctor does')
    .action(lazily(async () => (await import('../commands/validate.ts')).run));
  program
    .command('doctor')
    .description('check this machine, the database and the fleet')
    .action(lazily(async () => (await import('../commands/doctor.ts')).run));
  program
    .command('sign-in')
    .description('make a one-time sign-in link for the dashboard')
    .addOption(role('administrator'))
    .option('--open', 'open it in the browser')
    .action(lazily(async () => (await import('../commands/sign-in.ts')).run));
  const keys = group('keys', 'API keys', async () => (await import('../commands/keys.ts')).list);
  keys
    .command('list')
    .description('all keys')
    .action(lazily(async () => (await import('../commands/keys.ts')).list));
  keys
    .command('create <name>')
    .description('a new key; it is shown once')
    .addOption(role('operator'))
    .option('--expires <time>', 'for how long it is valid, such as 90d')
    .option('--scope <permission>', 'confine it to what it names, such as traces:write; repeat it for more', collect)
    .option('--project <name>', 'confine it to a project of LLM conversations; repeat it for more', collect)
    .action(lazily(async () => (await import('../commands/keys.ts')).create));
  keys
    .command('revoke <key_id>')
    .description('a key that is valid no more')
    .action(lazily(async () => (await import('../commands/keys.ts')).revoke));
  const channels = group('channels', 'where notifications go', async () => (await import('../commands/channels.ts')).list);
  channels
    .command('list')
    .description('all channels, with whether they work')
    .action(lazily(async () => (await import('../commands/channels.ts')).list));
  channels
    .command('add <name> <type> [setting...]')
    .description(
      'make a channel: webhook, smtp, slack, discord, telegram, teams, ntfy, pagerduty or command; settings as url=https://…, to=["a@example.com"], password=@file',
    )
    .action(lazily(async () => (await import('../commands/channels.ts')).add));
  channels
    .command('set <name> <setting...>')
    .description(
      'change settings of a channel, as when it was made; enabled=false switches it off, a name with nothing behind its = takes the setting away',
    )
    .action(lazily(async () => (await import('../commands/channels.ts')).set));
  channels
    .command('remove <name>')
    .description('remove a channel; what waits for it is cancelled')
    .action(lazily(async () => (await import('../commands/channels.ts')).remove));
  const gateway = group(
    'gateway',
    'LLM providers behind /openai/v1, which logs, caches and limits',
    async () => (await import('../commands/gateway.ts')).list,
  );
  gateway
    .command('list')
    .description('all providers, with the models they serve')
    .action(lazily(async () => (await import('../commands/gateway.ts')).list));
  gateway
    .command('add <name> <base_url>')
    .description('add a provider, or give the one of this name another address, key or models')
    .option('--kind <kind>', 'openai, azure, anthropic, google, mistral, groq, openrouter, ollama, vllm or compatible', 'compatible')
    .option('--key <key>', 'its API key, or @file to read it from a file; kept sealed')
    .option('--model <model>', 'a model it serves: gpt-4o, gpt-*, or smart=gpt-4o for another name; repeat it for more', collect, [])
    .option('--fallback <model>', 'a model that is asked in place of those when it fails; repeat it for more', collect, [])
    .action(lazily(async () => (await import('../commands/gateway.ts')).add));
  gateway
    .command('test <name>')
    .description('ask a provider for its models: is its address right, and its key?')
    .action(lazily(async () => (await import('../commands/gateway.ts')).test));
  gateway
    .command('remove <name>')
    .description('forget a provider and its key')
    .action(lazily(async () => (await import('../commands/gateway.ts')).remove));
  gateway
    .command('savings')
    .description('what was paid and what was saved, by who answered')
    .option('--since <time>', 'how far back: 1h, 7d, 09:00', '30d')
    .option('--project <project>', 'only what this project asked; repeat it for more', collect, [])
    .action(lazily(async () => (await import('../commands/gateway.ts')).showSavings));
  gateway
    .command('limits')
    .description('what keys may spend and ask, and what they have used of it')
    .action(lazily(async () => (await import('../commands/gateway.ts')).limits));
  gateway
    .command('limit <key_id>')
    .description('say what a key may spend and ask, in place of what was said before; * stands for every key that has no limits of its own')
    .option('--usd-per-day <usd>', 'its budget of a day (UTC)', amount)
    .option('--usd-per-month <usd>', 'its budget of a month (UTC)', amount)
    .option('--soft', 'beyond its budget warn, and do not refuse')
    .option('--requests-per-minute <count>', 'how many requests it may send', wholeNumber)
    .option('--tokens-per-minute <count>', 'how many tokens it may use', wholeNumber)
    .option('--none', 'take its limits away')
    .action(lazily(async () => (await import('../commands/gateway.ts')).limit));
  gateway
    .command('calibrate <file>')
    .description('measure from which likeness on semantic answers are right, with pairs of your own questions')
    .requiredOption('--model <model>', 'a model of embeddings that the gateway serves')
    .action(lazily(async () => (await import('../commands/gateway.ts')).calibration));
  const implementations = group(
    'implementations',
    'code that slots can run',
    async () => (await import('../commands/implementations.ts')).list,
  );
  implementations
    .command('list')
    .description('all implementations, with the slots that run them')
    .action(lazily(async () => (await import('../commands/implementations.ts')).list));
  implementations
    .command('show <name>')
    .description('one implementation, with its versions')
    .option('--code', 'print the code that hosts run')
    .action(lazily(async () => (await import('../commands/implementations.ts')).show));
  implementations
    .command('add <file>')
    .description('register an agent file, TypeScript or JavaScript, with all it imports; slots that run its name change to it')
    .option('--name <name>', 'its name (default: the type of its agent)')
    .action(lazily(async () => (await import('../commands/implementations.ts')).add));
  implementations
    .command('remove <name>')
    .description('forget an implementation, or with name@hash one version of it')
    .action(lazily(async () => (await import('../commands/implementations.ts')).remove));
  const db = group('db', 'the database', async () => (await import('../commands/db.ts')).url);
  db.command('url')
    .description('the URL of the database, with its password')
    .action(lazily(async () => (await import('../commands/db.ts')).url));
  program
    .command('completion <shell>')
    .description('print the completion script: bash, zsh or fish')
    .action(lazily(async () => (await import('../commands/completion.ts')).script));
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(lazily(async () => (await import('../commands/completion.ts')).complete));
  program
    .command('version')
    .description('the versions of Muster and Node')
    .action(lazily(async () => (await import('../commands/version.ts')).run));
}
