import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { pathOf } from '../../support/requirements.ts';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: pathOf('chromium'), args: QUIET });
}

/** What a page must never do; `expected` names what the test itself provokes. */
export interface Watch {
  expectNone(expected?: RegExp): void;
}

/**
 * Hears everything that goes wrong in the pages of a context, and every request that leaves for elsewhere. A 503 is forgiven once the same was
 * asked again and answered: a busy server may refuse, and a page must come round by itself.
 */
export function watch(context: BrowserContext, origin: string): Watch {
  let complaints: readonly Complaint[] = [];
  const complain = (text: string, refused?: string): void => {
    complaints = [...complaints, { text, refused }];
  };
  context.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const isRefused = /status of 503/.test(message.text());
    complain(`console ${message.type()}: ${message.text()}`, isRefused ? pathIn(message.location().url) : undefined);
  });
  context.on('response', (response) => {
    if (response.ok()) complaints = complaints.filter(({ refused }) => refused !== pathIn(response.url()));
  });
  context.on('weberror', (error) => complain(`uncaught: ${error.error().message}`));
  context.on('request', (request) => {
    if (!request.url().startsWith(origin)) complain(`request to elsewhere: ${request.url()}`);
  });
  return {
    expectNone: (expected) => {
      // Expected once, and not again.
      if (expected !== undefined) complaints = complaints.filter(({ text }) => !expected.test(text));
      expect(complaints.map(({ text }) => text)).toEqual([]);
    },
  };
}

interface Complaint {
  readonly text: string;
  /** What was answered with 503. */
  readonly refused: string | undefined;
}

const pathIn = (url: string): string => new URL(url, 'http://nowhere').pathname;

/** A context in which violations of the content security policy reach the console. */
export async function newContext(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(60_000);
  return context;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Runs every rule of axe on what is shown, and names what breaks one. It comes as a debugger's does: the policy of the page forbids strangers' scripts. */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  // Of what passes it would else tell each element, and how to find it.
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run({ resultTypes: ['violations'] }),
  );
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id} (${help}): ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
  );
}
