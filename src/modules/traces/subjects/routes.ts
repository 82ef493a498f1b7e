import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { principalOf, requireAllProjects } from '../../../http/principal.ts';
import { invalid } from '../../../http/problem.ts';
import { IsoTime, problems, text } from '../../../http/schemas.ts';
import { isoTime } from '../../../http/time.ts';
import type { ModuleServices } from '../../module.ts';
import { chosenProjects } from '../export/routes.ts';
import { sendStream } from '../export/stream.ts';
import type { Subject } from './find.ts';
import type { Erasure } from './ledger.ts';
import { SHORTEST_TEXT, SUBJECT_KINDS, type SubjectKind } from './needles.ts';
import { Subjects } from './subjects.ts';

const Params = z.object({ id: text(1, 1_000).describe('Whom it is about: the id of a user or a thread, or a text that betrays somebody') });
const Kind = z.enum(SUBJECT_KINDS).describe('What the id is: of a user, of a thread, or a text that stands anywhere');
const Project = text(1, 512).describe('Only in this project. Default: in all');
const Removed = z.record(z.string(), z.number().int()).describe('Rows by table');

const ErasureView = z
  .object({
    erasure_id: z.string(),
    kind: z.string(),
    subject: z.string().describe('A pseudonym: the same for the same subject'),
    requested_by: z.string(),
    requested_at: IsoTime,
    finished_at: IsoTime.nullable().describe('null: broken off; ask again'),
    removed: Removed,
    traces: z.array(z.string()).describe('Ids of traces that are no more'),
  })
  .meta({ id: 'TraceErasure' });

export const erasureView = (erasure: Erasure): z.output<typeof ErasureView> => ({
  erasure_id: erasure.erasureId,
  kind: erasure.kind,
  subject: erasure.subject,
  requested_by: erasure.requestedBy,
  requested_at: isoTime(erasure.requestedAt),
  finished_at: erasure.finishedAt === null ? null : isoTime(erasure.finishedAt),
  removed: erasure.removed,
  traces: [...erasure.traces],
});

/** What is asked for about somebody: everything that is there, or that it be gone. */
export function addSubjectRoutes(instance: FastifyInstance, { state, wake }: Pick<ModuleServices, 'state' | 'wake'>): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const subjects = new Subjects(state, wake);

  const subjectOf = async (value: string, kind: SubjectKind, project: string | undefined): Promise<Subject> => {
    refuseShort(kind, value);
    if (project === undefined) return { kind, value, projects: null };
    const projects = await chosenProjects(state.database, { projects: null }, [project]);
    return { kind, value, projects };
  };

  app.get(
    '/traces/subjects/:id/export',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Export what there is of somebody',
        description:
          'NDJSON: every run of every trace that holds it, with its feedback and attachments. Redacted values are found by their pseudonyms.',
        params: Params,
        querystring: z.strictObject({ kind: Kind.default('user'), project: Project.optional() }),
        response: { 200: { description: 'Runs', content: { 'application/x-ndjson': { schema: z.string() } } }, ...problems(404) },
      },
    },
    async (request, reply) => {
      requireAllProjects(principalOf(request));
      const { kind, project } = request.query;
      const subject = await subjectOf(request.params.id, kind, project);
      return sendStream(request, reply, {
        pieces: subjects.export(subject),
        contentType: 'application/x-ndjson',
        fileName: 'subject.ndjson',
      });
    },
  );

  app.post(
    '/traces/subjects/:id/erasure',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Erase what there is of somebody',
        description:
          'Every trace that holds it, whole, with texts that nothing else refers to, attachments, feedback, search terms, figures, what was quarantined and what the gateway remembers. The receipt holds a pseudonym only. Asked for again it does no harm.',
        params: Params,
        body: z.strictObject({
          kind: Kind.default('user'),
          project: Project.optional(),
          dry_run: z.boolean().default(false).describe('Counts what would go, and leaves it'),
          verify: z.boolean().default(false).describe('Looks through every table afterwards for what still holds it: slow'),
        }),
        response: {
          200: z.object({
            dry_run: z.boolean(),
            traces: z.number().int(),
            removed: Removed,
            erasure: ErasureView.nullable().describe('null: it was a dry run'),
            still_in: Removed.nullable().describe('null: nobody asked to verify'),
          }),
          ...problems(404),
        },
      },
    },
    async (request) => {
      const who = principalOf(request);
      requireAllProjects(who);
      const { kind, project, dry_run: dry, verify } = request.body;
      const subject = await subjectOf(request.params.id, kind, project);
      if (dry) return { dry_run: true, ...(await subjects.rehearse(subject)), erasure: null, still_in: null };
      const erasure = await subjects.erase(subject, who.subject);
      const stillIn = verify ? await subjects.whereItStands(subject) : null;
      return { dry_run: false, traces: erasure.traces.length, removed: erasure.removed, erasure: erasureView(erasure), still_in: stillIn };
    },
  );

  app.get(
    '/traces/erasures',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'The ledger of erasures, newest first',
        description:
          'Keep it apart from the backups: after one was restored that is older, `muster traces reapply` erases again what it names.',
        querystring: z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(1_000) }),
        response: { 200: z.object({ items: z.array(ErasureView) }), ...problems() },
      },
    },
    async (request) => {
      requireAllProjects(principalOf(request));
      return { items: (await subjects.ledger.list(request.query.limit)).map(erasureView) };
    },
  );
}

/** Throws INVALID_INPUT for a text that is in everything. */
export function refuseShort(kind: SubjectKind, value: string): void {
  if (kind === 'text' && value.length < SHORTEST_TEXT)
    throw invalid([{ pointer: '/id', code: 'too_small', message: `a text to look for has ${SHORTEST_TEXT} characters or more` }]);
}
