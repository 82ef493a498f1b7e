import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { call } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { signedOut, useConnection } from '../live/connection.ts';
import { Icon } from '../ui/icons.tsx';
import { Segmented } from '../ui/segmented.tsx';
import { chooseTheme, type ThemeChoice, useThemeChoice } from '../ui/theme.ts';
import { ConnectionBanner } from './banner.tsx';
import { CommandTray } from './command-tray.tsx';
import { Mark } from './mark.tsx';
import { isHere, places } from './navigation.ts';
import { Shortcuts } from './shortcuts.tsx';
import { WindowState } from './window-state.tsx';

/** The frame of every page: where one is, how live it is, who one is. */
export function Shell({ children }: { readonly children: ReactNode }): ReactNode {
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // A change of page is announced by moving the focus there, as a page load would.
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [path]);

  return (
    <div className="flex min-h-dvh flex-col lg:grid lg:grid-cols-[13.5rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <Sidebar path={path} />
      <div className="flex min-w-0 flex-1 flex-col pb-16 lg:pb-0">
        <ConnectionBanner />
        <main
          ref={main}
          id="main"
          tabIndex={-1}
          className="mx-auto flex w-full max-w-[112rem] min-w-0 flex-1 flex-col gap-4 px-4 py-4 outline-none sm:px-6 sm:py-5"
        >
          {children}
        </main>
      </div>
      <CommandTray />
      <Shortcuts />
      <WindowState />
    </div>
  );
}

function Sidebar({ path }: { readonly path: string }): ReactNode {
  return (
    <header className="flex items-center gap-3 border-b border-line bg-surface px-4 py-2.5 lg:sticky lg:top-0 lg:h-dvh lg:flex-col lg:items-stretch lg:gap-6 lg:border-r lg:border-b-0 lg:px-3 lg:py-4">
      <Link href="/" aria-label="Muster, overview" className="flex items-center gap-2.5 rounded-md px-1 lg:px-2">
        <Mark />
        <span className="text-lg font-semibold tracking-[-0.02em]">Muster</span>
      </Link>
      <nav
        aria-label="Pages"
        className="fixed inset-x-0 bottom-0 z-10 flex overflow-x-auto border-t border-line bg-surface lg:static lg:overflow-visible lg:flex-col lg:gap-0.5 lg:border-0"
      >
        {places.map((place) => (
          <Link
            key={place.path}
            href={place.path}
            aria-current={isHere(place, path) ? 'page' : undefined}
            className="flex flex-1 flex-col items-center gap-1 px-1.5 py-2.5 text-2xs font-medium text-ink-2 hover:text-ink aria-[current=page]:text-ink lg:flex-none lg:flex-row lg:gap-2.5 lg:rounded-md lg:py-1.5 lg:text-sm lg:hover:bg-raised lg:aria-[current=page]:bg-raised"
          >
            <Icon name={place.icon} />
            {place.label}
          </Link>
        ))}
      </nav>
      <div className="ml-auto flex items-center gap-1.5 lg:gap-3 lg:mt-auto lg:ml-0 lg:flex-col lg:items-stretch">
        <StreamState />
        <ThemeSwitch />
        <Account />
      </div>
    </header>
  );
}

function StreamState(): ReactNode {
  const { stream, trouble } = useConnection();
  const live = stream === 'open' && !trouble;
  return (
    <span
      role="status"
      className={`flex items-center gap-2 px-2 text-xs font-medium whitespace-nowrap ${live ? 'text-ink-2' : 'text-warn'}`}
    >
      {live ? (
        <svg viewBox="0 0 12 12" aria-hidden="true" className="size-2.5 text-ok">
          <circle cx="6" cy="6" r="5" fill="currentColor" />
        </svg>
      ) : (
        <Icon name="restart" className={`size-3.5 ${stream === 'lost' ? '' : 'turning'}`} />
      )}
      {live ? 'Live' : stream === 'connecting' ? 'Connecting' : 'Reconnecting'}
    </span>
  );
}

const themes = [
  { value: 'system', label: 'Auto', spoken: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;

/** Three to choose from where there is room; one button that goes around them on a phone. */
function ThemeSwitch(): ReactNode {
  const choice = useThemeChoice();
  const at = themes.findIndex((each) => each.value === choice);
  const next = themes[(at + 1) % themes.length] ?? themes[0];
  return (
    <>
      <div className="hidden px-1 lg:block">
        <Segmented<ThemeChoice> legend="Theme" options={themes} value={choice} onChange={chooseTheme} />
      </div>
      <button
        type="button"
        aria-label={`Theme: ${themes[at]?.label ?? 'Auto'}. Change to ${next.label}`}
        onClick={() => chooseTheme(next.value)}
        className="flex size-8 items-center justify-center rounded-md text-ink-2 hover:bg-raised hover:text-ink lg:hidden"
      >
        <Icon name={choice} />
      </button>
    </>
  );
}

function Account(): ReactNode {
  const session = useQuery(queries.session());
  const version = useQuery(queries.version());
  const leave = async (): Promise<void> => {
    // Signed out here even where the server cannot be told: the cookie ends with its session anyway.
    await call('/session', { method: 'DELETE' }).catch(() => undefined);
    signedOut();
  };
  return (
    <div className="flex items-center gap-2 lg:border-t lg:border-line lg:px-2 lg:pt-3">
      <div className="hidden min-w-0 flex-1 lg:block">
        <p className="truncate text-xs font-medium" title={session.data?.subject}>
          {session.data?.role ?? '\u00a0'}
        </p>
        <p className="text-2xs text-ink-3">{version.data ? `Muster ${version.data.version}` : '\u00a0'}</p>
      </div>
      <button
        type="button"
        aria-label="Sign out"
        title="Sign out"
        onClick={() => void leave()}
        className="flex size-8 items-center justify-center rounded-md text-ink-2 hover:bg-raised hover:text-ink"
      >
        <Icon name="signOut" />
      </button>
    </div>
  );
}
