import { basename } from 'node:path';
import { durationMs } from '../../base/duration.ts';
import { MusterError } from '../../base/errors.ts';
import { checkFile } from '../../config/check-file.ts';
import { readEnvironment } from '../../config/environment.ts';
import { readYamlFile } from '../../config/yaml-file.ts';
import {
  compileRule,
  createRuleStore,
  lookUpIn,
  replayRule,
  ruleFile,
  ruleView,
  type Replay,
  type RuleDocument,
  type RuleRecord,
  type RuleStore,
} from '../../modules/alerting/rules/index.ts';
import { usage, type Invocation } from '../invocation.ts';
import { withFleet, type FleetAccess } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago, plural } from '../wording.ts';

const MOST_SHOWN = 50;
const LONGEST_REPLAY_MS = 31 * 86_400_000;

const storeOf = ({ state, wake }: FleetAccess): RuleStore => createRuleStore(state.database, wake);

export async function list(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async (fleet) => {
    const records = await storeOf(fleet).list({}, { limit: 5_000 });
    output.result({ items: records.map(ruleView) }, () =>
      records.length === 0
        ? 'No rules.'
        : drawTable(
            [
              // Whole: it is what one types.
              { title: 'RULE' },
              { title: 'STATE' },
              { title: 'SERIES', align: 'right' },
              { title: 'FIRING', align: 'right' },
              { title: 'KIND' },
              { title: 'FROM' },
              { title: 'WHY', shrinkTo: 10 },
            ],
            records.map((record) => [
              printable(record.name),
              stateWord(record, output.colors),
              String(record.report?.series ?? ''),
              String(record.report?.firing ?? ''),
              record.document?.kind ?? '',
              record.source,
              printable(record.fault ?? record.report?.why ?? ''),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

function stateWord({ enabled, fault, report }: RuleRecord, colors: Invocation['output']['colors']): string {
  if (!enabled) return colors.dim('disabled');
  if (fault !== undefined) return colors.red('error');
  const state = report?.state ?? 'not evaluated';
  return state === 'firing' || state === 'error' ? colors.red(state) : state === 'pending' ? colors.yellow(state) : state;
}

export async function show(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async (fleet) => {
    const store = storeOf(fleet);
    const [record, targets, now] = await Promise.all([store.get(name), store.targets(name, MOST_SHOWN), fleet.now()]);
    if (record === undefined) throw missing(name);
    output.result({ ...ruleView(record), targets }, () => {
      const { report } = record;
      const field = (title: string, text: string): string => `${output.colors.dim(title.padEnd(10))}${text}`;
      return [
        `${output.colors.bold(printable(record.name))}  ${stateWord(record, output.colors)}`,
        field(
          'from',
          `${record.source}, changed ${ago(record.updatedAt, now)} by ${printable(record.updatedBy)}, revision ${record.revision}`,
        ),
        ...(record.fault === undefined ? [] : [field('why', printable(record.fault))]),
        ...(report === undefined || record.fault !== undefined
          ? []
          : [
              field(
                'series',
                `${report.series}: ${report.firing} firing, ${report.pending} pending, ${report.noData} without data, ${report.error} in error`,
              ),
              ...(report.why === '' ? [] : [field('why', printable(report.why))]),
              field('looked at', ago(report.evaluatedAt, now)),
            ]),
        '',
        JSON.stringify(record.definition, null, 2),
        ...(targets.length === 0
          ? []
          : [
              '',
              drawTable(
                [
                  { title: 'TARGET', shrinkTo: 20 },
                  { title: 'STATE' },
                  { title: 'LEVEL' },
                  { title: 'VALUE', align: 'right' },
                  { title: 'SINCE' },
                ],
                targets.map(({ target, state, level, value, since }) => [
                  printable(target === '' ? '(all of it)' : target),
                  state,
                  level ?? '',
                  value === null ? '' : String(Number(value.toPrecision(6))),
                  ago(since, now),
                ]),
                output.columns,
                output.colors.dim,
              ),
            ]),
      ].join('\n');
    });
  });
}

/** Puts the rules of a file, all or, where one is wrong, none. */
export async function apply(invocation: Invocation, _options: unknown, path: string): Promise<void> {
  const definitions = readRules(path);
  const { output } = invocation;
  await withFleet(invocation, async (fleet) => {
    const store = storeOf(fleet);
    const by = `cli:${process.env['USER'] ?? process.env['LOGNAME'] ?? 'unknown'}`;
    const kept = (await Promise.all(definitions.map(({ name }) => store.get(name)))).find((record) => record?.source === 'file');
    if (kept !== undefined)
      throw new MusterError('CONFLICT', `rule "${kept.name}" is kept in config/monitoring.yml`, {
        remedy: 'Change it there; the file is watched.',
      });
    const records: RuleRecord[] = [];
    for (const definition of definitions) records.push(await store.put(definition, by));
    output.result(
      { items: records.map(ruleView) },
      () => `${plural(records.length, 'rule')} in force: ${records.map(({ name }) => printable(name)).join(', ')}`,
    );
  });
}

export async function remove(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  await withFleet(invocation, async (fleet) => {
    if (!(await storeOf(fleet).delete(name))) throw missing(name);
    invocation.output.result({ deleted: name }, () => `Rule ${printable(name)} is deleted; what it has open is closed.`);
  });
}

interface TestOptions {
  readonly last: string;
}

/** `rules test`: a rule that there is, by name, or those of a file, over what was measured. Exit code 0 whether it fires or not. */
export async function test(invocation: Invocation, options: TestOptions, nameOrFile: string): Promise<void> {
  const { output } = invocation;
  const backMs = durationMs(options.last);
  if (backMs === 0 || backMs > LONGEST_REPLAY_MS) throw usage(`--last ${options.last} is not from 1s to 31d`, 'Write it as 6h, 1d or 7d.');
  const fromFile = /\.(ya?ml|json)$/.test(nameOrFile) ? readRules(nameOrFile) : undefined;
  await withFleet(invocation, async (fleet) => {
    const store = storeOf(fleet);
    const documents = fromFile ?? [await requireDocument(store, nameOrFile)];
    const lookUp = lookUpIn(store, documents);
    const to = await fleet.now();
    const replays: { readonly name: string; readonly replay: Replay }[] = [];
    for (const document of documents) {
      replays.push({
        name: document.name,
        replay: await replayRule(fleet.state.metrics, compileRule(document), { from: to - backMs, to, lookUp }),
      });
    }
    output.result({ items: replays.map(({ name, replay }) => ({ rule: name, ...replay })) }, () =>
      replays
        .map(({ name, replay }) => {
          const times = plural(replay.firings.length, 'time');
          const head = `${output.colors.bold(printable(name))} would have fired ${times} in the last ${options.last} (${plural(replay.series, 'series', 'series')}, ${plural(replay.evaluations, 'evaluation')})`;
          const notes = [
            ...(replay.note === null ? [] : [replay.note]),
            ...(replay.isTruncated && replay.note === null ? ['There was more than a replay looks at: the rest is not in this.'] : []),
          ];
          if (replay.firings.length === 0) return [head, ...notes].join('\n');
          const table = drawTable(
            [{ title: 'FIRED' }, { title: 'ENDED' }, { title: 'LEVEL' }, { title: 'TARGET', shrinkTo: 16 }, { title: 'WHY', shrinkTo: 20 }],
            replay.firings
              .slice(0, MOST_SHOWN)
              .map((firing) => [
                new Date(firing.firedAt).toISOString(),
                firing.endedAt === null ? 'still firing' : new Date(firing.endedAt).toISOString(),
                firing.level,
                printable(firing.target === '' ? '(all of it)' : firing.target),
                printable(firing.explanation),
              ]),
            output.columns,
            output.colors.dim,
          );
          const more = replay.firings.length > MOST_SHOWN ? [`… and ${replay.firings.length - MOST_SHOWN} more; --json has all.`] : [];
          return [head, ...notes, table, ...more].join('\n');
        })
        .join('\n\n'),
    );
  });
}

async function requireDocument(store: RuleStore, name: string): Promise<RuleDocument> {
  const record = await store.get(name);
  if (record === undefined) throw missing(name);
  if (record.document !== undefined) return record.document;
  throw new MusterError('INVALID_INPUT', `rule "${printable(name)}" says nothing: ${record.fault ?? ''}`, {
    remedy: 'Put it anew with `muster rules apply`.',
  });
}

/** One rule, a list of them, or a section `rules:`. Throws CONFIG_INVALID with what is wrong, by line and column. */
function readRules(path: string): readonly RuleDocument[] {
  const environment = readEnvironment(process.env, process.cwd());
  const file = readYamlFile(path, basename(path), environment.values);
  if (file === undefined) throw usage(`There is no file ${path}`);
  const shaped =
    typeof file.value === 'object' && file.value !== null && !Array.isArray(file.value) && 'rules' in file.value
      ? { ...file, value: file.value }
      : {
          ...file,
          value: { rules: Array.isArray(file.value) ? file.value : [file.value] },
          locate: within((at, part) => file.locate(at, part), Array.isArray(file.value)),
        };
  const { value, findings } = checkFile(shaped, ruleFile);
  const first = findings[0];
  if (value !== undefined && first === undefined) return value.rules;
  throw new MusterError('CONFIG_INVALID', first === undefined ? `${path} holds no rules` : `${first.where}: ${first.message}`, {
    remedy: first?.remedy,
    data: { findings },
  });
}

type Locate = NonNullable<ReturnType<typeof readYamlFile>>['locate'];

/** Paths begin with `rules`, and the number of the rule, which a file of one rule, or of a list, does not have. */
const within =
  (locate: Locate, isList: boolean): Locate =>
  (path, part) =>
    locate(path.slice(isList ? 1 : 2), part);

const missing = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `There is no rule "${printable(name)}"`, { remedy: 'Run `muster rules list` for those there are.' });
