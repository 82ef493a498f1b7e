import { systemClock } from '../../../base/clock.ts';
import { MusterError } from '../../../base/errors.ts';
import type { ModuleServices } from '../../module.ts';
import { readAsked } from './asked.ts';
import { Caller } from './call.ts';
import { hear } from './conversation.ts';
import { directoryOf } from './directory.ts';
import { embed, type Embedded } from './embedder.ts';
import { ProviderHealth } from './provider-health.ts';
import { priceBookOf } from '../prices/index.ts';
import { targetsOf } from './routing.ts';

/** What a model said to Muster itself. */
export interface Completed {
  readonly status: number;
  /** The answer as JSON, in the shape of a chat that is not streamed. */
  readonly body: string;
  readonly model: string;
  /** As prices know it, or by its own name. */
  readonly provider: string;
}

export interface Completer {
  /** `body` is a chat as clients of OpenAI write it. Throws NOT_FOUND where nobody serves its model, and what Caller.call throws. */
  complete(body: string, signal: AbortSignal): Promise<Completed>;
  /** What texts mean to a model. Throws what `embed` throws. */
  embed(model: string, texts: readonly string[], signal: AbortSignal): Promise<Embedded>;
  close(): Promise<void>;
}

/** The way to models for Muster's own questions: with the routes, retries, fallbacks and keys of the gateway, and not logged by it. */
export function completerOf(services: Pick<ModuleServices, 'state' | 'wake' | 'outbound' | 'log'>): Completer {
  const { log, outbound, state, wake } = services;
  const directory = directoryOf(state, log);
  const health = new ProviderHealth({ database: state.database, log });
  const caller = new Caller({ outbound, health, sleep: (ms, signal) => systemClock.sleep(ms, signal) });
  const unlisten = wake.on('gateway', () => directory.forget());
  return {
    async complete(body, signal) {
      const asked = readAsked('chat', Buffer.from(body));
      const targets = targetsOf(asked.model, await directory.value());
      if (targets.length === 0)
        throw new MusterError('NOT_FOUND', `no provider serves the model ${asked.model}`, { remedy: '`muster gateway add` adds one.' });
      const answer = await caller.call(asked, { targets, headers: {}, signal });
      await new Promise<void>((resolve) => answer.tape.onOver(resolve));
      const { error, text = '' } = hear(asked, answer);
      if (error !== undefined && answer.status < 400) throw new MusterError('PROVIDER_FAILED', error);
      return { status: answer.status, body: text, model: answer.model, provider: answer.priceProvider ?? answer.provider };
    },
    embed: async (model, texts, signal) =>
      embed(texts, { caller, model, prices: priceBookOf(services), providers: await directory.value(), signal }),
    async close() {
      unlisten();
      await health.stop();
    },
  };
}
