import { MusterError } from '../../../base/errors.ts';
import type { Database, Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

/** What a person has to say about an incident. */
export interface IncidentNote {
  readonly noteId: string;
  readonly incidentId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly author: string;
  readonly text: string;
}

/** Of one incident; what is beyond is not shown. */
const MOST_NOTES = 1_000;

const COLUMNS = sql`note_id as "noteId", incident_id as "incidentId", (extract(epoch from at) * 1000)::float8 as at, author, text`;

/** Also to an incident that is over: that is when most is known. Throws NOT_FOUND, and CONFLICT where it has too many. */
export async function addNote(db: Database, incidentId: string, note: Pick<IncidentNote, 'author' | 'text'>): Promise<IncidentNote> {
  const row = await db.one<IncidentNote>(sql`
    insert into muster.incident_notes (incident_id, author, text)
    select incident_id, ${note.author}, ${note.text} from muster.incidents
    where incident_id = ${incidentId}::uuid
      and (select count(*) from muster.incident_notes where incident_id = ${incidentId}::uuid) < ${MOST_NOTES}
    returning ${COLUMNS}`);
  if (row !== undefined) return row;
  const known = await db.one(sql`select 1 as one from muster.incidents where incident_id = ${incidentId}::uuid`);
  if (known === undefined) throw noIncident(incidentId);
  throw new MusterError('CONFLICT', `incident ${incidentId} has ${MOST_NOTES} notes already`, {
    remedy: 'Write what is left somewhere else, and link to it.',
  });
}

/** Oldest first. */
export async function listNotes(db: Queryable, incidentId: string): Promise<readonly IncidentNote[]> {
  const { rows } = await db.query<IncidentNote>(sql`
    select ${COLUMNS} from muster.incident_notes where incident_id = ${incidentId}::uuid order by at, note_id limit ${MOST_NOTES}`);
  return rows;
}

export const noIncident = (incidentId: string): MusterError =>
  new MusterError('NOT_FOUND', `incident ${incidentId} does not exist`, {
    remedy: 'List the incidents: `muster incidents list`, or GET /api/v1/incidents.',
  });
