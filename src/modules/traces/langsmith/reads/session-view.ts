import { isoMicros } from '../../reads/filter/timestamp.ts';
import { objectText, verbatim } from '../../reads/json-text.ts';
import type { ProjectRecord } from '../../reads/project-store.ts';
import { isoOrNull } from '../../reads/run-view.ts';
import type { JsonText } from '../../run/operation.ts';
import { TENANT_ID } from '../tenant.ts';

/** A project, as both versions call it a session. Python's SDK wants id, tenant_id, start_time and reference_dataset_id to be there. */
export const sessionText = (project: ProjectRecord, lastRun: number | undefined, more: Readonly<Record<string, unknown>> = {}): JsonText =>
  objectText({
    id: project.projectId,
    tenant_id: TENANT_ID,
    name: project.name,
    description: project.description,
    extra: verbatim(project.extra),
    start_time: isoMicros(project.createdAt),
    end_time: isoOrNull(project.endedAt),
    reference_dataset_id: project.referenceDatasetId,
    default_dataset_id: null,
    last_run_start_time: isoOrNull(lastRun ?? null),
    ...more,
  });

export const typeOf = (project: ProjectRecord): 'PROJECT' | 'EXPERIMENT' =>
  project.referenceDatasetId === null ? 'PROJECT' : 'EXPERIMENT';
