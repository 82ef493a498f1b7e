import { TENANT_HANDLE, TENANT_ID } from '../langsmith/tenant.ts';
import type { CommitTag } from './commits.ts';
import type { Commit, Prompt } from './prompt.ts';

/** As LangSmith's clients read a prompt. What nobody counts here is 0: a read that wrote would slow every pull. */
export const promptView = (prompt: Prompt) => ({
  id: prompt.promptId,
  repo_handle: prompt.name,
  repo_type: prompt.kind,
  description: prompt.description,
  readme: prompt.readme,
  tenant_id: TENANT_ID,
  owner: TENANT_HANDLE,
  full_name: `${TENANT_HANDLE}/${prompt.name}`,
  created_at: prompt.createdAt.toISOString(),
  updated_at: prompt.updatedAt.toISOString(),
  is_public: prompt.isPublic,
  is_archived: prompt.isArchived,
  tags: prompt.tags,
  original_repo_id: null,
  upstream_repo_id: null,
  original_repo_full_name: null,
  upstream_repo_full_name: null,
  num_likes: prompt.likes,
  num_downloads: 0,
  num_views: 0,
  liked_by_auth_user: prompt.isLiked,
  last_commit_hash: prompt.lastHash,
  num_commits: prompt.commits,
});

export const commitView = (prompt: Pick<Prompt, 'promptId' | 'name'>, commit: Commit) => ({
  id: commit.commitId,
  repo_id: prompt.promptId,
  owner: TENANT_HANDLE,
  repo: prompt.name,
  commit_hash: commit.hash,
  parent_id: commit.parentId,
  parent_commit_hash: commit.parentHash,
  manifest_id: null,
  description: commit.description,
  created_at: commit.createdAt.toISOString(),
  updated_at: commit.createdAt.toISOString(),
  example_run_ids: [],
  num_downloads: 0,
  num_views: 0,
});

export const tagView = (promptId: string, { tag, commitId, hash, createdAt, updatedAt }: CommitTag) => ({
  id: `${promptId}:${tag}`,
  repo_id: promptId,
  tag_name: tag,
  commit_id: commitId,
  commit_hash: hash,
  created_at: createdAt.toISOString(),
  updated_at: updatedAt.toISOString(),
});
