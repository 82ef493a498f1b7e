import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { problems } from '../../../http/schemas.ts';
import type { Intake } from '../intake/intake.ts';
import { decompress } from '../langsmith/decompress.ts';
import { boundBodies, mayWriteOf } from '../langsmith/request.ts';
import { ExportReader } from './export-reader.ts';
import { jsonReply, protobufReply, refusalText } from './reply.ts';

/** As it arrives; unpacked it may be larger. */
const MOST_PACKED_BYTES = 32 * 1_048_576;
const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

/** Where exporters look: OpenTelemetry's own path, LangSmith's, and that of applications set up for Langfuse. */
export const OTLP_PATHS = ['/v1/traces', '/otel/v1/traces', '/langsmith/otel/v1/traces', '/api/public/otel/v1/traces'] as const;

/** Takes what exporters of OpenTelemetry send. */
export function addOtlpDoors(app: FastifyInstance, intake: Intake & { readonly isFull?: boolean }): void {
  const reader = new ExportReader();
  app.addHook('onClose', () => reader[Symbol.asyncDispose]());
  // In a scope of its own: no other route takes these bodies as bytes.
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    boundBodies(scope, () => intake.isFull === true);
    for (const type of [PROTOBUF, 'application/protobuf', JSON_TYPE])
      scope.addContentTypeParser(
        type,
        { parseAs: 'buffer', bodyLimit: MOST_PACKED_BYTES },
        async (_request: unknown, body: Buffer) => body,
      );
    for (const url of OTLP_PATHS)
      scope.post(
        url,
        {
          config: { permission: 'traces:write' },
          bodyLimit: MOST_PACKED_BYTES,
          schema: {
            tags: ['traces'],
            summary: 'Take spans of OpenTelemetry: OTLP over HTTP, protobuf or JSON',
            description:
              'An `ExportTraceServiceRequest`, compressed with gzip or not. What can be kept is committed before the answer; what cannot is counted in `partialSuccess` and lies in quarantine. The answer is in the content type of the request.',
            consumes: [PROTOBUF, JSON_TYPE],
            response: problems(413, 415),
          },
        },
        (request, reply) => take(intake, reader, request, reply),
      );
  });
}

async function take(intake: Intake, reader: ExportReader, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { body } = request;
  if (!Buffer.isBuffer(body))
    throw new MusterError('UNSUPPORTED_MEDIA', 'an export of spans is needed', { remedy: `Send OTLP as ${PROTOBUF} or ${JSON_TYPE}.` });
  const isJson = request.headers['content-type']?.toLowerCase().startsWith(JSON_TYPE) === true;
  const bytes = await decompress(body, request.headers['content-encoding']);
  const { operations, feedback, refused } = await reader.read({ bytes, isJson, project: projectOf(request) });
  const rejected =
    operations.length === 0 && refused.length === 0
      ? 0
      : (await intake.submit({ source: 'otlp', operations, feedback, refused, mayWrite: mayWriteOf(request) })).refused;
  const why = rejected === 0 ? '' : refusalText(refused, rejected);
  return isJson ? reply.type(JSON_TYPE).send(jsonReply(rejected, why)) : reply.type(PROTOBUF).send(protobufReply(rejected, why));
}

/** What the request as a whole is meant for. */
function projectOf({ headers }: FastifyRequest): string | undefined {
  for (const name of ['langsmith-project', 'x-project-name', 'x-muster-project']) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}
