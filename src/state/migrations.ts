/** The numbered SQL files that make the fleet's own schema; a module brings its own folder. */
export const coreMigrations = { name: 'core', folder: new URL('./migrations/', import.meta.url) } as const;
