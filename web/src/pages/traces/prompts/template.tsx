import type { ReactNode } from 'react';
import type { IconName } from '../../../ui/icons.tsx';
import { Icon } from '../../../ui/icons.tsx';
import { JsonView } from '../conversation/json-view.tsx';
import type { Template, TemplateMessage } from './queries.ts';
import { stretchesOf } from './variables.ts';

const looks: Readonly<Record<string, { readonly icon: IconName; readonly label: string }>> = {
  system: { icon: 'system', label: 'System' },
  human: { icon: 'user', label: 'User' },
  user: { icon: 'user', label: 'User' },
  ai: { icon: 'spark', label: 'Assistant' },
  assistant: { icon: 'spark', label: 'Assistant' },
  tool: { icon: 'tool', label: 'Tool' },
};

/** The messages of a prompt, with the places where variables are put in. White space is as its author wrote it: it is part of the prompt. */
export function TemplateView({ template }: { readonly template: Template }): ReactNode {
  return (
    <ol aria-label="Messages of the prompt" className="flex min-w-0 flex-col gap-3">
      {template.messages.map((message, index) => (
        <li key={index} className="min-w-0 rounded-md border border-line bg-canvas px-3 py-2.5">
          <MessageView message={message} format={template.format} />
        </li>
      ))}
    </ol>
  );
}

function MessageView({ message, format }: { readonly message: TemplateMessage; readonly format: string }): ReactNode {
  if (message.variable !== undefined)
    return (
      <p className="flex items-center gap-1.5 text-ink-2">
        <Icon name="chain" className="size-3.5" />
        <span>
          The messages of <Variable text={message.variable} />
        </span>
      </p>
    );
  const { icon, label } = looks[message.role] ?? { icon: 'info', label: message.role };
  return (
    <>
      <p className="mb-1.5 flex items-center gap-1.5 text-xs font-medium text-ink-2">
        <Icon name={icon} className="size-3.5" />
        {label}
      </p>
      <div className="flex min-w-0 flex-col gap-2">
        {message.parts.map((part, index) =>
          part.type === 'json' ? (
            <JsonView key={index} value={part.value} label="Part of the message" />
          ) : (
            <p key={index} dir="auto" className="whitespace-pre-wrap [overflow-wrap:anywhere]">
              {stretchesOf(part.text, format).map((stretch, place) =>
                stretch.isVariable ? <Variable key={place} text={stretch.text} /> : stretch.text,
              )}
            </p>
          ),
        )}
      </div>
    </>
  );
}

const Variable = ({ text }: { readonly text: string }): ReactNode => <code className="rounded-xs px-1 tint-accent">{text}</code>;
