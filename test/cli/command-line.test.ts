import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Program, write } from './support/program.ts';

const muster = Program.forThisFile();

interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string; readonly exit_code: number };
}

describe('what is not understood', () => {
  it.each([
    [['verson'], "Unknown command 'verson'", 'Did you mean version?'],
    [['agents', 'lst'], 'There is no command "agents lst"', 'Did you mean `muster agents list`?'],
    [['help', 'agnts'], 'There is no command "agnts"', 'Did you mean `muster agents`?'],
    [['up', '--prot', '1'], "Unknown option '--prot'", 'Did you mean --port?'],
    [['up', '--port', 'http'], "Option '--port <port>' argument 'http' is invalid", 'help'],
    [['agents', 'show'], "Missing required argument 'agent_id'", 'help'],
    [['completion', 'bsh'], 'There is no completion for "bsh"', 'Did you mean bash?'],
    [['agents', 'list', '--status', 'runing'], '--status "runing" is none of', 'Did you mean running?'],
  ])('%j: one message, a suggestion, exit code 64', async (args, message, remedy) => {
    const { code, stdout, stderr } = await muster.run(args);
    expect(code).toBe(64);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toContain(remedy);
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(stderr).not.toContain('    at ');
  });

  it('with --json it is one document on standard output', async () => {
    const { code, stdout } = await muster.run(['--json', 'verson']);
    expect(code).toBe(64);
    expect((JSON.parse(stdout) as Failure).error).toMatchObject({ code: 'USAGE', exit_code: 64, remedy: 'Did you mean version?' });
  });

  it('a stack is shown to those who ask for it, and only to them', async () => {
    const env = { DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/d' };
    expect((await muster.run(['status'], { env })).stderr).not.toContain('    at ');
    expect((await muster.run(['status', '--log-level', 'debug'], { env })).stderr).toContain('    at ');
  });
});

describe('help, version and completion', () => {
  it('load neither the driver, the web server nor the schemas', async () => {
    for (const args of [['--help'], ['version'], ['help', 'agents', 'restart'], []]) {
      const cwd = muster.folder();
      const record = join(cwd, 'imports');
      const { code } = await muster.run(args, {
        cwd,
        env: { RECORD_IMPORTS: record },
        nodeOptions: ['--import', fileURLToPath(new URL('./support/record-imports.mjs', import.meta.url))],
      });
      expect(code).toBe(0);
      const loaded = readFileSync(record, 'utf8').split('\n');
      expect(loaded.some((url) => url.endsWith('/cli/program.js'))).toBe(true);
      expect(loaded.filter((url) => /node_modules\/(pg|fastify|@fastify|zod|yaml|pino|croner|prom-client)\//.test(url))).toEqual([]);
    }
  });

  it('help for a nested command shows its options and those of every command', async () => {
    const { stdout } = await muster.run(['help', 'agents', 'restart']);
    expect(stdout).toContain('Usage: muster agents restart');
    expect(stdout).toContain('--no-wait');
    expect(stdout).toContain('--json');
  });

  it('version is a document with --json', async () => {
    const { version } = JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8')) as {
      version: string;
    };
    expect(await muster.json(['version'])).toMatchObject({ version, node: process.versions.node });
  });

  it('bash completes commands and options with the script it is given', async () => {
    const { stdout: script } = await muster.run(['completion', 'bash']);
    const folder = muster.folder();
    write(folder, 'completion.bash', script);
    const complete = (words: readonly string[]): string[] => {
      const { stdout } = spawnSync(
        'bash',
        [
          '-c',
          `muster() { "${process.execPath}" "${muster.entry}" "$@"; }
           source completion.bash
           COMP_WORDS=(muster ${words.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${words.length}
           COMP_LINE="muster ${words.join(' ')}"; COMP_POINT=\${#COMP_LINE}
           $(complete -p muster | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
           printf '%s\\n' "\${COMPREPLY[@]}"`,
        ],
        { cwd: folder, encoding: 'utf8' },
      );
      return stdout.split('\n').map((line) => line.trim().split(/[\s\t]/)[0] ?? '');
    };
    expect(complete(['agents', 're'])).toEqual(expect.arrayContaining(['restart', 'resume']));
    expect(complete(['up', '--de'])).toContain('--demo');
  });

  it('there are scripts for zsh and fish', async () => {
    expect((await muster.run(['completion', 'zsh'])).stdout).toContain('#compdef muster');
    expect((await muster.run(['completion', 'fish'])).stdout).toContain('complete -c muster');
  });
});

describe('the configuration', () => {
  it('a mistake ends every command with 78 before anything is started', async () => {
    const cwd = muster.folder();
    write(cwd, 'config/monitoring.yml', 'intervals:\n  hearbeat: 2s\n');
    for (const args of [['up', '--no-open'], ['launch'], ['status'], ['doctor']]) {
      const { code, stderr } = await muster.run(args, { cwd });
      expect(code).toBe(78);
      expect(stderr).toContain('config/monitoring.yml:2:3');
      expect(stderr).toContain('Did you mean "heartbeat"?');
    }
  });

  it('several mistakes are told together', async () => {
    const cwd = muster.folder();
    write(cwd, 'config/monitoring.yml', 'intervals:\n  metrics: often\nthresholds:\n  host.load: { warning: 1 }\n');
    const { code, stdout } = await muster.run(['validate', '--json'], { cwd, env: { MUSTER_PORT: 'http' } });
    expect(code).toBe(78);
    const { valid, findings } = JSON.parse(stdout) as { valid: boolean; findings: { severity: string; where: string }[] };
    expect(valid).toBe(false);
    expect(findings.filter(({ severity }) => severity === 'error').map(({ where }) => where)).toEqual([
      'MUSTER_PORT',
      'config/monitoring.yml:2:12',
    ]);
  });

  it('a threshold of no check names the nearest one', async () => {
    const cwd = muster.folder();
    write(cwd, 'config/monitoring.yml', 'thresholds:\n  host.load_pre_core: { warning: 1 }\n');
    const { code, stderr } = await muster.run(['up', '--no-open'], { cwd });
    expect(code).toBe(78);
    expect(stderr).toContain('Did you mean "host.load_per_core"?');
  });

  it('is valid as the repository ships it', async () => {
    const { code, stdout } = await muster.run(['validate', '--config-dir', fileURLToPath(new URL('../../config', import.meta.url))]);
    expect(code).toBe(0);
    expect(stdout).toContain('are valid');
  });

  it('--production finds what is fine on a laptop only, and says what it does not check', async () => {
    const { code, stdout } = await muster.run(['validate', '--production', '--json'], {
      env: {
        DATABASE_URL: 'postgresql://muster:short@db.example.com/muster',
        MUSTER_BOOTSTRAP_KEY: 'aaaaaaaaaaaaaaaa',
        MUSTER_HOST: '0.0.0.0',
      },
    });
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as { findings: { severity: string; where: string; remedy?: string }[]; not_checked: string[] };
    expect(report.findings.filter(({ severity }) => severity === 'error').map(({ where }) => where)).toEqual(['TLS', 'bootstrap key']);
    expect(report.findings.filter(({ severity }) => severity === 'warning').map(({ where }) => where)).toEqual([
      'password',
      'address',
      'secrets',
    ]);
    expect(report.findings.every(({ severity, remedy }) => severity === 'ok' || severity === 'note' || (remedy ?? '') !== '')).toBe(true);
    expect(report.not_checked.length).toBeGreaterThan(3);
  });
});

describe('without a database', () => {
  it('a command that needs one says so', async () => {
    const cwd = muster.folder();
    const { code, stderr } = await muster.run(['agents', 'list'], { cwd });
    expect(code).toBe(69);
    expect(stderr).toContain(`no embedded PostgreSQL runs in ${join(cwd, '.muster')}`);
    expect(stderr).toContain('muster up');
  });

  it('agent types are known all the same', async () => {
    const { items } = await muster.json<{ items: { agent_type: string }[] }>(['agents', 'types']);
    expect(items.map(({ agent_type }) => agent_type)).toEqual(
      expect.arrayContaining(['agent_coordinator', 'performance_monitor', 'test_agent']),
    );
  });

  it('launch and dashboard start no server of their own', async () => {
    expect((await muster.run(['launch'])).code).toBe(69);
    expect((await muster.run(['dashboard', '--port', '0', '--no-open'])).code).toBe(69);
  });
});
