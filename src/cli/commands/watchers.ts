import { MusterError } from '../../base/errors.ts';
import { originOf, sealedAs, Watchers, watcherView, within } from '../../modules/watch/index.ts';
import type { Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago } from '../wording.ts';

export async function list(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  const { colors } = output;
  await withFleet(invocation, async ({ state, now }) => {
    const [found, at] = [(await new Watchers(state.database).list()).map(watcherView), await now()];
    output.result({ items: found }, () =>
      found.length === 0
        ? 'Nobody outside waits for Muster: should all of it stop, nobody would tell you. `muster watchers add <name> <url>` changes that.'
        : drawTable(
            [
              { title: 'WATCHER', shrinkTo: 10 },
              { title: 'STATE' },
              { title: 'WHERE', shrinkTo: 16 },
              { title: 'EVERY', align: 'right' },
              { title: 'LAST REACHED', align: 'right' },
              { title: 'NOTE', shrinkTo: 8 },
            ],
            found.map((watcher) => [
              printable(watcher.name),
              watcher.state === 'unreachable'
                ? colors.red(watcher.state)
                : watcher.state === 'reached'
                  ? colors.green(watcher.state)
                  : watcher.state,
              printable(watcher.origin),
              watcher.every,
              ago(watcher.last_success_at === null ? null : Date.parse(watcher.last_success_at), at),
              colors.dim(printable(watcher.last_error ?? '')),
            ]),
            output.columns,
            colors.dim,
          ),
    );
  });
}

export async function add(invocation: Invocation, options: { readonly every: string }, name: string, url: string): Promise<void> {
  const origin = originOf(url);
  const everyMs = within('every', options.every);
  await withFleet(invocation, async ({ state }) => {
    const sealed = await state.secrets.seal(url, sealedAs(name));
    const watcher = watcherView(await new Watchers(state.database).put(name, { url: sealed, origin, everyMs }, 'cli'));
    invocation.output.result(
      watcher,
      () => `Muster calls ${printable(name)} at ${origin} every ${watcher.every}; \`muster watchers\` says whether it is reached.`,
    );
  });
}

export async function remove(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  await withFleet(invocation, async ({ state }) => {
    if (!(await new Watchers(state.database).remove(name)))
      throw new MusterError('NOT_FOUND', `There is no watcher "${printable(name)}"`, {
        remedy: 'Run `muster watchers list` for those there are.',
      });
    invocation.output.result({ name, removed: true }, () => `${printable(name)} is called no more.`);
  });
}
