import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { durationMs } from '../../base/duration.ts';
import { EXIT, MusterError, messageOf } from '../../base/errors.ts';
import { nearest } from '../../config/nearest.ts';
import {
  channelDelivery,
  type ChannelRecord,
  type ChannelStore,
  type NotificationRecord,
  type Settings,
} from '../../modules/alerting/index.ts';
import { createOutbound } from '../../outbound/index.ts';
import { toDocument } from '../documents.ts';
import type { Invocation } from '../invocation.ts';
import { withFleet, type FleetAccess } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago } from '../wording.ts';

const MOST = 1_000;
const POLL_MS = 150;

export async function list(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ now, state }) => {
    const { channels } = channelDelivery(state);
    const [found, at] = await Promise.all([channels.list({ limit: MOST }), now()]);
    output.result({ items: found.map(document) }, () =>
      found.length === 0
        ? 'No channels. `muster channels add <name> webhook url=https://…` makes one.'
        : drawTable(
            [
              { title: 'NAME', shrinkTo: 10 },
              { title: 'TYPE' },
              { title: 'HEALTH' },
              { title: 'WAITING', align: 'right' },
              { title: 'LAST DELIVERED', align: 'right' },
              { title: 'LAST ERROR', shrinkTo: 20 },
            ],
            found.map((channel) => [
              printable(channel.name),
              channel.type,
              healthOf(channel, invocation),
              String(channel.waiting),
              ago(channel.lastSuccessAt, at),
              channel.failingSince === null ? '' : printable(channel.lastError ?? ''),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

function healthOf(channel: ChannelRecord, { output: { colors } }: Invocation): string {
  if (!channel.enabled) return colors.dim('switched off');
  if (channel.failingSince !== null) return colors.red('failing');
  return channel.lastSuccessAt === null ? colors.dim('not used yet') : colors.green('works');
}

export async function add(invocation: Invocation, _options: unknown, name: string, type: string, pairs: readonly string[]): Promise<void> {
  const { output } = invocation;
  const given = await settingsOf(pairs);
  await withFleet(invocation, async ({ config, state }) => {
    const { create } = channelDelivery(state);
    const { channel, made } = await create({ name, type, settings: given, createdBy: operator() }, createOutbound(config.outbound));
    output.result({ ...document(channel), ...(Object.keys(made).length === 0 ? {} : { made }) }, () =>
      [
        `Channel "${printable(channel.name)}" is made. Try it: muster alerts test-channel ${printable(channel.name)}`,
        ...Object.entries(made).map(([key, value]) => `${key}: ${value}  ${output.colors.dim('shown this once')}`),
      ].join('\n'),
    );
  });
}

/** Changes what is given: `password=@file`, `enabled=false`; `username=` takes a setting away. */
export async function set(invocation: Invocation, _options: unknown, name: string, pairs: readonly string[]): Promise<void> {
  const { enabled, ...settings } = await settingsOf(pairs);
  if (enabled !== undefined && typeof enabled !== 'boolean')
    throw new MusterError('USAGE', 'enabled is true or false', { remedy: 'Write enabled=true or enabled=false.' });
  await withFleet(invocation, async ({ config, state, wake }) => {
    const { change, channels } = channelDelivery(state);
    const channel = await requireChannel(channels, name);
    const changed = await change(channel, { settings, enabled, by: operator() }, createOutbound(config.outbound));
    wake.hint('channels');
    wake.hint('notifications');
    invocation.output.result(document(changed), () =>
      changed.enabled
        ? `Channel "${printable(name)}" is changed. Try it: muster alerts test-channel ${printable(name)}`
        : `Channel "${printable(name)}" is switched off: its messages wait.`,
    );
  });
}

export async function remove(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  await withFleet(invocation, async ({ state }) => {
    const { channels } = channelDelivery(state);
    const { waiting } = await requireChannel(channels, name);
    await channels.remove(name);
    invocation.output.result({ name, removed: true, cancelled: waiting }, () =>
      waiting === 0
        ? `Channel "${printable(name)}" is removed.`
        : `Channel "${printable(name)}" is removed, and ${waiting} messages with it.`,
    );
  });
}

/** Sends a message by a channel and waits for what comes of it. */
export async function test(invocation: Invocation, options: { readonly timeout: string }, name: string): Promise<number> {
  const timeoutMs = durationMs(options.timeout);
  return withFleet(invocation, async (fleet) => {
    const { channels, notifications, sendTest } = channelDelivery(fleet.state);
    const channel = await requireChannel(channels, name);
    if (!channel.enabled)
      throw new MusterError('CONFLICT', `channel "${name}" is switched off`, {
        remedy: `Switch it on first: muster channels set ${printable(name)} enabled=true`,
      });
    const id = await sendTest(name, operator());
    fleet.wake.hint('notifications');
    const deadline = performance.now() + timeoutMs;
    let record = await notifications.get(id);
    while (record?.ledger.some(({ outcome }) => outcome !== null) !== true && performance.now() < deadline) {
      await delay(POLL_MS);
      record = await notifications.get(id);
    }
    return report(invocation, fleet, name, record);
  });
}

async function report(
  { output }: Invocation,
  { state }: FleetAccess,
  name: string,
  record: NotificationRecord | undefined,
): Promise<number> {
  const attempt = record?.ledger.at(-1);
  const delivered = record?.state === 'delivered';
  const running = (await state.agents.list({ type: 'alert_delivery' }, { limit: 10 })).some(({ status }) => status === 'running');
  const error =
    attempt?.error ??
    record?.last_error ??
    (running ? 'nothing came of it yet' : 'no host runs alert_delivery: is one up (`muster status`)?');
  output.result(
    {
      channel: name,
      delivered,
      notification_id: record?.notification_id ?? null,
      status: attempt?.status ?? null,
      error: delivered ? null : error,
    },
    () =>
      delivered
        ? `${output.colors.green('delivered')} by "${printable(name)}" in ${attempt?.duration_ms ?? 0} ms (${record.notification_id})`
        : `${output.colors.red('not delivered')} by "${printable(name)}": ${printable(error)}. It is tried again until it arrives.`,
  );
  return delivered ? EXIT.ok : EXIT.failure;
}

async function requireChannel(channels: ChannelStore, name: string): Promise<ChannelRecord> {
  const channel = await channels.get(name);
  if (channel !== undefined) return channel;
  const names = (await channels.list({ limit: MOST })).map((each) => each.name);
  const meant = nearest(name, names);
  throw new MusterError('NOT_FOUND', `There is no channel "${printable(name)}"`, {
    remedy: meant === undefined ? 'Run `muster channels list`.' : `Did you mean ${meant}?`,
  });
}

/** `url=https://…`, `to=["a@example.com"]`, `password=@file`: JSON where it is, text where it is not. */
async function settingsOf(pairs: readonly string[]): Promise<Settings> {
  const entries = pairs.map(async (pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw new MusterError('USAGE', `${JSON.stringify(pair)} is no setting`, { remedy: 'Write settings as name=value.' });
    return [pair.slice(0, at), await valueOf(pair.slice(0, at), pair.slice(at + 1))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Text whatever it looks like: a password may be a number. */
const ALWAYS_TEXT = new Set(['password', 'routing_key', 'secret', 'token', 'topic', 'username']);

async function valueOf(name: string, text: string): Promise<unknown> {
  if (text === '') return null;
  if (text.startsWith('@')) {
    try {
      return (await readFile(text.slice(1), 'utf8')).replace(/\r?\n$/, '');
    } catch (error) {
      throw new MusterError('USAGE', `${text.slice(1)} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }
  if (ALWAYS_TEXT.has(name)) return text;
  if (!/^([[{]|-?\d+$|true$|false$)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON after all: a text that begins like it.
    return text;
  }
}

const operator = (): string => `cli:${process.env['USER'] ?? process.env['LOGNAME'] ?? 'unknown'}`;

/** As people may see it: what is sealed stays out. */
const document = ({ sealed, ...channel }: ChannelRecord): Record<string, unknown> => ({ ...toDocument(channel), sealed: sealed !== null });
