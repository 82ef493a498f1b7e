import type { ButtonHTMLAttributes, ReactNode } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { useNow } from '../live/now.ts';
import { formatAge, formatClock, formatFull } from './format.ts';
import { Icon, type IconName, StandingGlyph } from './icons.tsx';
import { type Standing, standings, toneText } from './standing.ts';

type ButtonKind = 'plain' | 'primary' | 'danger' | 'ghost';

const buttonKinds: Readonly<Record<ButtonKind, string>> = {
  plain: 'border border-line-strong bg-surface hover:bg-raised text-ink',
  primary: 'border border-transparent bg-accent text-accent-ink hover:brightness-110',
  danger: 'border border-transparent bg-bad text-accent-ink hover:brightness-110',
  ghost: 'border border-transparent text-ink-2 hover:bg-raised hover:text-ink',
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: ButtonKind;
  readonly icon?: IconName;
}

export function Button({ kind = 'plain', icon, children, className = '', ...rest }: ButtonProps): ReactNode {
  const shape = children === undefined ? 'size-8 justify-center' : 'h-8 px-3';
  return (
    <button
      type="button"
      className={`inline-flex items-center gap-1.5 rounded-md text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-50 ${shape} ${buttonKinds[kind]} ${className}`}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** How long ago by the server's clock, renewed every second, with the full time on hover. */
export function Ago({
  at,
  suffix = ' ago',
  className = '',
}: {
  readonly at: string | number | null;
  readonly suffix?: string;
  readonly className?: string;
}): ReactNode {
  const now = useNow();
  if (at === null) return <span className={`text-ink-3 ${className}`}>never</span>;
  const time = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(time).toISOString()} title={formatFull(time)} className={`whitespace-nowrap ${className}`}>
      {formatAge(now - time)}
      {suffix}
    </time>
  );
}

export function StandingLabel({
  standing,
  reason = null,
  className = '',
}: {
  readonly standing: Standing;
  readonly reason?: string | null;
  readonly className?: string;
}): ReactNode {
  const { label, tone, meaning } = standings[standing];
  return (
    <span
      className={`inline-flex items-center gap-2 align-middle whitespace-nowrap ${className}`}
      title={reason === null || tone === 'ok' ? meaning : `${meaning}: ${reason}`}
    >
      <StandingGlyph standing={standing} />
      <span className={tone === 'ok' ? 'text-ink' : toneText[tone]}>{label}</span>
    </span>
  );
}

/** From when the figures beside it are; hatched words when that is too long ago. */
export function AsOf({ at, staleAfterMs }: { readonly at: number | undefined; readonly staleAfterMs: number }): ReactNode {
  const now = useNow();
  if (at === undefined || at === 0) return null;
  const age = now - at;
  if (age <= staleAfterMs) {
    return (
      <span className="text-xs whitespace-nowrap text-ink-3">
        as of <time dateTime={new Date(at).toISOString()}>{formatClock(at)}</time>
      </span>
    );
  }
  return (
    <span className="inline-flex items-center gap-1 text-xs font-medium whitespace-nowrap text-warn">
      <Icon name="clock" className="size-3.5" />
      stale: {formatAge(age)} old
    </span>
  );
}

/** A sentence of the server's: what stands between backticks is a command or a name, and looks like one. */
export function Prose({ text }: { readonly text: string }): ReactNode {
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

/** Nothing here: why, and what to do next. */
export function Empty({
  title,
  children,
  icon = 'info',
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly icon?: IconName;
}): ReactNode {
  return (
    <div className="flex flex-col items-center gap-1.5 px-6 py-10 text-center">
      <Icon name={icon} className="mb-1 size-5 text-ink-3" />
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="max-w-[52ch] text-ink-2">{children}</div>}
    </div>
  );
}

export function ProblemNote({ problem, retry }: { readonly problem: ApiProblem; readonly retry?: () => void }): ReactNode {
  return (
    <div className="flex flex-col items-start gap-1 p-4">
      <p className="flex items-center gap-2 font-medium text-bad">
        <Icon name="critical" />
        {problem.title}
      </p>
      <p className="text-ink-2">
        <Prose text={problem.message} />
      </p>
      {problem.remedy !== undefined && (
        <p className="text-ink-2">
          <Prose text={problem.remedy} />
        </p>
      )}
      {problem.requestId !== undefined && <p className="font-mono text-xs text-ink-3">request {problem.requestId}</p>}
      {retry && (
        <Button className="mt-2" icon="restart" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export function Skeleton({ className }: { readonly className: string }): ReactNode {
  return <span aria-hidden="true" className={`skeleton block ${className}`} />;
}

export function Kbd({ children }: { readonly children: ReactNode }): ReactNode {
  return <kbd className="rounded-sm border border-line-strong bg-raised px-1.5 py-px text-2xs text-ink-2">{children}</kbd>;
}

/** A heading of a page: what it is, from when, and what to do with it. */
export function PageHeader({
  title,
  note,
  children,
}: {
  readonly title: ReactNode;
  readonly note?: ReactNode;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <header className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
      <h1
        className="line-clamp-2 min-w-0 text-xl [overflow-wrap:anywhere]"
        title={typeof title === 'string' && title.length > 60 ? title : undefined}
      >
        {title}
      </h1>
      {note}
      {children !== undefined && <div className="ml-auto flex flex-wrap items-center gap-2">{children}</div>}
    </header>
  );
}
