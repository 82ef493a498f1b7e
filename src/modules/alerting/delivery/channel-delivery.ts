import { isMusterError } from '../../../base/errors.ts';
import type { Outbound } from '../../../outbound/index.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import { createChannelStore, requireType, type ChannelRecord, type ChannelStore, type Settings } from './channel-store.ts';
import { createNotificationStore, type NotificationStore } from './notification-store.ts';
import { enqueue } from './notification.ts';
import { mergeSettings, prepareSettings, testDocument } from './set-up.ts';

export interface NewChannel {
  readonly name: string;
  readonly type: string;
  readonly settings: Settings;
  readonly enabled?: boolean;
  readonly createdBy: string;
}

/** What people do with channels, whether they come by the API or the command line. */
export interface ChannelDelivery {
  readonly channels: ChannelStore;
  readonly notifications: NotificationStore;
  /** `made` are secrets that were made for it: this is the one time they can be shown. */
  readonly create: (
    channel: NewChannel,
    outbound: Outbound,
  ) => Promise<{ readonly channel: ChannelRecord; readonly made: Readonly<Record<string, string>> }>;
  /** Changes what is given; null takes a setting away. Whatever waits for it is due at once: hint `channels` and `notifications` after it. */
  readonly change: (
    channel: ChannelRecord,
    change: { readonly settings: Settings; readonly enabled?: boolean | undefined; readonly by: string },
    outbound: Outbound,
  ) => Promise<ChannelRecord>;
  /** The id of the message; hint `notifications` after it. */
  readonly sendTest: (name: string, by: string) => Promise<string>;
}

export function channelDelivery({ database, events, secrets }: Pick<SharedState, 'database' | 'events' | 'secrets'>): ChannelDelivery {
  const channels = createChannelStore(database, secrets);
  // Where the secrets cannot be opened any more all of them have to be given anew.
  const known = async (channel: ChannelRecord): Promise<Settings> => {
    try {
      return await channels.open(channel);
    } catch (error) {
      if (isMusterError(error, 'SECRET_UNREADABLE')) return channel.config;
      throw error;
    }
  };
  return {
    channels,
    notifications: createNotificationStore(database),

    async create({ createdBy, enabled = true, name, settings: given, type: typeName }, outbound) {
      const type = requireType(typeName);
      const { made, settings } = await prepareSettings(type, given, outbound);
      const channel = await channels.add({ name, type, settings, enabled, createdBy });
      await events.append([{ type: 'channel:created', data: { channel: name, by: createdBy } }]);
      return { channel, made };
    },

    async change(channel, { by, enabled = channel.enabled, settings: change }, outbound) {
      const type = requireType(channel.type);
      const { settings } = await prepareSettings(type, mergeSettings(await known(channel), change), outbound);
      const changed = await channels.change(channel, { type, settings, enabled });
      await events.append([{ type: 'channel:changed', data: { channel: channel.name, by } }]);
      return changed;
    },

    async sendTest(name, by) {
      const [id = ''] = await database.transaction((tx) =>
        enqueue(tx, [{ channel: name, kind: 'test', level: 'info', document: testDocument(name, by) }]),
      );
      return id;
    },
  };
}
