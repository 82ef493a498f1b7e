import type { ReactNode } from 'react';

/** A sound that lies in the trace. Nothing is loaded before somebody plays it. */
export function Sound({ src, name }: { readonly src: string; readonly name: string }): ReactNode {
  // oxlint-disable-next-line jsx-a11y/media-has-caption -- nobody wrote captions: what was said stands in the messages, where a model wrote it down
  return <audio controls preload="none" src={src} aria-label={name} className="w-full max-w-md" />;
}
