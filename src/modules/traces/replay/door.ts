import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { problems } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { intakeOf } from '../intake/index.ts';
import { boundBodies, mayWriteOf } from '../langsmith/write-routes.ts';
import { FailedRequest, replay } from './replay.ts';

/** A file holds one request of at most 64 MiB, a third larger in base64. */
const MOST_BYTES = 90 * 1_048_576;

/** Takes the files that LangSmith's SDKs wrote while they could not send. */
export function addReplayDoor(app: FastifyInstance, services: Pick<ModuleServices, 'state' | 'wake' | 'log'>): void {
  void app.register(async (scope) => {
    const intake = intakeOf(services);
    boundBodies(scope, () => intake.isFull);
    (scope as Api).post(
      '/langsmith/admin/replay',
      {
        config: { permission: 'traces:write' },
        bodyLimit: MOST_BYTES,
        schema: {
          tags: ['langsmith'],
          summary: 'Take a request again that an SDK could not send: a file of LANGSMITH_FAILED_TRACES_DIR',
          description: 'The same file may come again: runs are known by their ids.',
          body: FailedRequest,
          response: {
            200: z.object({ taken: z.number().int(), refused: z.number().int().describe('They lie in quarantine') }),
            ...problems(413, 415),
          },
        },
      },
      async (request) => replay(intake, request.body, mayWriteOf(request)),
    );
  });
}
