import { MusterError } from '../../base/errors.ts';
import { ForwardChanges, Forwards, GivenForward, type ForwardView } from '../../modules/traces/forward/index.ts';
import type { Invocation } from '../invocation.ts';
import { parsed } from '../parsed.ts';
import { secretOf } from '../secret.ts';
import { withFleet, type FleetAccess } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago, plural } from '../wording.ts';

/** Where runs are passed on to, and how that goes. */
export async function list(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  const { colors } = output;
  await withFleet(invocation, async (fleet) => {
    const items = await forwardsOf(fleet).list();
    output.result({ items }, () =>
      items.length === 0
        ? 'Nothing is passed on. `muster forwards add to-langsmith https://api.smith.langchain.com --key @file` changes that.'
        : drawTable(
            [
              { title: 'FORWARD', shrinkTo: 10 },
              { title: 'STATE' },
              { title: 'TO', shrinkTo: 20 },
              { title: 'PROJECT', shrinkTo: 10 },
              { title: 'SENT', align: 'right' },
              { title: 'REFUSED', align: 'right' },
              { title: 'WAITING', align: 'right' },
              { title: 'WHAT STOPS IT', shrinkTo: 20 },
            ],
            items.map((forward) => [
              printable(forward.name),
              stateOf(forward, colors),
              `${printable(forward.endpoint)} (${forward.kind})`,
              printable(forward.project ?? 'all'),
              forward.sent_runs.toLocaleString('en-US'),
              forward.refused === 0 ? '0' : colors.yellow(forward.refused.toLocaleString('en-US')),
              forward.backlog.waiting_runs.toLocaleString('en-US'),
              printable(forward.last_error ?? ''),
            ]),
            output.columns,
            colors.dim,
          ),
    );
  });
}

export async function show(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  await withFleet(invocation, async (fleet) => told(invocation, await forwardsOf(fleet).show(name), await fleet.now()));
}

interface SetOptions {
  readonly kind?: string;
  readonly key?: string;
  readonly header?: readonly string[];
  readonly targetProject?: string;
  readonly encoding?: string;
  readonly workspace?: string;
  readonly patience?: string;
}

interface AddOptions extends SetOptions {
  readonly project?: string;
  readonly from?: string;
}

export async function add(invocation: Invocation, options: AddOptions, name: string, endpoint: string): Promise<void> {
  const { project, from, kind = 'langsmith' } = options;
  const given = parsed(GivenForward, { ...(await changesOf(options)), name, kind, endpoint, project, from }, helpOf('add'));
  await withFleet(invocation, async (fleet) =>
    told(invocation, await forwardsOf(fleet).add(given, 'cli', ownHosts(fleet)), await fleet.now()),
  );
}

export async function change(invocation: Invocation, options: SetOptions & { readonly endpoint?: string }, name: string): Promise<void> {
  const given = parsed(ForwardChanges, { ...(await changesOf(options)), endpoint: options.endpoint }, helpOf('change'));
  await withFleet(invocation, async (fleet) =>
    told(invocation, await forwardsOf(fleet).change(name, given, ownHosts(fleet)), await fleet.now()),
  );
}

export async function pause(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  await withFleet(invocation, async (fleet) => {
    invocation.output.result(await forwardsOf(fleet).enable(name, false), () => `${printable(name)} sends nothing; its place is kept.`);
  });
}

export async function resume(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  await withFleet(invocation, async (fleet) => {
    const forward = await forwardsOf(fleet).enable(name, true);
    invocation.output.result(forward, () => `${printable(name)} goes on where it stopped; what failed is tried at once.`);
  });
}

export async function remove(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  await withFleet(invocation, async (fleet) => {
    await forwardsOf(fleet).remove(name);
    invocation.output.result({ name, removed: true }, () => `${printable(name)}, its key and its place are forgotten.`);
  });
}

const forwardsOf = ({ state, wake }: FleetAccess): Forwards => new Forwards(state, wake);

/** As far as a command can know them, which is no server itself. */
function ownHosts({ config: { server } }: FleetAccess): readonly string[] {
  const own = ['127.0.0.1', 'localhost', '[::1]'].map((host) => `${host}:${server.port}`);
  return server.publicUrl === undefined ? own : [...own, new URL(server.publicUrl).host];
}

/** What the options say, as the API would be told; what they do not say is not there. */
async function changesOf(options: SetOptions): Promise<Readonly<Record<string, unknown>>> {
  return {
    api_key: options.key === undefined ? undefined : await secretOf(options.key),
    headers: options.header === undefined ? undefined : Object.fromEntries(options.header.map(headerOf)),
    target_project: options.targetProject === '' ? null : options.targetProject,
    encoding: options.encoding,
    workspace_id: options.workspace,
    patience: options.patience,
  };
}

function headerOf(said: string): readonly [name: string, value: string] {
  const colon = said.indexOf(':');
  if (colon < 1) throw new MusterError('USAGE', `--header ${JSON.stringify(said)} has no name`, { remedy: 'Write it as "name: value".' });
  return [said.slice(0, colon).trim(), said.slice(colon + 1).trim()];
}

const helpOf = (command: string): string => `Run \`muster help forwards ${command}\` for what it takes.`;

function stateOf({ state }: ForwardView, colors: Invocation['output']['colors']): string {
  if (state === 'running') return colors.green(state);
  return state === 'failing' ? colors.red(state) : colors.yellow(state);
}

function told({ output }: Invocation, forward: ForwardView, now: number): void {
  const since = (at: string | null): string => (at === null ? 'never' : ago(Date.parse(at), now));
  const { backlog } = forward;
  const facts: readonly (readonly [string, string] | undefined)[] = [
    ['state', stateOf(forward, output.colors)],
    ['to', `${printable(forward.endpoint)} (${forward.kind}${forward.encoding === null ? '' : `, ${forward.encoding}`})`],
    ['key', forward.has_key ? 'sealed' : 'none'],
    ['project', printable(forward.project ?? 'all')],
    ['called there', printable(forward.target_project ?? 'as here')],
    forward.workspace_id === null ? undefined : ['workspace', printable(forward.workspace_id)],
    ['sent', `${plural(forward.sent_runs, 'run')}, ${forward.sent_feedback} feedback; last ${since(forward.last_success_at)}`],
    ['refused', forward.last_refusal === null ? String(forward.refused) : `${forward.refused}, last: ${printable(forward.last_refusal)}`],
    ['behind', `${plural(backlog.transactions, 'transaction')}, ${Math.round(backlog.lag_seconds)} s; ${backlog.waiting_runs} runs wait`],
    forward.last_error === null
      ? undefined
      : ['fails', `since ${since(forward.failing_since)}, ${plural(forward.failures, 'time')}: ${printable(forward.last_error)}`],
  ];
  output.result(forward, () =>
    drawTable(
      [{ title: printable(forward.name).toUpperCase() }, { title: '', shrinkTo: 30 }],
      facts.filter((fact) => fact !== undefined).map((fact) => [...fact]),
      output.columns,
      output.colors.dim,
    ),
  );
}
