import { setTimeout as delay } from 'node:timers/promises';
import type { Part } from './part.ts';
import { quantile } from '../support/percentiles.ts';
import { Corpus, MULTIPART, multipartOf } from './corpus.ts';
import { KEY, openStage, sendFrom } from './stage.ts';

const SECONDS = 60;
const PAUSE_MS = 50;

/** How long after its 202 a run is found by a query, while 8 clients send as fast as they can. */
export const visible: Part = {
  name: 'visible',
  figures: [
    { id: 'visible-p99', title: 'acknowledged, then found by a query, 99th percentile', unit: 'ms', bar: 500, better: 'less' },
    { id: 'visible-p50', title: 'the same, median', unit: 'ms', better: 'less' },
  ],
  async run(ctx, scale) {
    const stage = await openStage(ctx, 'visible');
    const seconds = Math.max(5, SECONDS * Math.min(1, scale * 10));
    const load = sendFrom(ctx, {
      base: stage.base,
      key: KEY,
      path: '/langsmith/runs/multipart',
      clients: 8,
      seconds,
      runsARequest: 100,
      encoding: 'identity',
    });
    const corpus = new Corpus(3);
    const waits: number[] = [];
    const until = performance.now() + seconds * 1_000 - 1_000;
    while (performance.now() < until) {
      ctx.signal.throwIfAborted();
      const run = corpus.next();
      const answer = await fetch(`${stage.base}/langsmith/runs/multipart`, {
        method: 'POST',
        headers: { 'x-api-key': KEY, 'content-type': MULTIPART },
        body: new Uint8Array(multipartOf([run], { separate: false })),
      });
      await answer.text();
      if (answer.status !== 202) continue;
      const acknowledged = performance.now();
      for (;;) {
        const found = await fetch(`${stage.base}/api/v1/traces/runs/${run.id}`, { headers: { 'x-api-key': KEY } });
        await found.text();
        if (found.status === 200) break;
      }
      waits.push(performance.now() - acknowledged);
      await delay(PAUSE_MS);
    }
    const sent = await load;
    return [
      {
        figure: 'visible-p99',
        value: quantile(waits, 0.99),
        detail: { asked: waits.length, runs_per_second_meanwhile: sent.acknowledged / sent.seconds },
      },
      { figure: 'visible-p50', value: quantile(waits, 0.5) },
    ];
  },
};
