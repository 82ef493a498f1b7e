import { createHash } from 'node:crypto';
import { basename, dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, BuildOptions, Message, Plugin } from 'esbuild';
import { MusterError, messageOf } from '../../base/errors.ts';
import { packageRoot } from '../../base/package-root.ts';

/** An agent's code in one file: a module that imports nothing but Node's own modules and `muster-agents`. */
export interface Bundle {
  readonly code: string;
  /** SHA-256 of the code, in hexadecimal: its name everywhere. */
  readonly hash: string;
  /** The files it was made of, absolute. */
  readonly inputs: readonly string[];
}

/** Every host that runs it fetches it once and keeps it in memory. */
export const MOST_BUNDLE_BYTES = 4 * 1_048_576;

export const hashOf = (code: string): string => createHash('sha256').update(code).digest('hex');

export interface BundleOptions {
  /** For code that stays on this machine: `import.meta.url` goes on meaning the file itself, and errors name its lines. */
  readonly staysHere?: boolean;
}

/** Bundles a file, TypeScript or JavaScript, with all it imports. Throws AGENT_INVALID, naming file and line. */
export function bundleFile(file: string, options: BundleOptions = {}): Promise<Bundle> {
  return build(
    {
      entryPoints: [file],
      absWorkingDir: dirname(file),
      ...(options.staysHere === true
        ? {
            define: { 'import.meta.url': JSON.stringify(pathToFileURL(file).href) },
            sourcemap: 'inline',
            sourceRoot: `${pathToFileURL(dirname(file)).href}/`,
          }
        : {}),
    },
    dirname(file),
  );
}

/** Bundles a text that came without its folder: it may import Node's own modules, `muster-agents` and `zod`. */
export function bundleText(source: string): Promise<Bundle> {
  return build({ stdin: { contents: source, loader: 'ts', sourcefile: 'agent.ts' }, absWorkingDir: packageRoot() }, packageRoot());
}

let last: Promise<unknown> = Promise.resolve();

/** One build at a time: each ends the compiler's process, which would otherwise stay for as long as this one. */
function build(options: BuildOptions, folder: string): Promise<Bundle> {
  const result = last.then(() => buildNow(options, folder));
  last = result.catch(() => undefined); // told to whoever asked for it
  return result;
}

async function buildNow(options: BuildOptions, folder: string): Promise<Bundle> {
  const esbuild = await import('esbuild');
  try {
    const { metafile, outputFiles } = await esbuild.build({
      ...options,
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: ['muster-agents'],
      plugins: [ownZod],
      logLevel: 'silent',
    });
    const paths = Object.keys(metafile?.inputs ?? {});
    const code = withRequire(withoutPlaces(outputFiles?.[0]?.text ?? '', paths));
    const inputs = paths.map((path) => resolve(folder, path));
    return { code: bounded(code), hash: hashOf(code), inputs };
  } catch (error) {
    throw isBuildFailure(error) ? invalid(error.errors, folder, error) : error;
  } finally {
    await esbuild.stop();
  }
}

/** Agents describe their configuration with zod. Where the author has none installed, there is this program's own. */
const ownZod: Plugin = {
  name: 'own-zod',
  setup(build) {
    const asked = Symbol('asked');
    build.onResolve({ filter: /^zod(\/|$)/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === asked) return undefined;
      const theirs = await build.resolve(path, { resolveDir, kind, pluginData: asked });
      return theirs.errors.length === 0 ? theirs : build.resolve(path, { resolveDir: packageRoot(), kind, pluginData: asked });
    });
  },
};

/** The compiler names each file by its way from here; without that the same code has the same hash whoever bundles it, and tells nothing of them. */
function withoutPlaces(code: string, paths: readonly string[]): string {
  let text = code;
  for (const path of paths) {
    const inPackage = path.lastIndexOf('node_modules/');
    const name = inPackage >= 0 ? path.slice(inPackage) : path.startsWith('..') ? basename(path) : path;
    if (name !== path) text = text.replaceAll(`// ${path}\n`, `// ${name}\n`).replaceAll(`"${path}"(`, `"${name}"(`);
  }
  return text;
}

/** Packages in the older module format call `require` for Node's own modules; a module has none unless it makes one. */
function withRequire(code: string): string {
  if (!code.includes('Dynamic require of') || /^(var|let|const) require\b/m.test(code)) return code;
  return `import { createRequire as createRequireForBundle } from 'node:module';\nconst require = createRequireForBundle(import.meta.url);\n${code}`;
}

/** Throws TOO_LARGE. */
export function bounded(code: string): string {
  const bytes = Buffer.byteLength(code);
  if (bytes <= MOST_BUNDLE_BYTES) return code;
  throw new MusterError('TOO_LARGE', `the code of the agent is ${bytes} bytes with all it imports; ${MOST_BUNDLE_BYTES} are taken`, {
    remedy: 'Import less of a package, or a smaller one.',
  });
}

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors);

function invalid(errors: readonly Message[], folder: string, cause: Error): MusterError {
  const first = errors[0];
  if (first === undefined) return new MusterError('AGENT_INVALID', messageOf(cause), { cause });
  const { location, text } = first;
  const where = location === null ? '' : `${shown(resolve(folder, location.file))}:${location.line}:${location.column + 1}: `;
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  return new MusterError('AGENT_INVALID', `${where}${text}${more}`, { remedy: remedyFor(text), cause });
}

/** As a person here would name the file. */
function shown(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith('..') ? file : near;
}

function remedyFor(text: string): string {
  if (text.startsWith('Could not resolve'))
    return 'Install what it imports in its folder, or mend the path; Node’s own modules, muster-agents and zod are always there.';
  if (text.includes('".node"')) return 'Code for one kind of machine cannot be bundled: use a package without it.';
  return 'Mend the file there.';
}
