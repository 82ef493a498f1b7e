/** A fleet is one tenant; clients of LangSmith want its id to be a UUID. */
export const TENANT_ID = '00000000-0000-4000-8000-000000000001';
/** Its name, where prompts have one before theirs. */
export const TENANT_HANDLE = 'muster';
