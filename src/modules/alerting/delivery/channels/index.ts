import type { AnyChannelType } from '../channel-type.ts';
import { command } from './command.ts';
import { discord } from './discord.ts';
import { ntfy } from './ntfy.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack.ts';
import { smtp } from './smtp.ts';
import { teams } from './teams.ts';
import { telegram } from './telegram.ts';
import { webhook } from './webhook.ts';

export const CHANNEL_TYPES = [webhook, smtp, slack, discord, telegram, teams, ntfy, pagerduty, command] as const;

export const channelType = (type: string): AnyChannelType | undefined =>
  (CHANNEL_TYPES as readonly AnyChannelType[]).find((each) => each.type === type);
