export { indexNext, indexRunsOf, forgetRuns } from './indexing.ts';
export { holds, readQuery, type SearchQuery } from './query.ts';
export { RunSearch, type Candidate, type SearchScope } from './run-search.ts';
export { foldedTextOf, type SearchedTexts } from './run-text.ts';
export { SEARCH_READER } from './unindexed.ts';
