import { readJsonExport } from './read-json.ts';
import { readProtobufExport } from './read-protobuf.ts';
import { runsOf, type ExportedRuns } from './submission.ts';

/** An export as it was sent, unpacked. */
export interface Export {
  readonly bytes: Uint8Array;
  readonly isJson: boolean;
  /** What the request as a whole named. */
  readonly project: string | undefined;
}

/** Throws MALFORMED, TOO_LARGE. */
export const readExport = ({ bytes, isJson, project }: Export): ExportedRuns =>
  runsOf(isJson ? readJsonExport(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) : readProtobufExport(bytes), project);
