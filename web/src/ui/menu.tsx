import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Icon, type IconName } from './icons.tsx';

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  readonly hint?: string;
  readonly disabled?: boolean;
  readonly onSelect: () => void;
}

/** A menu button as WAI-ARIA describes it, on the platform's popover: it closes on Escape and on a click elsewhere by itself. */
export function Menu({
  label,
  items,
  tabIndex = 0,
  icon = 'more',
}: {
  readonly label: string;
  readonly icon?: IconName;
  readonly items: readonly MenuItem[];
  readonly tabIndex?: number;
}): ReactNode {
  const button = useRef<HTMLButtonElement>(null);
  const popover = useRef<HTMLDivElement>(null);
  const id = useId();
  const [open, setOpen] = useState(false);

  useEffect(() => {
    const element = popover.current;
    if (!element) return;
    const toggled = (event: ToggleEvent): void => {
      setOpen(event.newState === 'open');
      if (event.newState === 'closed' && element.contains(document.activeElement)) button.current?.focus();
    };
    element.addEventListener('toggle', toggled as EventListener);
    return () => element.removeEventListener('toggle', toggled as EventListener);
  }, []);

  useEffect(() => {
    if (!open) return;
    place(popover.current, button.current);
    focusItem(popover.current, 0);
    // The page under an open menu may scroll away; the menu then has lost its button.
    const close = (): void => popover.current?.hidePopover();
    addEventListener('scroll', close, { passive: true, capture: true });
    addEventListener('resize', close);
    return () => {
      removeEventListener('scroll', close, { capture: true });
      removeEventListener('resize', close);
    };
  }, [open]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const all = itemsOf(popover.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'Tab') popover.current?.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    focusItem(popover.current, to);
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        tabIndex={tabIndex}
        aria-label={label}
        title={icon === 'more' ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        popoverTarget={id}
        className="inline-flex size-7 items-center justify-center rounded-md text-ink-2 hover:bg-raised hover:text-ink aria-expanded:bg-raised"
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' && !open) {
            event.preventDefault();
            popover.current?.showPopover();
          }
          event.stopPropagation();
        }}
      >
        <Icon name={icon} className={icon === 'more' ? 'stroke-[2.2]' : ''} />
      </button>
      <div
        ref={popover}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        onKeyDown={onKeyDown}
        className="fixed min-w-44 rounded-lg border border-line-strong bg-surface p-1 shadow-[0_12px_32px_-8px_var(--shadow)]"
      >
        {open &&
          items.map((item) => (
            <button
              key={item.id}
              type="button"
              role="menuitem"
              tabIndex={-1}
              aria-disabled={item.disabled === true}
              onClick={() => {
                if (item.disabled === true) return;
                popover.current?.hidePopover();
                item.onSelect();
              }}
              className="flex w-full items-center gap-2.5 rounded-md px-2.5 py-1.5 text-left text-sm hover:bg-raised focus-visible:bg-raised focus-visible:outline-none aria-disabled:cursor-not-allowed aria-disabled:text-ink-3"
            >
              <Icon name={item.icon} className="text-ink-3" />
              {item.label}
              {item.hint !== undefined && <span className="ml-auto pl-4 text-xs text-ink-3">{item.hint}</span>}
            </button>
          ))}
      </div>
    </>
  );
}

function itemsOf(menu: HTMLElement | null): HTMLElement[] {
  return menu ? [...menu.querySelectorAll<HTMLElement>('[role=menuitem]')] : [];
}

function focusItem(menu: HTMLElement | null, index: number): void {
  const all = itemsOf(menu);
  all[(index + all.length) % all.length]?.focus();
}

/** Below the button and flush with its right edge, or above where there is no room. */
function place(menu: HTMLElement | null, button: HTMLElement | null): void {
  if (!menu || !button) return;
  const anchor = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = anchor.bottom + 4 + size.height <= innerHeight;
  menu.style.top = `${below ? anchor.bottom + 4 : Math.max(4, anchor.top - size.height - 4)}px`;
  menu.style.left = `${Math.max(4, Math.min(anchor.right - size.width, innerWidth - size.width - 4))}px`;
}
