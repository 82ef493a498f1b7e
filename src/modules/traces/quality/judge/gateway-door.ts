import { MusterError } from '../../../../base/errors.ts';
import type { ModuleServices } from '../../../module.ts';
import { systemClock } from '../../../../base/clock.ts';
import { readAsked } from '../../gateway/asked.ts';
import { Caller } from '../../gateway/call.ts';
import { hear } from '../../gateway/conversation.ts';
import { Directory } from '../../gateway/directory.ts';
import { PROVIDER_KINDS } from '../../gateway/provider.ts';
import { targetsOf } from '../../gateway/routing.ts';
import type { Tape } from '../../gateway/tape.ts';
import type { ModelDoor } from './judge.ts';

/** Judges ask the providers of the gateway, with its routes, retries and fallbacks; they log their calls themselves. */
export function gatewayDoor(services: ModuleServices): ModelDoor & { close(): void } {
  const directory = new Directory(services);
  const caller = new Caller({ outbound: services.outbound, sleep: (ms, signal) => systemClock.sleep(ms, signal) });
  return {
    async complete(body, signal) {
      const asked = readAsked('chat', Buffer.from(body));
      const targets = targetsOf(asked.model, await directory.providers());
      if (targets.length === 0)
        throw new MusterError('NOT_FOUND', `no provider serves the model ${asked.model}`, { remedy: '`muster gateway add` adds one.' });
      const answer = await caller.call(asked, { targets, headers: {}, signal });
      await endOf(answer.tape);
      const { text = '', error } = hear(asked, answer);
      if (error !== undefined && answer.status < 400) throw new MusterError('PROVIDER_FAILED', error);
      const { model, provider } = answer.target;
      return { status: answer.status, body: text, model, provider: PROVIDER_KINDS[provider.kind].prices ?? provider.name };
    },
    close: () => directory.close(),
  };
}

/** Resolves when all of it has come, or it broke off. */
function endOf(tape: Tape): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      while (reader?.next() !== undefined);
      if (tape.state === 'running') return;
      reader?.leave();
      resolve();
    };
    const reader = tape.join(look);
    if (reader === undefined) return resolve();
    look();
  });
}
