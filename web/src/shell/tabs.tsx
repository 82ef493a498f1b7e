import { type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { tabGroups, tabOf } from './navigation.ts';

/** The pages that stand together under one place of the sidebar, on each of them. */
export function Tabs(): ReactNode {
  const [path] = useLocation();
  const nav = useRef<HTMLElement>(null);
  // On a phone not all of them fit: the one that is open is among those that are seen.
  useEffect(() => {
    nav.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  const group = tabGroups.find(({ tabs }) => tabOf(tabs, path) !== undefined);
  if (group === undefined) return null;
  const here = tabOf(group.tabs, path);
  return (
    <nav ref={nav} aria-label={group.label} className="-mx-4 overflow-x-auto border-b border-line px-4 sm:-mx-6 sm:px-6">
      <ul className="flex gap-5">
        {group.tabs.map((tab) => (
          <li key={tab.path}>
            <Link
              href={tab.path}
              aria-current={tab === here ? 'page' : undefined}
              className="block border-b-2 border-transparent pt-1 pb-2 font-medium whitespace-nowrap text-ink-2 hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-ink"
            >
              {tab.label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
