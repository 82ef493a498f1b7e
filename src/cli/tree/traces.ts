import { Option, type Command } from 'commander';
import { amount, collect, wholeNumber } from './options.ts';
import type { Tree } from './tree.ts';

/** LLM conversations: to see, to keep and to judge. */
export function addTraces({ program, lazily, group }: Tree): void {
  const traces = group(
    'traces',
    'LLM conversations: what they add up to, and each of them',
    async () => (await import('../commands/traces.ts')).stats,
  );
  traces
    .command('stats')
    .description('counts, errors, latency, tokens and cost of runs')
    .option('--project <name>', 'of this project; repeat it for more', collect, [])
    .option('--since <time>', 'how far back: 1h, 7d, 09:00', '1d')
    .option('--by <what>', 'by project, run_type, model, name, prompt, user, tag or thread')
    .option('--order <what>', 'the largest first, by runs, errors, total_cost or total_tokens', 'runs')
    .option('--limit <count>', 'groups at most', wholeNumber, 20)
    .action(lazily(async () => (await import('../commands/traces.ts')).stats));
  traces
    .command('prices')
    .description('prices of models that you set yourself')
    .action(lazily(async () => (await import('../commands/traces.ts')).prices));
  traces
    .command('import-prices <file>')
    .description('take prices from a list as LiteLLM keeps it; those that changed hold from now on')
    .action(lazily(async () => (await import('../commands/traces.ts')).takePrices));
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
    .action(lazily(async () => (await import('../commands/trace-runs.ts')).list));
  traces
    .command('show <run_id>')
    .description('one run, with the tree of its trace and what was said')
    .action(lazily(async () => (await import('../commands/trace-runs.ts')).show));
  traces
    .command('projects')
    .description('the projects that runs belong to')
    .action(lazily(async () => (await import('../commands/trace-runs.ts')).projects));
  traces
    .command('quarantine')
    .description('what was sent as a run and could not be kept, and why')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .action(lazily(async () => (await import('../commands/trace-runs.ts')).quarantine));

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
    .option('--embeddings-usd <usd>', 'what scorers of likeness may spend on embeddings', amount, 1)
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
    .option('--fail-on-regression', 'end with exit code 1 where a score is worse beyond doubt, or none is in both')
    .action(lazily(async () => (await import('../commands/eval.ts')).run));
  const experiments = program.command('experiments').description('what was run on a dataset, by `muster eval` or an SDK');
  experiments
    .command('list <dataset>')
    .description('the experiments of a dataset, newest first, with their scores')
    .option('--last <count>', 'how many', wholeNumber, 20)
    .action(lazily(async () => (await import('../commands/experiments.ts')).list));
  experiments
    .command('compare <baseline> <candidate>')
    .description('two experiments on the same dataset, example by example')
    .option('--report <file>', 'write the report there: .html, .json, or Markdown')
    .option('--fail-on-regression', 'end with exit code 1 where a score is worse beyond doubt, or none is in both')
    .action(lazily(async () => (await import('../commands/experiments.ts')).compareTwo));

  addForwards(group, lazily);

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
    .action(lazily(async () => (await import('../commands/trace-privacy.ts')).settings));
  traces
    .command('export')
    .description('runs on standard output, as many as there are')
    .option('--project <name>', 'of this project; repeat it for more', collect)
    .addOption(new Option('--format <format>', 'how they are written').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--from <time>', 'that began at this time or later: ISO 8601, now-7d')
    .option('--to <time>', 'that began before this time')
    .option('--filter <filter>', "in LangSmith's filter language: 'eq(run_type, \"llm\")'")
    .option('--cursor <cursor>', 'behind this run: the cursor of the last line that arrived')
    .action(lazily(async () => (await import('../commands/trace-privacy.ts')).exportRuns));
  traces
    .command('export-subject <id>')
    .description('what there is of somebody, on standard output')
    .addOption(subjectKind())
    .option('--project <name>', 'only in this project')
    .action(lazily(async () => (await import('../commands/trace-privacy.ts')).exportSubject));
  traces
    .command('erase <id>')
    .description('erase what there is of somebody; without --yes it is only counted')
    .addOption(subjectKind())
    .option('--project <name>', 'only in this project')
    .option('--dry-run', 'count what would go, and leave it')
    .option('--yes', 'erase it')
    .option('--verify', 'look through every table afterwards for what still holds it')
    .action(lazily(async () => (await import('../commands/trace-privacy.ts')).erase));
  traces
    .command('erasures')
    .description('the ledger of erasures: keep it apart from the backups')
    .action(lazily(async () => (await import('../commands/trace-privacy.ts')).erasures));
  traces
    .command('reapply <file>')
    .description('erase again what a ledger names, after an older backup was restored')
    .action(lazily(async () => (await import('../commands/trace-privacy.ts')).reapply));
  traces
    .command('replay <path...>')
    .description("take what LangSmith's SDKs could not send: files of LANGSMITH_FAILED_TRACES_DIR, or the folder")
    .option('--remove', 'remove each file once it was taken')
    .action(lazily(async () => (await import('../commands/trace-replay.ts')).run));
}

function addForwards(group: Tree['group'], lazily: Tree['lazily']): void {
  const forwards = group(
    'forwards',
    'where conversations are passed on to',
    async () => (await import('../commands/trace-forwards.ts')).list,
  );
  forwards
    .command('list')
    .description('all forwards, how far each has come and what stops it')
    .action(lazily(async () => (await import('../commands/trace-forwards.ts')).list));
  forwards
    .command('show <name>')
    .description('one forward: its backlog, its last error, what was refused')
    .action(lazily(async () => (await import('../commands/trace-forwards.ts')).show));
  withWhatIsSent(
    forwards
      .command('add <name> <endpoint>')
      .description('pass conversations on to LangSmith, another Muster, or a collector of OpenTelemetry')
      .option('--kind <kind>', 'langsmith or otlp', 'langsmith')
      .option('--project <name>', 'of this project only')
      .option('--from <when>', 'now, or beginning: with what is kept already', 'now'),
  ).action(lazily(async () => (await import('../commands/trace-forwards.ts')).add));
  withWhatIsSent(
    forwards
      .command('change <name>')
      .description('say some of it anew; its place stays, and what failed is tried at once')
      .option('--endpoint <url>', 'where to; another server needs its key said again'),
  ).action(lazily(async () => (await import('../commands/trace-forwards.ts')).change));
  forwards
    .command('pause <name>')
    .description('send nothing for now; its place is kept')
    .action(lazily(async () => (await import('../commands/trace-forwards.ts')).pause));
  forwards
    .command('resume <name>')
    .description('go on where it stopped')
    .action(lazily(async () => (await import('../commands/trace-forwards.ts')).resume));
  forwards
    .command('remove <name>')
    .description('pass nothing on any more, and forget the key and the place')
    .action(lazily(async () => (await import('../commands/trace-forwards.ts')).remove));
}

const withWhatIsSent = (command: Command): Command =>
  command
    .option('--key <key>', 'sent as x-api-key, or @file to read it from a file; kept sealed')
    .option('--header <name: value>', 'sent with each request, kept sealed; repeat it for more', collect)
    .option('--target-project <name>', 'what the project is called there (default: as here)')
    .option('--encoding <encoding>', 'of spans: protobuf or json')
    .option('--workspace <id>', 'of LangSmith, where the key has several')
    .option('--patience <time>', 'a run that has not ended by then is sent as it is (default: 1h)');
