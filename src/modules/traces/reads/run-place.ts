import { MusterError } from '../../../base/errors.ts';
import { decodeCursor, encodeCursor } from '../../../http/cursor.ts';
import type { Place } from './run-list.ts';

const LIST = 'traces/runs';
const FORM = /^(\d{4}-\d\d-\d\d) (-?\d{1,16}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export const cursorOf = ({ day, startTime, runId }: Place): string => encodeCursor(LIST, `${day} ${startTime} ${runId}`);

/** Throws BAD_CURSOR. */
export function placeOf(cursor: string | undefined): Place | undefined {
  const text = decodeCursor(LIST, cursor);
  if (text === undefined) return undefined;
  const [, day = '', startTime = '', runId = ''] = FORM.exec(text) ?? [];
  if (runId === '' || Number.isNaN(Date.parse(day))) throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
  return { day, startTime: Number(startTime), runId };
}
