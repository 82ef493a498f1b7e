import { queryOptions } from '@tanstack/react-query';
import { call } from '../../../api/client.ts';
import type { OwnSettings, TraceSettings } from './settings.ts';

interface ProjectSettings {
  readonly project: string;
  readonly own: OwnSettings;
  readonly effective: TraceSettings;
}

export const settingsQueries = {
  general: () =>
    queryOptions({ queryKey: ['traces', 'settings'], queryFn: ({ signal }) => call<TraceSettings>('/traces/settings', { signal }) }),
  project: (name: string) =>
    queryOptions({
      queryKey: ['traces', 'settings', name],
      queryFn: ({ signal }) => call<ProjectSettings>(`/traces/projects/${encodeURIComponent(name)}/settings`, { signal }),
    }),
};
