/** What a channel of a kind is told when it is made. Names are those of the API. */
export interface Setting {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly start?: string;
  /** What the API wants: text where it is left out. */
  readonly as?: 'number' | 'list' | 'pairs';
  readonly options?: readonly string[];
  /** Not to be read over a shoulder; sealed by the server, and never shown again. */
  readonly isSecret?: boolean;
  readonly isNeeded?: boolean;
}

export interface ChannelKind {
  readonly type: string;
  readonly label: string;
  readonly settings: readonly Setting[];
}

const hook = (hint: string): readonly Setting[] => [{ name: 'url', label: 'Address', hint, isSecret: true, isNeeded: true }];

export const channelKinds: readonly ChannelKind[] = [
  {
    type: 'webhook',
    label: 'Webhook: an HTTP endpoint of your own',
    settings: [
      { name: 'url', label: 'Address', hint: 'https, or http inside an opened network', isNeeded: true },
      {
        name: 'secret',
        label: 'Secret',
        hint: 'Signs every request, as Standard Webhooks asks. Left out, one is made and shown once.',
        isSecret: true,
      },
      { name: 'headers', label: 'Headers', hint: 'One `name: value` a line', as: 'pairs', isSecret: true },
    ],
  },
  {
    type: 'smtp',
    label: 'Mail',
    settings: [
      { name: 'host', label: 'Server', isNeeded: true },
      { name: 'port', label: 'Port', start: '587', as: 'number' },
      { name: 'tls', label: 'Encryption', options: ['starttls', 'implicit', 'none'], start: 'starttls' },
      { name: 'username', label: 'User name' },
      { name: 'password', label: 'Password', isSecret: true },
      { name: 'from', label: 'From', isNeeded: true },
      { name: 'to', label: 'To', hint: 'Several with commas between them', as: 'list', isNeeded: true },
    ],
  },
  { type: 'slack', label: 'Slack', settings: hook('Of an incoming webhook') },
  { type: 'discord', label: 'Discord', settings: hook('Of a webhook of a channel') },
  {
    type: 'telegram',
    label: 'Telegram',
    settings: [
      { name: 'token', label: 'Token of the bot', hint: 'What @BotFather gave', isSecret: true, isNeeded: true },
      { name: 'chat_id', label: 'Chat', hint: 'An id of a chat or group, or @channel', isNeeded: true },
      { name: 'api_url', label: 'Bot API server', start: 'https://api.telegram.org' },
    ],
  },
  { type: 'teams', label: 'Microsoft Teams', settings: hook('Of a workflow that posts an Adaptive Card') },
  {
    type: 'ntfy',
    label: 'ntfy',
    settings: [
      { name: 'url', label: 'Server', start: 'https://ntfy.sh' },
      { name: 'topic', label: 'Topic', isNeeded: true },
      { name: 'token', label: 'Access token', hint: 'Where the topic is protected', isSecret: true },
    ],
  },
  {
    type: 'pagerduty',
    label: 'PagerDuty',
    settings: [
      { name: 'routing_key', label: 'Integration key', hint: 'Of a service, for Events API v2', isSecret: true, isNeeded: true },
      {
        name: 'api_url',
        label: 'Address',
        start: 'https://events.pagerduty.com',
        hint: '`https://events.eu.pagerduty.com` in Europe',
      },
    ],
  },
  {
    type: 'command',
    label: 'A command on the host, where MUSTER_ALLOW_COMMANDS lets it',
    settings: [
      { name: 'command', label: 'Command', hint: 'Gets the event as JSON on standard input; exit code 0: delivered', isNeeded: true },
      { name: 'environment', label: 'Variables', hint: 'One `NAME: value` a line', as: 'pairs', isSecret: true },
      { name: 'timeout_seconds', label: 'Seconds it may take', start: '10', as: 'number' },
    ],
  },
];

/** What was typed, as the API wants it; what is empty is left out. */
export function settingsOf(kind: ChannelKind, typed: (name: string) => string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    kind.settings.flatMap(({ as, name }): readonly (readonly [string, unknown])[] => {
      const text = typed(name).trim();
      if (text === '') return [];
      if (as === 'number') return [[name, Number(text)]];
      if (as === 'list')
        return [
          [
            name,
            text
              .split(/[\n,]/)
              .map((each) => each.trim())
              .filter((each) => each !== ''),
          ],
        ];
      if (as === 'pairs') return [[name, pairsOf(text)]];
      return [[name, text]];
    }),
  );
}

/** `name: value` or `name=value`, one a line. */
export function pairsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const cut = line.search(/[:=]/);
        return cut < 0 ? [line.trim(), ''] : [line.slice(0, cut).trim(), line.slice(cut + 1).trim()];
      }),
  );
}
