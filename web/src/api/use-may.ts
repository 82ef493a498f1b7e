import { useQuery } from '@tanstack/react-query';
import { queries } from './queries.ts';

/** Whether whoever is signed in may do it. Yes while that is being read: the server decides in any case. */
export function useMay(permission: string): boolean {
  const { data } = useQuery(queries.session());
  return data === undefined || data.permissions.includes(permission);
}
