import { type ReactNode, useState } from 'react';
import { Icon, type IconName } from '../../../ui/icons.tsx';
import { Button } from '../../../ui/primitives.tsx';
import type { Message, Part, Role } from '../types.ts';
import { isDrawable, isPlayable, type Media } from './media.ts';
import { jsonOf } from './json.ts';
import { JsonView } from './json-view.tsx';
import { Sound } from './sound.tsx';
import { Written } from './written.tsx';

const looks: Readonly<Record<Role, { readonly icon: IconName; readonly label: string }>> = {
  system: { icon: 'system', label: 'System' },
  user: { icon: 'user', label: 'User' },
  assistant: { icon: 'spark', label: 'Assistant' },
  tool: { icon: 'tool', label: 'Tool' },
  other: { icon: 'info', label: 'Message' },
};

/** Messages drawn at first; those of a long conversation that matter are its last. */
const lastMessages = 20;

export interface ConversationProps {
  readonly messages: readonly Message[];
  readonly label: string;
  /** Bytes of what the messages only mention. */
  readonly media: Media;
}

/** What was said, in order, with who said it. */
export function ConversationView({ messages, label, media }: ConversationProps): ReactNode {
  const [whole, setWhole] = useState(false);
  const hidden = whole ? 0 : Math.max(0, messages.length - lastMessages);
  const bytesOf = placed(messages, media);
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {hidden > 0 && (
        <Button className="self-start" icon="up" onClick={() => setWhole(true)}>
          {hidden} earlier {hidden === 1 ? 'message' : 'messages'}
        </Button>
      )}
      <ol aria-label={label} className="flex min-w-0 flex-col gap-3">
        {messages.slice(hidden).map((message, index) => (
          <MessageView key={hidden + index} message={message} bytesOf={bytesOf} />
        ))}
      </ol>
    </div>
  );
}

/** Which bytes belong to which mention: of each kind the first to the first. */
function placed(messages: readonly Message[], { images, sounds }: Media): ReadonlyMap<Part, string> {
  const mentions = messages.flatMap(({ parts }) => parts).filter((part) => part.type === 'media' && part.url === undefined);
  const of = (kind: 'image' | 'audio', bytes: readonly string[]): (readonly [Part, string])[] =>
    mentions
      .filter((part) => part.type === 'media' && part.kind === kind)
      .flatMap((part, index) => (bytes[index] === undefined ? [] : [[part, bytes[index]] as const]));
  return new Map([...of('image', images), ...of('audio', sounds)]);
}

function MessageView({ message, bytesOf }: { readonly message: Message; readonly bytesOf: ReadonlyMap<Part, string> }): ReactNode {
  const { icon, label } = looks[message.role];
  return (
    <li
      className={`min-w-0 rounded-md border px-3 py-2.5 ${message.role === 'assistant' ? 'border-line-strong' : 'border-line bg-canvas'}`}
    >
      <p className="mb-1.5 flex items-center gap-1.5 text-xs font-medium text-ink-2">
        <Icon name={icon} className="size-3.5" />
        {label}
        {message.name !== undefined && <span className="font-normal text-ink-3">{message.name}</span>}
      </p>
      <div className="flex min-w-0 flex-col gap-2.5">
        {message.parts.length === 0 ? (
          <p className="text-ink-3">Nothing was said.</p>
        ) : (
          message.parts.map((part, index) => <PartView key={index} part={part} bytes={bytesOf.get(part)} />)
        )}
      </div>
    </li>
  );
}

function PartView({ part, bytes }: { readonly part: Part; readonly bytes: string | undefined }): ReactNode {
  switch (part.type) {
    case 'text':
      return <Said text={part.text} label="What was said" />;
    case 'refusal':
      return (
        <div className="border-l-2 border-warn pl-3">
          <p className="text-xs font-medium text-warn">Refused</p>
          <Written text={part.text} />
        </div>
      );
    case 'reasoning':
      return <Reasoning text={part.text} />;
    case 'tool_call':
      return (
        <ToolBox title={`Calls ${part.name === '' ? 'a tool' : part.name}`} icon="right" id={part.id}>
          <Said text={part.arguments} label={`Arguments for ${part.name}`} />
        </ToolBox>
      );
    case 'tool_result':
      return (
        <ToolBox title={part.name === undefined ? 'Answers' : `${part.name} answers`} icon="check" id={part.id}>
          <Said text={part.text} label={`What ${part.name ?? 'the tool'} answered`} />
        </ToolBox>
      );
    case 'media':
      return <MediaView part={part} bytes={bytes} />;
    case 'json':
      return <JsonView value={part.value} label="Part of the message" />;
  }
}

/** A text; where it is JSON, as that. */
function Said({ text, label }: { readonly text: string; readonly label: string }): ReactNode {
  const value = jsonOf(text);
  if (typeof value !== 'string') return <JsonView value={value} label={label} />;
  return text === '' ? <p className="text-ink-3">Nothing.</p> : <Written text={text} />;
}

function ToolBox({
  title,
  icon,
  id,
  children,
}: {
  readonly title: string;
  readonly icon: IconName;
  readonly id: string | undefined;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className="min-w-0 rounded-md border border-line bg-surface px-3 py-2">
      <p className="mb-1 flex min-w-0 items-center gap-1.5 font-medium">
        <Icon name={icon} className="size-3.5 text-ink-3" />
        <span className="min-w-0 [overflow-wrap:anywhere]">{title}</span>
        {id !== undefined && <code className="ml-auto min-w-0 truncate pl-3 text-2xs text-ink-3">{id}</code>}
      </p>
      {children}
    </div>
  );
}

function Reasoning({ text }: { readonly text: string }): ReactNode {
  const [open, setOpen] = useState(false);
  if (text === '') return <p className="text-xs text-ink-3">It reasoned; the provider keeps what to itself.</p>;
  return (
    <div className="min-w-0 border-l-2 border-line-strong pl-3">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex items-center gap-1.5 rounded-sm text-xs font-medium text-ink-2 hover:text-ink"
      >
        Reasoning
        <Icon name={open ? 'down' : 'right'} className="size-3.5 text-ink-3" />
      </button>
      {open && (
        <div className="mt-1.5 text-ink-2">
          <Written text={text} />
        </div>
      )}
    </div>
  );
}

/**
 * Bytes that lie in the trace are shown. An address elsewhere is only named: loading it would tell a stranger who reads this, and the page's
 * policy forbids it.
 */
function MediaView({ part, bytes }: { readonly part: Part & { readonly type: 'media' }; readonly bytes: string | undefined }): ReactNode {
  if (part.kind === 'image' && bytes !== undefined && isDrawable(bytes))
    return <img alt="Part of the message" src={bytes} className="max-h-96 max-w-full self-start rounded-md border border-line" />;
  if (part.kind === 'audio' && bytes !== undefined && isPlayable(bytes)) return <Sound src={bytes} name="Part of the message" />;
  return (
    <p className="flex min-w-0 items-center gap-1.5 text-ink-2">
      <Icon name={part.kind === 'image' ? 'image' : 'book'} />
      <span className="min-w-0 [overflow-wrap:anywhere]">
        {part.kind} {part.mimeType !== undefined && <code>{part.mimeType}</code>}{' '}
        {part.url === undefined ? (
          'with the run'
        ) : (
          <>
            not loaded: <code>{part.url.slice(0, 300)}</code>
          </>
        )}
      </span>
    </p>
  );
}
