export { fieldWord, INDEXED_FIELDS, metadataEntryWord, metadataKeyWord, UNREAD_METADATA, type IndexedField } from './field-words.ts';
export { forgetRuns, forgetWhere } from './forgetting.ts';
export { indexNext, indexRunsOf } from './indexing.ts';
export { holds, readQuery, type SearchQuery } from './query.ts';
export { RunSearch, type Candidate } from './run-search.ts';
export type { FieldGroup } from './segment-fields.ts';
export { foldedTextOf } from './run-text.ts';
export { SEARCH_READER } from './unindexed.ts';
