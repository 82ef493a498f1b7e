import { readFile } from 'node:fs/promises';
import { silentLogger } from '../../base/logger.ts';
import { EXIT, messageOf, MusterError } from '../../base/errors.ts';
import {
  calibrate,
  GivenProvider,
  LimitStore,
  limitsView,
  limitsViews,
  noProvider,
  Providers,
  providerView,
  providerViews,
  readHealth,
  putProvider,
  savingsView,
  setLimits,
  testProvider,
} from '../../modules/traces/gateway/index.ts';
import { createOutbound } from '../../outbound/index.ts';
import { usage, type Invocation } from '../invocation.ts';
import { momentOf } from '../moment.ts';
import { secretOf } from '../secret.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago, plural } from '../wording.ts';

export async function list(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  const { colors } = output;
  await withFleet(invocation, async ({ now, state }) => {
    const found = await providerViews(state.database);
    const at = await now();
    output.result({ items: found }, () =>
      found.length === 0
        ? 'No providers. `muster gateway add openai https://api.openai.com/v1 --kind openai --key @file` adds one.'
        : [
            drawTable(
              [
                { title: 'PROVIDER', shrinkTo: 10 },
                { title: 'KIND' },
                { title: 'WHERE', shrinkTo: 20 },
                { title: 'KEY' },
                { title: 'MODELS', shrinkTo: 16 },
                { title: 'HEALTH' },
              ],
              found.map((provider) => [
                provider.enabled ? printable(provider.name) : colors.dim(`${printable(provider.name)} (off)`),
                provider.kind,
                printable(provider.base_url),
                provider.has_key ? 'sealed' : colors.dim('none'),
                provider.routes.length === 0 ? 'all' : printable(provider.routes.map(({ model }) => model).join(', ')),
                healthWord(provider.health, colors),
              ]),
              output.columns,
              colors.dim,
            ),
            ...found.flatMap((provider) => failureLine(provider, at) ?? []),
          ].join('\n'),
    );
  });
}

type View = Awaited<ReturnType<typeof providerViews>>[number];

function healthWord({ state }: View['health'], colors: Invocation['output']['colors']): string {
  if (state === 'failing') return colors.red('failing');
  return state === 'answering' ? colors.green('answers') : colors.dim('untried');
}

const REASONS = { key_refused: 'its key is refused', over_limit: 'its limits are reached', failed: 'it breaks or is not reached' } as const;

/** What whoever runs the gateway must know of a provider that fails, though clients are answered by another. */
function failureLine({ health, name }: View, now: number): string | undefined {
  const { failing_since: since, failures_in_a_row: count, last_failure: last } = health;
  if (since === null || last === null) return undefined;
  return `${printable(name)}: ${REASONS[last.reason]}. ${plural(count, 'failure')} without an answer, the first ${ago(Date.parse(since), now)}, the last ${ago(Date.parse(last.at), now)}: ${printable(last.said)}`;
}

interface AddOptions {
  readonly kind: string;
  readonly key?: string;
  readonly model: readonly string[];
  readonly fallback: readonly string[];
}

export async function add(invocation: Invocation, options: AddOptions, name: string, baseUrl: string): Promise<void> {
  const key = options.key === undefined ? undefined : await secretOf(options.key);
  const parsed = GivenProvider.safeParse({
    kind: options.kind,
    base_url: baseUrl,
    api_key: key,
    routes: options.model.map((model) => routeOf(model, options.fallback)),
  });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new MusterError('USAGE', `${issue?.path.join('.') ?? 'it'}: ${issue?.message ?? 'is not valid'}`, {
      remedy: 'Run `muster help gateway add` for what it takes.',
    });
  }
  if (!/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(name))
    throw new MusterError('USAGE', `${JSON.stringify(name)} is no name for a provider`, {
      remedy: 'Use lower-case letters, digits, _ . -',
    });
  await withFleet(invocation, async ({ config, state, wake }) => {
    const provider = await putProvider(name, parsed.data, { state, outbound: createOutbound(config.outbound), by: 'cli' });
    wake.hint('gateway');
    invocation.output.result(
      providerView(provider, (await readHealth(state.database)).get(name)),
      () =>
        `${printable(name)} serves ${provider.routes.length === 0 ? 'every model' : `${provider.routes.length} models`}. Try it: muster gateway test ${printable(name)}`,
    );
  });
}

export async function test(invocation: Invocation, _options: unknown, name: string): Promise<number> {
  return withFleet(invocation, async ({ config, state }) => {
    const tested = await testProvider(name, { state, outbound: createOutbound(config.outbound) });
    const { colors } = invocation.output;
    invocation.output.result({ ...tested }, () =>
      tested.reached
        ? `${colors.green('reached')} ${printable(name)} in ${tested.latency_ms} ms: it says it has ${tested.models ?? 0} models.`
        : `${colors.red('not reached')} ${printable(name)}: ${printable(tested.error ?? '')}. ${printable(tested.remedy ?? '')}`,
    );
    return tested.reached ? EXIT.ok : EXIT.failure;
  });
}

export async function remove(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  await withFleet(invocation, async ({ state, wake }) => {
    if (!(await new Providers(state.database).remove(name))) throw noProvider(name);
    wake.hint('gateway');
    invocation.output.result({ name, removed: true }, () => `${printable(name)} and its key are forgotten.`);
  });
}

/** `smart=gpt-4o`: what clients ask for, and what the provider calls it. */
function routeOf(text: string, fallbacks: readonly string[]): { model: string; as: string | null; fallbacks: readonly string[] } {
  const at = text.indexOf('=');
  return at < 1 ? { model: text, as: null, fallbacks } : { model: text.slice(0, at), as: text.slice(at + 1), fallbacks };
}

export async function showSavings(
  invocation: Invocation,
  options: { readonly since: string; readonly project: readonly string[] },
): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ now, state }) => {
    const to = await now();
    const from = momentOf(options.since, to);
    const projects = options.project.length === 0 ? null : options.project;
    const found = await savingsView(state.database, { from, to: to + 1_000, projects });
    output.result(found, () =>
      found.items.length === 0
        ? 'No requests went through the gateway in that time.'
        : [
            drawTable(
              [
                { title: 'ANSWERED BY' },
                { title: 'REQUESTS', align: 'right' },
                { title: 'TOKENS', align: 'right' },
                { title: 'PAID USD', align: 'right' },
                { title: 'SAVED USD', align: 'right' },
                { title: 'WITHOUT PRICE', align: 'right' },
              ],
              found.items.map((each) => [
                each.outcome,
                String(each.requests),
                String(each.prompt_tokens + each.completion_tokens),
                each.cost,
                each.saved,
                String(each.unpriced),
              ]),
              output.columns,
              output.colors.dim,
            ),
            `Paid ${found.cost} USD, and saved ${found.saved}.`,
          ].join('\n'),
    );
  });
}

export async function limits(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state }) => {
    const store = new LimitStore(state.database);
    const found = await limitsViews(store, await store.list());
    const shown = (value: number | null, used?: number): string =>
      value === null ? '-' : used === undefined ? String(value) : `${Number(used.toPrecision(3))} of ${value}`;
    output.result({ items: found }, () =>
      found.length === 0
        ? 'No limits: every key spends what it wants. `muster gateway limit "*" --usd-per-day 10` changes that.'
        : drawTable(
            [
              { title: 'KEY' },
              { title: 'USD/DAY', align: 'right' },
              { title: 'USD/MONTH', align: 'right' },
              { title: 'BEYOND IT' },
              { title: 'REQUESTS/MIN', align: 'right' },
              { title: 'TOKENS/MIN', align: 'right' },
            ],
            found.map((each) => [
              printable(each.key_id),
              shown(each.usd_per_day, each.used?.usd_today),
              shown(each.usd_per_month, each.used?.usd_this_month),
              each.is_hard ? 'refuse' : 'warn',
              shown(each.requests_per_minute, each.used?.requests_this_minute),
              shown(each.tokens_per_minute, each.used?.tokens_this_minute),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

interface LimitOptions {
  readonly usdPerDay?: number;
  readonly usdPerMonth?: number;
  readonly soft?: boolean;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly none?: boolean;
}

export async function limit(invocation: Invocation, options: LimitOptions, keyId: string): Promise<void> {
  if (!/^([0-9a-z]{1,64}|\*)$/.test(keyId))
    throw new MusterError('USAGE', `${JSON.stringify(keyId)} is no id of a key`, {
      remedy: 'Run `muster keys list` for the ids; * stands for all.',
    });
  const { none, requestsPerMinute = null, soft, tokensPerMinute = null, usdPerDay = null, usdPerMonth = null } = options;
  const saysNothing = [requestsPerMinute, tokensPerMinute, usdPerDay, usdPerMonth].every((value) => value === null);
  if (saysNothing !== (none === true))
    throw usage(
      saysNothing ? 'No limit is said' : '--none goes with no limit',
      'Say a limit, such as --usd-per-day 5, or --none to take all away.',
    );
  await withFleet(invocation, async ({ state, wake }) => {
    if (saysNothing) {
      await new LimitStore(state.database).remove(keyId);
      wake.hint('gateway');
      return invocation.output.result({ key_id: keyId, limited: false }, () => `${printable(keyId)} has no limits of its own.`);
    }
    const record = await setLimits(
      keyId,
      { usdPerDay, usdPerMonth, isHard: soft !== true, requestsPerMinute, tokensPerMinute },
      { database: state.database, by: 'cli' },
    );
    wake.hint('gateway');
    return invocation.output.result(limitsView(record), () => `${printable(keyId)} is limited, on all servers from now on.`);
  });
}

/** Of fewer, that none was wrong happens too easily: of 100 that were right all, 3 in 100 may still be wrong (the rule of three). */
const FEW_PAIRS = 100;

export async function calibration(invocation: Invocation, options: { readonly model: string }, file: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new MusterError('USAGE', `${file} cannot be read: ${messageOf(error)}`, {
      remedy: 'Name a file with one pair on each line: {"a": "…", "b": "…", "same": true}.',
      cause: error,
    });
  }
  await withFleet(invocation, async ({ config, state }) => {
    const services = { state, outbound: createOutbound(config.outbound), log: silentLogger };
    const measured = await calibrate(text, options.model, services);
    const { output } = invocation;
    const share = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(1)} %`);
    output.result({ ...measured }, () =>
      [
        drawTable(
          [
            { title: 'FROM', align: 'right' },
            { title: 'RIGHT OF THOSE TAKEN', align: 'right' },
            { title: 'FOUND OF THE SAME', align: 'right' },
          ],
          measured.scores.map(({ precision, recall, threshold }) => [threshold.toFixed(2), share(precision), share(recall)]),
          output.columns,
          output.colors.dim,
        ),
        `${measured.apart} of ${measured.pairs} pairs have other numbers, names or negations, and are never taken for the same.`,
        measured.advised === null
          ? 'At no similarity are all of those taken right: do not use semantic answers for such questions with this model.'
          : `From ${measured.advised} on all of those taken were right, of ${measured.pairs} pairs: settings.cache.similar_from.`,
        ...(measured.pairs < FEW_PAIRS
          ? ['So few pairs say little: take some hundred of your own questions, the misleading ones among them.']
          : []),
      ].join('\n'),
    );
  });
}
