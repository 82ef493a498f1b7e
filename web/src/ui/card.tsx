import type { ReactNode } from 'react';

/** A part of a page under its own heading. `flush`: what is in it reaches the edge, as tables do. */
export function Card({
  title,
  aside,
  flush = false,
  children,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly flush?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section aria-label={title} className={`card min-w-0 ${flush ? '' : 'p-4'}`}>
      <div className={`flex flex-wrap items-center gap-x-3 gap-y-1 ${flush ? 'border-b border-line px-4 py-2.5' : 'mb-2'}`}>
        <h2 className="text-sm font-semibold">{title}</h2>
        {aside !== undefined && <div className="ml-auto flex flex-wrap items-center gap-2">{aside}</div>}
      </div>
      {children}
    </section>
  );
}

export function Facts({ children }: { readonly children: ReactNode }): ReactNode {
  return <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5">{children}</dl>;
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <>
      <dt className="text-ink-2">{name}</dt>
      <dd className="min-w-0 [overflow-wrap:anywhere]">{children}</dd>
    </>
  );
}
