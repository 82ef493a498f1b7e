import { MusterError } from '../../../base/errors.ts';
import type { JsonText } from '../run/operation.ts';

/** A prompt, or the directory of an agent or a skill: what LangSmith calls a repo. */
export const PROMPT_KINDS = ['prompt', 'agent', 'skill'] as const;
export type PromptKind = (typeof PROMPT_KINDS)[number];

export interface Prompt {
  readonly promptId: string;
  readonly name: string;
  readonly kind: PromptKind;
  readonly description: string | null;
  readonly readme: string | null;
  readonly tags: readonly string[];
  readonly isPublic: boolean;
  readonly isArchived: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly commits: number;
  readonly lastHash: string | null;
  readonly likes: number;
  /** Whether whoever asks likes it. */
  readonly isLiked: boolean;
}

/** What is undefined was not said. */
export interface PromptFields {
  readonly description?: string | null | undefined;
  readonly readme?: string | null | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly isPublic?: boolean | undefined;
  readonly isArchived?: boolean | undefined;
}

/** A version of a prompt. */
export interface Commit {
  readonly commitId: string;
  readonly hash: string;
  readonly parentId: string | null;
  readonly parentHash: string | null;
  readonly description: string | null;
  readonly createdAt: Date;
}

export interface WholeCommit extends Commit {
  readonly manifest: JsonText;
}

export const noPrompt = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no prompt ${name}`, { remedy: 'Push it first, or look at `listPrompts()` for those there are.' });
export const noCommit = (prompt: string, version: string): MusterError =>
  new MusterError('NOT_FOUND', `the prompt ${prompt} has no version ${version}`, {
    remedy: 'Name `latest`, a tag, or at least 8 digits of the hash of a version.',
  });
