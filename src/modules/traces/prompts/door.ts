export const door = (verb: 'read' | 'write', summary: string) => ({
  config: { permission: `traces:${verb}` as const },
  schema: { tags: ['langsmith'], summary },
});
