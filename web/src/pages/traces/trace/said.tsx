import { type ReactNode, useMemo } from 'react';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { ConversationView } from '../conversation/conversation.tsx';
import { mediaIn } from '../conversation/media.ts';
import { JsonView } from '../conversation/json-view.tsx';
import type { Message } from '../types.ts';
import { isNothing, Part } from './part.tsx';

/** Inputs or outputs: as the conversation they are, or as the JSON that was sent. */
export function SaidPart({
  title,
  value,
  messages,
  asJson,
  note,
  absence = 'Nothing was sent.',
}: {
  readonly title: string;
  readonly value: unknown;
  readonly messages: readonly Message[] | undefined;
  readonly asJson: boolean;
  readonly note?: string | undefined;
  readonly absence?: string;
}): ReactNode {
  const media = useMemo(() => mediaIn(value), [value]);
  const aside = (
    <>
      {note !== undefined && <span className="text-xs text-ink-3">ended with {note.replaceAll('_', ' ')}</span>}
      {!isNothing(value) && <CopyButton label={`Copy the ${title.toLowerCase()}`} text={() => asText(value)} />}
    </>
  );
  return (
    <Part title={title} aside={aside}>
      {isNothing(value) ? (
        <p className="text-ink-3">{absence}</p>
      ) : asJson || messages === undefined || messages.length === 0 ? (
        <JsonView value={value} label={`${title}, as JSON`} />
      ) : (
        <ConversationView messages={messages} label={title} media={media} />
      )}
    </Part>
  );
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value, undefined, 2));
