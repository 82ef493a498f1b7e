import type { FastifyReply, FastifyRequest } from 'fastify';
import { systemClock } from '../../../base/clock.ts';
import { messageOf, MusterError } from '../../../base/errors.ts';
import { newRunId } from '../../../base/ids.ts';
import { principalOf, type Principal } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import type { Intake } from '../intake/intake.ts';
import { readAsked, type Asked } from './asked.ts';
import { Caller, type Answer } from './call.ts';
import { contextOf, type Context } from './context.ts';
import { hear, operationOf, type Conversation } from './conversation.ts';
import { Directory } from './directory.ts';
import type { Face } from './face.ts';
import { PROVIDER_KINDS } from './provider.ts';
import { Abandoned } from './record.ts';
import { relay } from './relay.ts';
import { targetsOf } from './routing.ts';
import { RunLog } from './run-log.ts';

/** What clients say that providers may know of. Never a credential: theirs is for the gateway. */
const SENT_ON = ['openai-beta', 'anthropic-beta', 'anthropic-version', 'http-referer', 'x-title', 'user-agent'];

interface Began {
  readonly asked: Asked;
  readonly context: Context;
  readonly principal: Principal;
  readonly runId: string;
  readonly beganAt: number;
  readonly began: number;
}

/** Answers requests of OpenAI's protocol through the configured providers, and logs what was said. */
export class Gateway {
  readonly directory: Directory;
  readonly runs: RunLog;
  readonly caller: Caller;

  constructor(services: ModuleServices, intake: Pick<Intake, 'submit'>) {
    this.directory = new Directory(services);
    this.runs = new RunLog({ intake, log: services.log });
    this.caller = new Caller({ outbound: services.outbound, sleep: (ms, signal) => systemClock.sleep(ms, signal) });
  }

  async answer(face: Face, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const began = {
      asked: readAsked(face, request.body as Buffer | undefined),
      context: contextOf(request.headers),
      principal: principalOf(request),
      runId: newRunId(Date.now()),
      beganAt: Date.now(),
      began: performance.now(),
    };
    const over = new AbortController();
    const onClose = (): void => over.abort(new Abandoned());
    reply.raw.once('close', onClose);
    let answer: Answer;
    try {
      answer = await this.#ask(began, request, over.signal);
    } catch (error) {
      this.#log(began, undefined, messageOf(error));
      // Nobody is there to be told.
      if (!over.signal.aborted) throw error;
      reply.hijack();
      return;
    } finally {
      reply.raw.off('close', onClose);
    }
    reply.hijack();
    await relay(answer, reply.raw, {
      face,
      wantsUsage: began.asked.wantsUsage,
      headers: { ...(reply.getHeaders() as Record<string, string>), ...headersOf(began, answer) },
    });
    this.#log(began, answer, undefined);
  }

  async close(): Promise<void> {
    this.directory.close();
    await this.runs.stop();
  }

  async #ask({ asked }: Began, request: FastifyRequest, signal: AbortSignal): Promise<Answer> {
    const targets = targetsOf(asked.model, await this.directory.providers());
    if (targets.length === 0) throw noModel(asked.model);
    const headers = Object.fromEntries(
      SENT_ON.flatMap((name) => {
        const value = request.headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      }),
    );
    return this.caller.call(asked, { targets, headers, signal });
  }

  /** After the client has its answer: reading it again must not keep it waiting. */
  #log(began: Began, answer: Answer | undefined, error: string | undefined): void {
    const ended = performance.now();
    setImmediate(() => {
      const { principal } = began;
      const told =
        answer === undefined
          ? undefined
          : {
              status: answer.status,
              isStream: answer.isStream,
              tape: answer.tape,
              provider: answer.target.provider.name,
              priceProvider: PROVIDER_KINDS[answer.target.provider.kind].prices,
              model: answer.target.model,
            };
      const conversation: Conversation = {
        ...began,
        keyId: principal.keyId,
        ended,
        answer: told,
        error,
        notes: answer === undefined ? {} : { muster_attempts: answer.attempts },
      };
      const heard =
        told === undefined ? { answer: undefined, text: undefined, error: undefined, firstTokenAt: undefined } : hear(began.asked, told);
      this.runs.add(operationOf(conversation, heard), projectsOf(principal));
    });
  }
}

const headersOf = ({ runId }: Began, { attempts, target }: Answer): Readonly<Record<string, string>> => ({
  'x-muster-run-id': runId,
  'x-muster-provider': target.provider.name,
  'x-muster-model': encodeURI(target.model),
  'x-muster-attempts': String(attempts),
});

/** The projects a key may write to; null: all. */
export const projectsOf = (principal: Principal): readonly string[] | null =>
  (principal as { readonly projects?: readonly string[] | null }).projects ?? null;

const noModel = (model: string): MusterError =>
  new MusterError('NOT_FOUND', `no provider serves the model ${model}`, {
    remedy: '`muster gateway list` shows the providers and the models they serve; `muster gateway add` adds one.',
    data: { param: 'model', code: 'model_not_found' },
  });
