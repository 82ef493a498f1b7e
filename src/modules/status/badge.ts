import type { ComponentState } from './snapshot.ts';
import { escapeXml } from './words.ts';

/** Grounds that white text passes 4.5:1 on. */
const COLOURS: Readonly<Record<ComponentState, string>> = {
  up: '#1a7f4b',
  degraded: '#8f5a00',
  down: '#c2252f',
  maintenance: '#2457c5',
  unknown: '#5f6772',
};

/** A badge as they stand in READMEs: what, and how it stands, in words. */
export function renderBadge(what: string, state: ComponentState, word: string): string {
  const [left, right] = [what.slice(0, 60), word.toLowerCase()];
  const [a, b] = [widthOf(left), widthOf(right)];
  const label = escapeXml(`${left}: ${right}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${a + b}" height="20" role="img" aria-label="${label}"><title>${label}</title><rect width="${a + b}" height="20" rx="3" fill="#3d434a"/><path d="M${a} 0h${b - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-${b - 3}z" fill="${COLOURS[state]}"/><g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"><text x="${a / 2}" y="14">${escapeXml(left)}</text><text x="${a + b / 2}" y="14">${escapeXml(right)}</text></g></svg>`;
}

/** The state as the icon of a tab. It lies in the page itself: a browser that finds none asks the door for one. */
export function renderIcon(state: ComponentState, sign: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="${COLOURS[state]}"/><text x="16" y="23" fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="20" font-weight="bold" text-anchor="middle">${escapeXml(sign)}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

const widthOf = (text: string): number => Math.round(text.length * 6.8) + 14;
