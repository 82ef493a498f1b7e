export { indexNext, indexRunsOf, forgetRuns } from './indexing.ts';
export { holds, readQuery, type SearchQuery } from './query.ts';
export { RunSearch, type Candidate } from './run-search.ts';
export { foldedTextOf } from './run-text.ts';
export { SEARCH_READER } from './unindexed.ts';
