import { readFile } from 'node:fs/promises';
import { MusterError, messageOf } from '../../base/errors.ts';
import { figuresOfFleet, GROUPS, ORDERS, type Told } from '../../modules/traces/figures/index.ts';
import { importPrices, listPrices } from '../../modules/traces/prices/custom-prices.ts';
import { PRICES_TOPIC } from '../../modules/traces/prices/index.ts';
import { pricesOfLitellm } from '../../modules/traces/prices/litellm.ts';
import { priceView } from '../../modules/traces/prices/price-view.ts';
import { usage, type Invocation } from '../invocation.ts';
import { momentOf } from '../moment.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { plural } from '../wording.ts';

/** None of them where `muster traces` stands alone. */
interface StatsOptions {
  readonly project?: readonly string[];
  readonly since?: string;
  readonly by?: string;
  readonly order?: string;
  readonly limit?: number;
}

/** What conversations add up to. */
export async function stats(invocation: Invocation, options: StatsOptions): Promise<void> {
  const { output } = invocation;
  const { project = [], since = '1d', by, order: largest = 'runs', limit = 20 } = options;
  const groupBy = by === undefined ? null : GROUPS.find((group) => group === by);
  if (groupBy === undefined) throw usage(`--by "${by}" is none of ${GROUPS.join(', ')}`);
  const order = ORDERS.find((each) => each === largest);
  if (order === undefined) throw usage(`--order "${largest}" is none of ${ORDERS.join(', ')}`);
  await withFleet(invocation, async ({ database, now: clock }) => {
    const now = await clock();
    const names = project.length === 0 ? undefined : project;
    const told = await figuresOfFleet(database, names, {
      from: momentOf(since, now),
      to: now,
      now,
      where: {},
      groupBy,
      order,
      most: Math.min(Math.max(1, limit), 500),
    });
    const { from, to, ...rest } = told;
    output.result({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), ...rest }, () => drawn(told, groupBy, output));
  });
}

/** Where models are not parted from tools it is the latency of traces that is told. */
const OF_TRACES: ReadonlySet<string | null> = new Set([null, 'project', 'user', 'tag', 'thread']);

function drawn(told: Told, groupBy: string | null, { columns, colors }: Invocation['output']): string {
  const { provenance, items, total } = told;
  if (total.runs === 0) return 'No run ended in that time. `muster traces projects` lists the projects there are.';
  const rows = groupBy === null ? items : [...items, { ...total, group: 'all' }];
  const table = drawTable(
    [
      { title: groupBy === null ? '' : groupBy.toUpperCase(), shrinkTo: 12 },
      { title: 'RUNS', align: 'right' },
      { title: 'ERRORS', align: 'right' },
      { title: 'P50', align: 'right' },
      { title: 'P95', align: 'right' },
      { title: 'P99', align: 'right' },
      { title: 'FIRST TOKEN', align: 'right' },
      { title: 'TOKENS', align: 'right' },
      { title: 'COST', align: 'right' },
      { title: 'NO PRICE', align: 'right' },
    ],
    rows.map((row) => [
      printable(row.group ?? (groupBy === null ? 'all' : '(others)')),
      whole(row.runs),
      row.error_rate === null ? '' : `${(row.error_rate * 100).toFixed(1)} %`,
      seconds(row.latency_p50_seconds),
      seconds(row.latency_p95_seconds),
      seconds(row.latency_p99_seconds),
      seconds(row.first_token_p50_seconds),
      whole(row.total_tokens),
      row.total_cost === null ? colors.yellow('unknown') : `$${dollars(row.total_cost)}`,
      row.unpriced_runs === 0 ? '' : colors.yellow(whole(row.unpriced_runs)),
    ]),
    columns,
    colors.dim,
  );
  const notes = [
    ...(OF_TRACES.has(groupBy) ? ['P50 to P99: how long whole traces took, not each of their runs.'] : []),
    ...(provenance.unpriced_runs > 0
      ? [`Of ${plural(Math.round(provenance.unpriced_runs), 'call')} nobody knows the cost. \`muster traces prices\` shows how to say it.`]
      : []),
    ...(provenance.is_estimate
      ? [`A client or a project samples: ${whole(provenance.counted_runs)} runs were seen, the others are estimated.`]
      : []),
    ...(provenance.lag_seconds > 5 ? [`Counting is ${Math.round(provenance.lag_seconds)} s behind.`] : []),
    ...(provenance.is_truncated ? ['There are more: raise --limit, or narrow the range.'] : []),
  ];
  return [table, ...notes.map((note) => colors.dim(note))].join('\n');
}

const whole = (count: number): string => Math.round(count).toLocaleString('en-US');
const seconds = (value: number | null): string =>
  value === null ? '' : value < 1 ? `${Math.round(value * 1_000)} ms` : `${value.toFixed(1)} s`;

/** Cents, or as many digits as it takes to see anything. */
function dollars(usd: string): string {
  const amount = Number(usd);
  if (amount === 0 || amount >= 0.01) return amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return amount.toPrecision(2);
}

export async function prices(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ database }) => {
    const found = (await listPrices(database)).map(priceView);
    output.result({ items: found }, () =>
      found.length === 0
        ? 'No prices of your own: the built-in ones apply. `muster traces import-prices <file>` takes a list as LiteLLM keeps it; docs/llm-costs.md says how to add one.'
        : drawTable(
            [
              { title: 'MODEL', shrinkTo: 12 },
              { title: 'PROVIDER' },
              { title: 'FROM' },
              { title: 'INPUT', align: 'right' },
              { title: 'OUTPUT', align: 'right' },
              { title: 'SOURCE' },
            ],
            found.map(({ model, provider, valid_from, rates, source }) => [
              printable(model),
              printable(provider ?? 'any'),
              valid_from?.slice(0, 10) ?? 'always',
              rates.input === undefined ? '' : `$${rates.input}`,
              rates.output === undefined ? '' : `$${rates.output}`,
              source,
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

/** A list that LiteLLM keeps, from now on. */
export async function takePrices(invocation: Invocation, _options: unknown, path: string): Promise<void> {
  const { output } = invocation;
  const given = pricesOfLitellm(await text(path));
  await withFleet(invocation, async ({ database, wake, now }) => {
    const imported = await importPrices(database, given, { validFrom: await now(), by: 'cli' });
    if (imported > 0) wake.hint(PRICES_TOPIC);
    output.result({ in_list: given.length, imported }, () =>
      imported === 0
        ? `All ${plural(given.length, 'price')} of the list hold already.`
        : `${plural(imported, 'price')} of ${given.length} in the list ${imported === 1 ? 'is' : 'are'} new and ${imported === 1 ? 'holds' : 'hold'} from now on.`,
    );
  });
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', `${path} cannot be read: ${messageOf(cause)}`, { remedy: 'Name a file that is there.', cause });
  }
}
