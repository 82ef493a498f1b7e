import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isMusterError, MusterError } from '../../../base/errors.ts';
import { decodeCursor, encodeCursor, pageOf as page } from '../../../http/cursor.ts';
import { principalOf } from '../../../http/principal.ts';
import { CursorText, Limit, Nothing, PageQuery, pageOf, problems } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { channelDelivery } from './channel-delivery.ts';
import type { ChannelRecord, Settings } from './channel-store.ts';
import { channelType } from './channels/index.ts';
import { NOTIFICATION_STATES, type NotificationRecord } from './notification-store.ts';
import {
  ChannelChangeBody,
  ChannelName,
  channelView,
  ChannelView,
  FreshChannelView,
  NewChannelBody,
  NotificationView,
  notificationView,
} from './views.ts';

const CHANNELS = ['channels'];
const NOTIFICATIONS = ['notifications'];
const ChannelParams = z.object({ name: ChannelName });
const NotificationParams = z.object({ notification_id: z.guid() });

export function addDeliveryRoutes(instance: FastifyInstance, { outbound, state, wake }: ModuleServices): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const { change, channels, create, notifications, sendTest } = channelDelivery(state);

  const found = async (name: string): Promise<ChannelRecord> => {
    const channel = await channels.get(name);
    if (channel === undefined) throw new MusterError('NOT_FOUND', `channel "${name}" does not exist`);
    return channel;
  };
  const view = async (channel: ChannelRecord) => channelView(channel, channelType(channel.type), await opened(channel));
  const opened = async (channel: ChannelRecord): Promise<Settings | undefined> => {
    try {
      return await channels.open(channel);
    } catch (error) {
      if (isMusterError(error, 'SECRET_UNREADABLE')) return undefined;
      throw error;
    }
  };

  app.get(
    '/channels',
    {
      config: { permission: 'channels:read' },
      schema: { tags: CHANNELS, summary: 'List channels', querystring: PageQuery, response: { 200: pageOf(ChannelView), ...problems() } },
    },
    async ({ query: { cursor, limit } }) => {
      const records = await channels.list({ limit: limit + 1, after: decodeCursor('channels', cursor) });
      const { items, nextCursor } = page('channels', records, limit, ({ name }) => name);
      return { items: await Promise.all(items.map(view)), next_cursor: nextCursor };
    },
  );

  app.post(
    '/channels',
    {
      config: { permission: 'channels:manage' },
      schema: {
        tags: CHANNELS,
        summary: 'Make a channel',
        description: 'Secrets are sealed and never shown again. A webhook without a secret is given one, which the answer shows this once.',
        body: NewChannelBody,
        response: { 201: FreshChannelView, ...problems(409) },
      },
    },
    async (request, reply) => {
      const { enabled, name, type, ...settings } = request.body;
      const { channel, made } = await create({ name, type, settings, enabled, createdBy: principalOf(request).subject }, outbound);
      wake.hint('channels');
      void reply.header('location', `/api/v1/channels/${encodeURIComponent(name)}`);
      return reply.code(201).send({ ...(await view(channel)), ...(Object.keys(made).length === 0 ? {} : { made }) });
    },
  );

  app.get(
    '/channels/:name',
    {
      config: { permission: 'channels:read' },
      schema: { tags: CHANNELS, summary: 'Show a channel', params: ChannelParams, response: { 200: ChannelView, ...problems(404) } },
    },
    async (request) => view(await found(request.params.name)),
  );

  app.patch(
    '/channels/:name',
    {
      config: { permission: 'channels:manage' },
      schema: {
        tags: CHANNELS,
        summary: 'Change a channel',
        description: 'Only what is given changes. Whatever waits for it is tried again at once.',
        params: ChannelParams,
        body: ChannelChangeBody,
        response: { 200: ChannelView, ...problems(404, 409, 412) },
      },
    },
    async (request) => {
      const { enabled, ...settings } = request.body;
      const by = principalOf(request).subject;
      const changed = await change(await found(request.params.name), { settings, enabled, by }, outbound);
      wake.hint('channels');
      wake.hint('notifications');
      return view(changed);
    },
  );

  app.delete(
    '/channels/:name',
    {
      config: { permission: 'channels:manage' },
      schema: {
        tags: CHANNELS,
        summary: 'Remove a channel; what waits for it is cancelled',
        params: ChannelParams,
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (!(await channels.remove(name))) await found(name);
      await state.events.append([{ type: 'channel:removed', data: { channel: name, by: principalOf(request).subject } }]);
      wake.hint('channels');
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/channels/:name/test',
    {
      config: { permission: 'channels:write' },
      schema: {
        tags: CHANNELS,
        summary: 'Send a test message',
        description: 'It goes the way of every message. Follow GET /notifications/{notification_id} for what comes of it.',
        params: ChannelParams,
        response: { 202: NotificationView, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { name } = await found(request.params.name);
      const id = await sendTest(name, principalOf(request).subject);
      wake.hint('notifications');
      void reply.header('location', `/api/v1/notifications/${id}`);
      return reply.code(202).send(notificationView(await foundNotification(id)));
    },
  );

  const foundNotification = async (id: string): Promise<NotificationRecord> => {
    const record = await notifications.get(id);
    if (record === undefined) throw new MusterError('NOT_FOUND', `notification ${id} does not exist`);
    return record;
  };

  app.get(
    '/notifications',
    {
      config: { permission: 'notifications:read' },
      schema: {
        tags: NOTIFICATIONS,
        summary: 'List notifications with their attempts, newest first',
        querystring: z.strictObject({
          state: z.enum(NOTIFICATION_STATES).optional(),
          channel: ChannelName.optional(),
          alert_id: z.guid().optional(),
          limit: Limit,
          cursor: CursorText.optional(),
        }),
        response: { 200: pageOf(NotificationView), ...problems() },
      },
    },
    async ({ query: { alert_id: alertId, channel, cursor, limit, state: wanted } }) => {
      const place = decodeCursor('notifications', cursor);
      const { items, nextCursor } = await notifications.list({ alertId, channel, state: wanted }, { limit, cursor: place });
      return {
        items: items.map(notificationView),
        next_cursor: nextCursor === null ? null : encodeCursor('notifications', nextCursor),
      };
    },
  );

  app.get(
    '/notifications/:notification_id',
    {
      config: { permission: 'notifications:read' },
      schema: {
        tags: NOTIFICATIONS,
        summary: 'Show a notification',
        params: NotificationParams,
        response: { 200: NotificationView, ...problems(404) },
      },
    },
    async (request) => notificationView(await foundNotification(request.params.notification_id)),
  );

  app.post(
    '/notifications/:notification_id/retry',
    {
      config: { permission: 'notifications:write' },
      schema: {
        tags: NOTIFICATIONS,
        summary: 'Try a notification again now, also one that was given up',
        params: NotificationParams,
        response: { 202: NotificationView, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const record = await notifications.retry(request.params.notification_id);
      wake.hint('notifications');
      return reply.code(202).send(notificationView(record));
    },
  );
}
