import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Principal } from '../../../http/principal.ts';
import { errorHandler } from '../../../http/problem.ts';
import { silentLogger } from '../../../base/logger.ts';
import type { NewFeedback, Refused, Submission } from '../intake/intake.ts';
import type { RunOperation } from '../run/operation.ts';
import { addOtlpDoors } from './routes.ts';

/** The door with nothing behind it but a list: for tests of what real exporters' spans become. */
export interface RecordingDoor extends AsyncDisposable {
  readonly url: string;
  readonly submissions: readonly Submission[];
  readonly runs: () => readonly RunOperation[];
  readonly feedback: () => readonly NewFeedback[];
  readonly refused: () => readonly Refused[];
  readonly app: ReturnType<typeof fastify>;
}

export async function recordingDoor(): Promise<RecordingDoor> {
  const submissions: Submission[] = [];
  const app = fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(errorHandler(silentLogger));
  app.decorateRequest('principal', null);
  app.addHook('onRequest', async (request) => {
    request.principal = { subject: 'key:test', role: 'operator', scopes: null } as unknown as Principal;
  });
  addOtlpDoors(app, {
    submit: async (submission) => {
      submissions.push(submission);
      return { refused: submission.refused?.length ?? 0 };
    },
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    submissions,
    runs: () => submissions.flatMap(({ operations }) => operations),
    feedback: () => submissions.flatMap(({ feedback }) => feedback ?? []),
    refused: () => submissions.flatMap(({ refused }) => refused ?? []),
    app,
    [Symbol.asyncDispose]: () => app.close(),
  };
}
