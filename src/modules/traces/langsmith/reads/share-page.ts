import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ModuleServices } from '../../../module.ts';
import { conversationOf, type Message, type Part } from '../../content/conversation/index.ts';
import { isoMicros } from '../../reads/filter/timestamp.ts';
import { errorPreview } from '../../reads/preview.ts';
import { latencySeconds, type WholeRun } from '../../reads/run-record.ts';
import { boundedTexts, runsOfTrace } from '../../reads/run-store.ts';
import { openShare } from '../../reads/share-store.ts';
import { treeOf, type Node } from '../../reads/tree.ts';
import type { Micros } from '../../run/operation.ts';
import { parsed } from './bodies.ts';

const MOST_RUNS = 500;
const MOST_CHARACTERS = 20_000;

/** `/public/{token}/r`: a shared trace for people, without a key and without a script. */
export function addSharePage(app: FastifyInstance, { state }: ModuleServices): void {
  const { database: db } = state;
  const door = (summary: string) => ({ config: { permission: 'public' as const }, schema: { tags: ['traces'], summary, security: [] } });

  app.get('/public/style.css', door('How the page of a shared trace looks'), async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=3600').type('text/css; charset=utf-8').send(STYLE),
  );
  app.get('/public/:token/r', door('The page of a shared trace'), async (request, reply) => {
    const { token } = parsed(z.object({ token: z.string() }), request.params);
    const share = z.guid().safeParse(token).success ? await openShare(db, token.toLowerCase()) : undefined;
    const runs = share === undefined ? [] : await runsOfTrace(db, share.traceId, [share.projectNo], MOST_RUNS);
    const nodes = treeOf(runs).slice(0, MOST_RUNS);
    const whole = await boundedTexts(
      db,
      nodes.map(({ run }) => run),
      ['inputs', 'outputs', 'error'],
    );
    return reply
      .code(runs.length === 0 ? 404 : 200)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(
        runs.length === 0
          ? page('Nothing is shared here', '<p>The address is wrong, or what it led to is shared no more.</p>')
          : traceOf(nodes, whole, runs.length > MOST_RUNS),
      );
  });
}

function traceOf(nodes: readonly Node[], whole: readonly WholeRun[], isCut: boolean): string {
  const textsOf = new Map(whole.map((run) => [run.runId, run]));
  const parts = nodes.map(({ run, depth }) => {
    const texts = textsOf.get(run.runId);
    const took = latencySeconds(run);
    const facts = [
      run.runType,
      run.model,
      took === null ? 'not ended' : `${took.toFixed(2)} s`,
      run.totalTokens === null ? null : `${run.totalTokens} tokens`,
      run.totalCost === null ? null : `$${Number(run.totalCost).toPrecision(3)}`,
    ];
    return `<details class="d${Math.min(depth, 12)}"${depth === 0 ? ' open' : ''}>
<summary><b>${escaped(run.name ?? run.runType)}</b> <span class="${run.status}">${run.status}</span> <small>${facts
      .filter(Boolean)
      .map((fact) => escaped(String(fact)))
      .join(' · ')}</small></summary>
${texts === undefined ? '<p>It is too large for this page.</p>' : messagesOf(texts)}
</details>`;
  });
  const [first] = nodes;
  return page(
    first?.run.name ?? 'A trace',
    `<p><small>${first === undefined ? '' : momentOf(first.run.startTime)}</small></p>${parts.join('\n')}${isCut ? MORE : ''}`,
  );
}

const MORE = `<p>The trace has more runs: this page shows the first ${MOST_RUNS}.</p>`;

/** To the second, as people read it. */
const momentOf = (at: Micros): string => `${isoMicros(at).slice(0, 19).replace('T', ' ')} UTC`;

function messagesOf(run: WholeRun): string {
  const { input, output } = conversationOf(run.texts);
  const error = errorPreview(run.texts.error);
  return [
    ...input.map((message) => messageText(message)),
    ...output.map((message) => messageText(message, 'answer')),
    error === null ? '' : `<p class="error">${escaped(error)}</p>`,
  ].join('\n');
}

const messageText = (message: Message, kind = ''): string =>
  `<div class="message ${kind}"><i>${escaped(message.role)}</i><pre dir="auto">${escaped(message.parts.map(partText).join('\n').slice(0, MOST_CHARACTERS))}</pre></div>`;

function partText(part: Part): string {
  switch (part.type) {
    case 'tool_call':
      return `${part.name}(${part.arguments})`;
    case 'media':
      return `[${part.kind}]`;
    case 'json':
      return jsonText(part.value);
    default:
      return part.text;
  }
}

function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value, null, 2) ?? '';
  } catch (error) {
    // Deeper than can be written.
    if (error instanceof RangeError) return '…';
    throw error;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>${escaped(title)}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/public/style.css"></head>
<body><main><h1>${escaped(title)}</h1>${body}</main></body></html>`;

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1c1c1c;background:#fafafa}main{max-width:60rem;margin:2rem auto;padding:0 1rem}
details{border:1px solid #ddd;border-radius:6px;background:#fff;margin:.5rem 0;padding:.5rem .75rem}summary{cursor:pointer}small,i{color:#666}
${Array.from({ length: 12 }, (_, depth) => `.d${depth + 1}{margin-left:${(depth + 1) * 1.25}rem}`).join('')}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.25rem 0;font:14px/1.45 ui-monospace,monospace}.message{border-left:3px solid #ccc;padding-left:.75rem;margin:.75rem 0}
.answer{border-color:#2a7}.error,.error pre{color:#b00020}span.success{color:#0a6e49}
@media (prefers-color-scheme:dark){body{background:#161616;color:#eee}details{background:#1f1f1f;border-color:#333}small,i{color:#aaa}.error,.error pre{color:#ff7a85}span.success{color:#3ecf97}}`;
