import { readFile } from 'node:fs/promises';
import { EXIT, messageOf, MusterError } from '../../base/errors.ts';
import { GivenProvider, noProvider, Providers, providerView, putProvider, testProvider } from '../../modules/traces/gateway/index.ts';
import { createOutbound } from '../../outbound/index.ts';
import type { Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';

export async function list(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  const { colors } = output;
  await withFleet(invocation, async ({ state }) => {
    const found = (await new Providers(state.database).list()).map(providerView);
    output.result({ items: found }, () =>
      found.length === 0
        ? 'No providers. `muster gateway add openai https://api.openai.com/v1 --kind openai --key @file` adds one.'
        : drawTable(
            [
              { title: 'PROVIDER', shrinkTo: 10 },
              { title: 'KIND' },
              { title: 'WHERE', shrinkTo: 20 },
              { title: 'KEY' },
              { title: 'MODELS', shrinkTo: 16 },
            ],
            found.map((provider) => [
              provider.enabled ? printable(provider.name) : colors.dim(`${printable(provider.name)} (off)`),
              provider.kind,
              printable(provider.base_url),
              provider.has_key ? 'sealed' : colors.dim('none'),
              provider.routes.length === 0 ? 'all' : printable(provider.routes.map(({ model }) => model).join(', ')),
            ]),
            output.columns,
            colors.dim,
          ),
    );
  });
}

interface AddOptions {
  readonly kind: string;
  readonly key?: string;
  readonly model: readonly string[];
  readonly fallback: readonly string[];
}

export async function add(invocation: Invocation, options: AddOptions, name: string, baseUrl: string): Promise<void> {
  const key = options.key === undefined ? undefined : await keyOf(options.key);
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
      providerView(provider),
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

async function keyOf(text: string): Promise<string> {
  if (!text.startsWith('@')) return text;
  try {
    return (await readFile(text.slice(1), 'utf8')).trim();
  } catch (error) {
    throw new MusterError('USAGE', `${text.slice(1)} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
