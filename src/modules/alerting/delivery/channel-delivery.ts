import type { Outbound } from '../../../outbound/index.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import { createChannelStore, requireType, type ChannelRecord, type ChannelStore, type Settings } from './channel-store.ts';
import { createNotificationStore, type NotificationStore } from './notification-store.ts';
import { enqueue } from './notification.ts';
import { prepareSettings, testDocument } from './set-up.ts';

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
  /** The id of the message; hint `notifications` after it. */
  readonly sendTest: (name: string, by: string) => Promise<string>;
}

export function channelDelivery({ database, events, secrets }: Pick<SharedState, 'database' | 'events' | 'secrets'>): ChannelDelivery {
  const channels = createChannelStore(database, secrets);
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

    async sendTest(name, by) {
      const [id = ''] = await database.transaction((tx) =>
        enqueue(tx, [{ channel: name, kind: 'test', level: 'info', document: testDocument(name, by) }]),
      );
      return id;
    },
  };
}
