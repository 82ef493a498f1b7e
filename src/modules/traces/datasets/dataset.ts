import type { JsonText } from '../run/operation.ts';

export interface Dataset {
  readonly datasetId: string;
  readonly name: string;
  readonly description: string | null;
  readonly dataType: string;
  readonly extra: JsonText | null;
  readonly inputsSchema: JsonText | null;
  readonly outputsSchema: JsonText | null;
  readonly createdAt: Date;
  readonly modifiedAt: Date;
  readonly examples: number;
  /** Experiments: projects that refer to it. */
  readonly sessions: number;
  readonly lastSessionAt: Date | null;
}

export interface DatasetFields {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly dataType?: string | undefined;
  readonly extra?: JsonText | null | undefined;
  readonly inputsSchema?: JsonText | null | undefined;
  readonly outputsSchema?: JsonText | null | undefined;
}

export interface Example {
  readonly exampleId: string;
  readonly datasetId: string;
  readonly inputs: JsonText;
  readonly outputs: JsonText | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly splits: readonly string[];
  readonly sourceRunId: string | null;
  readonly createdAt: Date;
  /** When this version began. */
  readonly modifiedAt: Date;
}

/** What is undefined was not said: of a new example it is empty, of one that is there it stays. */
export interface ExampleFields {
  readonly exampleId: string;
  readonly inputs?: JsonText | undefined;
  readonly outputs?: JsonText | null | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly splits?: readonly string[] | undefined;
  readonly sourceRunId?: string | undefined;
  readonly createdAt?: Date | undefined;
}

export interface NewAttachment {
  readonly exampleId: string;
  readonly name: string;
  readonly mimeType: string;
  readonly body: Buffer;
}

/** The numbers of the projects that whoever asks may see; null: all. */
export type Visible = readonly number[] | null;

export const BASE_SPLIT = 'base';
