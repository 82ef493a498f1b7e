import type { ReactNode } from 'react';
import { formatBytes } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Sound } from '../conversation/sound.tsx';
import type { RunDetail } from '../types.ts';
import { Part } from './part.tsx';

const drawn = /^image\/(png|jpeg|gif|webp|avif)$/;
const heard = /^audio\/[\w.+-]+$/;
/** Larger ones are downloads. */
const largestDrawn = 5_000_000;

/** What was sent with the run: images are shown, sounds are played when asked, and all of it can be downloaded. Its own server serves it, as bytes and never as a page. */
export function Attachments({ run }: { readonly run: RunDetail }): ReactNode {
  if (run.attachments.length === 0) return null;
  return (
    <Part title="Attachments">
      <ul className="flex flex-col gap-3">
        {run.attachments.map(({ mime_type: type, name, size }) => {
          const href = `/api/v1/traces/runs/${run.run_id}/attachments/${encodeURIComponent(name)}`;
          return (
            <li key={name} className="min-w-0">
              <a href={href} download={name} className="inline-flex max-w-full items-center gap-1.5 underline">
                <Icon name="download" />
                <span className="truncate">{name}</span>
              </a>{' '}
              <span className="text-xs text-ink-3">
                {type}, {formatBytes(size)}
              </span>
              {drawn.test(type) && size <= largestDrawn && (
                <img alt={name} src={href} loading="lazy" className="mt-1 max-h-96 max-w-full rounded-md border border-line" />
              )}
              {heard.test(type) && <Sound src={href} name={name} />}
            </li>
          );
        })}
      </ul>
    </Part>
  );
}
