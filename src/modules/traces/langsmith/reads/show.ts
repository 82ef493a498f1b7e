import type { FastifyRequest } from 'fastify';
import type { Database } from '../../../../db/database.ts';
import type { Secrets } from '../../../../state/secrets.ts';
import { withAncestry } from '../../reads/ancestry.ts';
import { attachmentsOf } from '../../reads/attachments.ts';
import { feedbackOf } from '../../reads/feedback-store.ts';
import type { ProjectRecord } from '../../reads/project-store.ts';
import type { RunRecord } from '../../reads/run-record.ts';
import { boundedTexts } from '../../reads/run-store.ts';
import { shareOf } from '../../reads/share-store.ts';
import { attachmentToken } from './attachment-token.ts';
import { textsFor, type ShownRun } from './run-fields.ts';

/** The address of this server, by the name this request came by. */
export const baseOf = (request: FastifyRequest): string => `${request.protocol}://${request.host}`;

export interface Showing {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly base: string;
  readonly projects: readonly ProjectRecord[];
  /** Names in either case. */
  readonly fields: readonly string[];
}

/** Runs with all that these fields need, and no more. As many of the first as fit into one answer. */
export async function showRuns(runs: readonly RunRecord[], { db, secrets, base, projects, fields }: Showing): Promise<readonly ShownRun[]> {
  const wanted = new Set(fields.map((field) => field.toLowerCase()));
  const projectOf = new Map(projects.map((project) => [project.projectNo, project]));
  const needsWay = wanted.has('dotted_order') || wanted.has('parent_run_ids');
  const whole = await boundedTexts(db, needsWay ? await withAncestry(db, runs) : runs, textsFor(fields));
  const feedback = wanted.has('feedback_stats')
    ? await feedbackOf(
        db,
        whole.map(({ runId }) => runId),
      )
    : new Map<string, never>();
  const shown: ShownRun[] = [];
  for (const run of whole) {
    const project = projectOf.get(run.projectNo);
    if (project === undefined) continue;
    const needsAttachments = wanted.has('attachments') || wanted.has('s3_urls');
    const attachments = needsAttachments
      ? await Promise.all(
          (await attachmentsOf(db, run)).map(async ({ name, mimeType }) => ({
            name,
            mimeType,
            path: `/api/v1/public/download?jwt=${encodeURIComponent(await attachmentToken(secrets, run, name))}`,
          })),
        )
      : [];
    const needsShare = wanted.has('share_token') || wanted.has('share_url');
    const shareToken = needsShare ? ((await shareOf(db, run.traceId))?.token ?? null) : null;
    shown.push({ run, project, feedback: feedback.get(run.runId) ?? {}, attachments, shareToken, base });
  }
  return shown;
}
