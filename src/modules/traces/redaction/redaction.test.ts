import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { cpuMs } from '../../../../test/support/cpu-time.ts';
import { createRedactor, DEFAULT_REDACTION, redactionSettings, type RedactionSettings } from './index.ts';
import { findPattern, parsePattern } from './pattern.ts';

const settings = (given: Partial<RedactionSettings> = {}): RedactionSettings => ({ ...DEFAULT_REDACTION, ...given });
const redactor = createRedactor(settings());
const json = (text: string): string => createRedactor(settings()).json(text, 'inputs');
const inText = (text: string): string => redactor.text(text);
const SECRET = '[redacted:secret]';

// Put together here, so that no scanner of secrets takes this file for a leak.
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const random = (length: number): string => Array.from({ length }, (_, i) => alphabet[(i * 17 + 5) % alphabet.length]).join('');
const letters = (length: number): string =>
  random(3 * length)
    .replaceAll(/\d/g, '')
    .slice(0, length);
const hex = (length: number): string => Array.from({ length }, (_, i) => ((i * 7 + 3) % 16).toString(16)).join('');
const token = (prefix: string, length: number): string => `${prefix}${random(length)}`;
const jwt = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"sub":"1234567890"}').toString('base64url')}.${random(43)}`;
const pem = ['-----BEGIN RSA PRIVATE KEY-----', random(64), random(64), `${random(20)}==`, '-----END RSA PRIVATE KEY-----'].join('\n');

describe('what is a secret', () => {
  test.each([
    ['OpenAI', token('sk-proj-', 40)],
    ['Anthropic', token('sk-ant-api03-', 60)],
    ['OpenAI, old', token('sk-', 48)],
    ['GitHub', token('ghp_', 36)],
    ['GitHub, fine-grained', token('github_pat_', 60)],
    ['GitLab', token('glpat-', 20)],
    ['AWS', `AKIA${random(32).toUpperCase().slice(0, 16)}`],
    ['Google', token('AIza', 35)],
    ['Slack', token('xoxb-', 24)],
    ['Stripe', token('sk_live_', 24)],
    ['LangSmith', token('lsv2_pt_', 40)],
    ['Hugging Face', token('hf_', 34)],
    ['Hugging Face, of letters alone', `hf_${letters(34)}`],
    ['GitLab, by chance of letters alone', `glpat-${letters(20)}`],
    ['AWS, by chance of letters alone', `AKIA${letters(16).toUpperCase()}`],
    ['Langfuse', 'sk-lf-550e8400-e29b-41d4-a716-446655440000'],
    ['GitLab, of a trigger', token('glptt-', 40)],
    ['Slack, for a user', token('xoxp-123456789012-123456789012-', 32)],
    ['npm', token('npm_', 36)],
    ['PyPI', token('pypi-', 100)],
    ['Groq', token('gsk_', 52)],
    ['xAI', token('xai-', 80)],
    ['Replicate', token('r8_', 37)],
    ['Linear', token('lin_api_', 40)],
    ['Notion', token('ntn_', 46)],
    ['Notion, old', token('secret_', 43)],
    ['DigitalOcean', `dop_v1_${hex(64)}`],
    ['Databricks', `dapi${hex(32)}`],
    ['Databricks, second', `dapi${hex(32)}-2`],
    ['Shopify', `shpat_${hex(32)}`],
    ['SendGrid', `SG.${random(22)}.${random(43)}`],
    ['Twilio', `SK${hex(32)}`],
    ['Mailgun', `key-${hex(32)}`],
    ['Resend', `re_${random(8)}_${random(24)}`],
    ['ElevenLabs', `sk_${hex(48)}`],
    ['Google, for an hour', token('ya29.', 80)],
    ['Google, of a client', token('GOCSPX-', 28)],
    ['Vault', token('hvs.', 90)],
    ['Bedrock', `ABSK${random(128)}==`],
    ['Entra ID', `${random(3)}8Q~${random(34)}`],
    ['Azure OpenAI', `${random(52)}JQQJ99AB${random(16)}x${random(7)}`],
    ['a bot of Telegram', `123456789:AA${random(33)}`],
    ['a bot of Discord', `${Buffer.from('123456789012345678').toString('base64url')}.${random(6)}.${random(38)}`],
    ['Muster', `mst_0123456789ab_${random(43)}`],
    ['JWT', jwt],
    ['private key', pem],
  ])('the key of %s goes from the middle of a sentence', (_, secret) => {
    expect(inText(`use ${secret} for it`)).toBe(`use ${SECRET} for it`);
    expect(inText(`"${secret}"`)).toBe(`"${SECRET}"`);
    expect(inText(`line\n${secret}\nline`)).toBe(`line\n${SECRET}\nline`);
  });

  test.each([
    [`Authorization: Bearer ${random(32)}`, `Authorization: Bearer ${SECRET}`],
    [`Basic ${Buffer.from('user:opensesame').toString('base64')}`, `Basic ${SECRET}`],
    ['postgres://app:s3cr3t@db.example:5432/x', `postgres://app:${SECRET}@db.example:5432/x`],
    ['mongodb+srv://u:p@cluster0.example.net', `mongodb+srv://u:${SECRET}@cluster0.example.net`],
    ['redis://:hunter2@cache:6379', `redis://:${SECRET}@cache:6379`],
    ['https://x.example/?api_key=abcdef&page=2', `https://x.example/?api_key=${SECRET}&page=2`],
    ['curl -H "x-api-key: 0f3a9c1d77" https://x.example', `curl -H "x-api-key: ${SECRET}" https://x.example`],
    ['db:\n  password:  hunter22\n  port: 5432', `db:\n  password:  ${SECRET}\n  port: 5432`],
    [`https://api.telegram.org/bot123456789:AA${random(33)}/getMe`, `https://api.telegram.org/${SECRET}/getMe`],
    [`https://hooks.slack.com/services/T0123456/B0123456/${random(24)}`, `https://hooks.slack.com/services${SECRET}`],
    ['Authorization: Token 0f3a9c1d77e1', `Authorization: Token ${SECRET}`],
    ["{'api_key': 'x y', 'model': 'm'}", `{'api_key': '${SECRET}', 'model': 'm'}`],
    ['client = Client(api_key="0f3a9c1d77")', `client = Client(api_key="${SECRET}")`],
    ["const apiKey = '0f3a9c1d77';", `const apiKey = '${SECRET}';`],
    ['export OPENAI_API_KEY="correcthorse"', `export OPENAI_API_KEY="${SECRET}"`],
    ["db:\n  password: 'hunter22'", `db:\n  password: '${SECRET}'`],
    ['password = hunter22\nport = 5432', `password = ${SECRET}\nport = 5432`],
    ['My password: hunter22!.', `My password: ${SECRET}!.`],
    ['DB_PASSWORD=correcthorse', `DB_PASSWORD=${SECRET}`],
    ['Server=db;Password=pa55word!;Database=x', `Server=db;Password=${SECRET};Database=x`],
    [`cut off: ${pem.slice(0, 120)}`, `cut off: ${SECRET}`],
  ])('%j', (text, expected) => {
    expect(inText(text)).toBe(expected);
  });

  test.each([
    'task-management-and-scheduling-2026',
    'sk-learn-is-a-library-of-python',
    'import { basic } from "basic understanding of things"',
    'a bearer of good news',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    '----------------------------------------',
    'max_tokens=100 and new_token="hello"',
    'password=get_password(user)',
    'if password == other:',
    'Enter your password: then press return 10 times',
    'password: user2.password, secret: process.env.SECRET2',
    'password: sha256sum2(user)',
    'password: ${PASSWORD_2024}',
    'the cookie: 3 biscuits in 2 boxes',
    'hf_and_some_more_words_without_any_digits',
    'sk-onelongwordofmanyletters',
    'ASIANDCOUNTRIESOFTHEEASTANDWEST',
    'risk_live_data',
    'sk-learn-pipeline-v2-final-2026',
    'key-value-store-of-32-entries-for-everything',
    'SG.1 and SG.2 are groups',
    `sha ${hex(40)} and ${hex(64)}`,
    `data:image/png;base64,${random(400)}`,
    'at 12:AM or 10:AM, 123456789:AND',
    'secret_of_the_2_kingdoms_and_their_43_castles',
    'if token == "abc12345":',
    'token = tokens[0]',
    'api_key = "your-api-key"',
    "api_key: '<your key 1>', secret: '${SECRET_1}'",
    'const apiKey = process.env.API_KEY2;',
    "it's secret: 'the answer is 42'",
    'MTIzNDU2Nzg5MDEyMzQ1Njc4OTAx.png',
    'http://example.com/@user/post',
    '550e8400-e29b-41d4-a716-446655440000',
    'eyJ is how they begin',
  ])('%j is none', (text) => {
    expect(inText(text)).toBe(text);
  });
});

describe('values whose name says what they are', () => {
  test.each([
    ['{"password":"x"}', `{"password":"${SECRET}"}`],
    ['{"OPENAI_API_KEY" : "x y", "model":"m"}', `{"OPENAI_API_KEY" : "${SECRET}", "model":"m"}`],
    ['{"x-api-key":"a\\"b"}', `{"x-api-key":"${SECRET}"}`],
    ['{"a":{"clientSecret":12345}}', `{"a":{"clientSecret":"${SECRET}"}}`],
    ['{"authorization":["a","b"],"b":1}', `{"authorization":["${SECRET}","${SECRET}"],"b":1}`],
    ['{"arguments":"{\\"password\\": \\"a\\\\\\"b\\", \\"n\\":1}"}', `{"arguments":"{\\"password\\": \\"${SECRET}\\", \\"n\\":1}"}`],
    ['{"arguments":"{\\"secret_key\\":12}"}', `{"arguments":"{\\"secret_key\\":\\"${SECRET}\\"}"}`],
  ])('%s', (text, expected) => {
    expect(json(text)).toBe(expected);
    expect(() => void JSON.parse(expected)).not.toThrow();
  });

  test.each([
    '{"token":"a piece of a sentence","prompt_tokens":12}',
    '{"properties":{"password":{"type":"string"}}}',
    '{"password":null,"secret":true,"api_key":""}',
    '{"content":"the password","type":"human"}',
    '["password","x"]',
    `{"password":"${SECRET}"}`,
  ])('%s stays', (text) => {
    expect(json(text)).toBe(text);
  });
});

describe('who somebody is', () => {
  test.each([
    ['jan.kowalski@example.pl', 'email'],
    ['Jörg.Müller@müller.example', 'email'],
    ['first+tag@sub.example.co.uk', 'email'],
    ['john%40example.com', 'email'],
    ['"john doe"@example.com', 'email'],
    ['"j..d@x"@example.com', 'email'],
    ['root@[192.0.2.17]', 'email'],
    ['+48 601 234 567', 'phone'],
    ['+14155552671', 'phone'],
    ['+44 (0)20 7946 0958', 'phone'],
    ['0049 171 234 5678', 'phone'],
    ['0049 30 123456', 'phone'],
    ['0049 170 1234567', 'phone'],
    ['0049 1701234567', 'phone'],
    ['0043 1 588 0000', 'phone'],
    ['0049 (0)30 1234567', 'phone'],
    ['(415) 555-2671', 'phone'],
    ['415-555-2671', 'phone'],
    ['1-415-555-2671', 'phone'],
    ['01 42 68 53 00', 'phone'],
    ['0171 2345678', 'phone'],
    ['DE89370400440532013000', 'iban'],
    ['DE89 3704 0044 0532 0130 00', 'iban'],
    ['GB82 WEST 1234 5698 7654 32', 'iban'],
    ['pl61109010140000071219812874', 'iban'],
    ['4111111111111111', 'card'],
    ['4111 1111 1111 1111', 'card'],
    ['5500-0000-0000-0004', 'card'],
    ['3782 822463 10005', 'card'],
    ['6011000990139424', 'card'],
  ])('%s is of the kind %s', (value, kind) => {
    expect(inText(`Write to ${value}, please`)).toBe(`Write to [redacted:${kind}], please`);
    expect(inText(`\n${value}\n`)).toBe(`\n[redacted:${kind}]\n`);
    expect(json(JSON.stringify({ a: JSON.stringify({ b: `x\n${value}` }) }))).toBe(
      JSON.stringify({ a: JSON.stringify({ b: `x\n[redacted:${kind}]` }) }),
    );
  });

  test.each([
    ['phone: 601234567', 'phone: [redacted:phone]'],
    ['tel. 601 234 567', 'tel. [redacted:phone]'],
    ['Card 4111 1111 1111 1111 12/27 123', 'Card [redacted:card] 12/27 123'],
  ])('%j', (text, expected) => {
    expect(inText(text)).toBe(expected);
  });

  test('in a number of JSON the mark becomes a string', () => {
    expect(json('{"n":4111111111111111,"phone_number":601234567}')).toBe('{"n":"[redacted:card]","phone_number":"[redacted:phone]"}');
  });

  test.each([
    'on 2026-11-26 07:14:24 and 26.11.2026, 11/26/2026 10:30',
    '2026-11-26T07:14:24.123456Z',
    'run 20261126T071424123456Z550e8400-e29b-41d4-a716-446655440000',
    'order 1234567890, invoice 2026/11/000123, ref 0000012345',
    'at 1764141864123 and 1764141864123456',
    'card-like 4111111111111112, 1234567812345678, 0000000000000000',
    'a total of 123 456 789 or 1 234 567 890.50',
    'version 10.15.7, 192.168.100.100, ISBN 978-3-16-148410-0',
    '[0.012345678901, -0.98765432109876543, 4111111111111111.5]',
    'pixel 415x555 2671',
    '"chat"@en . "chat"@fr-be; say "hello"@ home.example',
    'a@[1.2.3] list@[0]',
    'react@18.2.0, logo@2x.png, git@github.com:owner/name.git, @user',
    'DE89370400440532013001 is no IBAN, nor is GB82',
    '0x4111111111111111 and a4111111111111111',
    'parts 0012 34567 and 0012 3456 78, lot 0049-12-3456',
    '+12345678 -12345678',
    'sum 2+23456789012',
    'port 5432 10.0.0.1:5432 1:1000000',
  ])('%j is nobody', (text) => {
    expect(inText(text)).toBe(text);
  });

  test('is only read where the settings say so, and what is counted is taken once', () => {
    const some = createRedactor(
      settings({ email: false, card: false, custom: [{ name: 'badge', pattern: '\\bB-\\d{4}\\b', ignore_case: false }] }),
    );
    expect(some.text('a@b.example 4111111111111111 +48601234567 B-1234 B-12345')).toBe(
      'a@b.example 4111111111111111 [redacted:phone] [redacted:badge] B-12345',
    );
    expect(some.takeCounts()).toEqual({ phone: 1, badge: 1 });
    expect(some.takeCounts()).toEqual({});
  });

  test('has the same pseudonym however it is written, and another under another key', () => {
    const under = (key: string) => createRedactor(settings({ pseudonyms: ['email', 'phone'] }), { pseudonymKey: Buffer.from(key) });
    const [one, same, other] = [under('k').text('A@b.example'), under('k').text('a@B.example'), under('l').text('a@b.example')];
    expect(one).toMatch(/^\[redacted:email:[0-9a-f]{12}\]$/);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
    expect(under('k').text('+48 601 234 567')).toBe(under('k').text('+48-601-234-567'));
  });
});

describe('what the SDKs copy from the environment', () => {
  it('goes from extra, and the rest stays as it was written', () => {
    const extra =
      '{"metadata":{"LANGSMITH_RUNS_ENDPOINTS":"[{\\"api_key\\":\\"x\\"}]", "n": 12345678901234567890, "LANGCHAIN_PROJECT":{"a":[1,"}"]},"revision_id":"abc","LANGSMITH_TRACING":true},"runtime":{}}';
    const result = redactor.json(extra, 'extra');
    expect(result).toBe('{"metadata":{ "n": 12345678901234567890, "revision_id":"abc"},"runtime":{}}');
    expect(redactor.json('{"metadata":{"LANGSMITH_A":"x"}}', 'extra')).toBe('{"metadata":{}}');
    expect(redactor.json('{"a":"set LANGSMITH_API_KEY"}', 'extra')).toBe('{"a":"set LANGSMITH_API_KEY"}');
    expect(redactor.json('{"LANGSMITH_A":"x"}', 'inputs')).toBe('{"LANGSMITH_A":"x"}');
  });
});

describe('members that go', () => {
  const name = fc.constantFrom('LANGSMITH_A', 'LANGSMITH_B', 'LANGCHAIN_C', 'a', 'b', 'revision_id', 'c, "LANGSMITH_');
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(1, -2.5, true, null, '', 'x', '}, {', '"LANGSMITH_A": 1', 'a\\"b', ', '),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 6 }),
    ),
  }));
  const without = (given: unknown): unknown => {
    if (Array.isArray(given)) return given.map(without);
    if (typeof given !== 'object' || given === null) return given;
    return Object.fromEntries(
      Object.entries(given)
        .filter(([key]) => !/^LANG(?:SMITH|CHAIN)_/.test(key))
        .map(([key, one]) => [key, without(one)]),
    );
  };
  /** As Python writes it: a space behind every comma and colon. */
  const spaced = (given: unknown): string => {
    if (Array.isArray(given)) return `[${given.map(spaced).join(', ')}]`;
    if (typeof given !== 'object' || given === null) return JSON.stringify(given);
    return `{${Object.entries(given)
      .map(([key, one]) => `${JSON.stringify(key)}: ${spaced(one)}`)
      .join(', ')}}`;
  };

  it('leave valid JSON of the same value without them, however it is written', () => {
    const bare = createRedactor(settings({ secrets: false, email: false, phone: false, iban: false, card: false }));
    fc.assert(
      fc.property(value, (given) => {
        for (const written of [JSON.stringify(given), JSON.stringify(given, null, 2), spaced(given)])
          expect(JSON.parse(bare.json(written, 'extra'))).toEqual(without(given));
      }),
      { numRuns: 500 },
    );
  });
});

describe('escapes', () => {
  test.each([
    ['{"a":"john\\u0040example.com"}', '{"a":"[redacted:email]"}'],
    ['{"a":"\\u0073k-\\u0070roj-' + random(40) + '"}', `{"a":"${SECRET}"}`],
    ['{"\\u0070assword":"x"}', `{"password":"${SECRET}"}`],
    ['{"a":"postgres:\\/\\/u:secret@db.example\\/x"}', `{"a":"postgres://u:${SECRET}@db.example/x"}`],
    ['{"a":"{\\"b\\":\\"john\\\\u0040example.com\\"}"}', '{"a":"{\\"b\\":\\"[redacted:email]\\"}"}'],
    ['{"a":"\\u4f60\\u597d john@example.com"}', '{"a":"\\u4f60\\u597d [redacted:email]"}'],
    ['{"a":"\\njohn@example.com\\tb"}', '{"a":"\\n[redacted:email]\\tb"}'],
  ])('%s hides nothing', (text, expected) => {
    expect(json(text)).toBe(expected);
  });

  test.each(['{"a":"\\u0041\\u0022 \\/ \\u007e"}', '{"a":"C:\\\\new\\\\temp\\\\4"}'])('%s stays as it was written', (text) => {
    expect(json(text)).toBe(text);
  });
});

describe('whatever comes', () => {
  const nasty = fc.constantFrom(
    '"',
    '\\',
    '@',
    'a@b.cc',
    '4111111111111111',
    '+48601234567',
    'sk-',
    random(30),
    '\n',
    '\u0000',
    '\ud800',
    '://a:b@c',
    'password',
    '=',
    ':',
    '{',
    '}',
    '[',
    ',',
    'é',
    ' ',
    '-----BEGIN PRIVATE KEY-----',
    'Bearer ',
    'DE89370400440532013000',
    '\\u0040',
    '/',
  );
  const content = fc.array(nasty, { maxLength: 12 }).map((parts) => parts.join(''));
  const key = fc.oneof(content, fc.constantFrom('password', 'api_key', 'authorization', 'phone'));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      content,
      fc.constantFrom(4111111111111111, 601234567, -1.5e30, 0, null, true),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      tie('value').map((inner) => JSON.stringify(inner)),
    ),
  }));
  const all = createRedactor(settings({ custom: [{ name: 'quoted', pattern: '"[^"]*"|\\\\.', ignore_case: false }] }));

  it('valid JSON stays valid JSON of the same shape', () => {
    fc.assert(
      fc.property(value, fc.boolean(), (given, spaced) => {
        const written = JSON.stringify(given, null, spaced ? 2 : 0);
        const once = all.json(written, 'extra');
        expect(Array.isArray(JSON.parse(once))).toBe(Array.isArray(given));
      }),
      { numRuns: 500 },
    );
  });

  it('any text is read to its end', () => {
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 30 }), (parts) => {
        redactor.json(parts.join(''), 'extra');
        redactor.text(parts.join(''));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    '@',
    'a@',
    '"',
    '\\',
    '\\"',
    '{"password":',
    '-',
    '-----BEGIN PRIVATE KEY-----',
    '4',
    '4 ',
    '41-',
    '+4',
    '(',
    'eyJ',
    'eyJaaaaaaaaa.',
    'Bearer a',
    '://a:',
    'a=',
    'sk-',
    '{"LANGSMITH_',
    'a.',
    'DE8',
    '"password":["',
    '-eyJ',
    'token=a',
    'token=1',
    '//a@',
    '{"LANGSMITH_A":',
    '\\"password\\":\\"',
    'Bearer ',
    'DE89 ',
    'ABSK/',
    'hvs.',
    'ya29.a',
    'JQQJ9',
    '1:A',
    'MTIz.',
    '\\"a\\"@',
    "api_key='",
    "'api_key': ",
    'Authorization: a ',
    'token = ',
  ])('twice as much of %j takes about twice as long', (piece) => {
    const time = (length: number): number => {
      const text = piece.repeat(length / piece.length);
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 3; i++) {
        const began = cpuMs();
        redactor.json(text, 'extra');
        best = Math.min(best, cpuMs() - began);
      }
      return best;
    };
    time(50_000);
    // Eight times as much: quadratic would take 64 times as long.
    expect(time(400_000)).toBeLessThan(Math.max(400, 32 * time(50_000)));
  });
});

describe('a pattern of the user', () => {
  const find = (source: string, text: string, ignoreCase = false): string[] => {
    const pattern = parsePattern(source, ignoreCase);
    if ('problem' in pattern) throw new Error(pattern.problem);
    return findPattern(pattern, text).map(({ start, end }) => text.slice(start, end));
  };

  test.each<[string, string, readonly string[]]>([
    ['EMP-\\d{3,5}', 'EMP-12 EMP-123 EMP-1234567', ['EMP-123', 'EMP-12345']],
    ['\\b[A-Z]{2}\\d+\\b', 'AB12 xAB12 AB', ['AB12']],
    ['(?:cat|category)s?', 'category cats', ['category', 'cats']],
    ['^a|b$', 'aab', ['a', 'b']],
    ['[^\\s,]+@corp', 'x@corp, y@corp', ['x@corp', 'y@corp']],
    ['a(.*b)?', 'axxb', ['axxb']],
    ['[-a\\]]+', '-a]b', ['-a]']],
    ['\\u00e9.', 'xéy', ['éy']],
  ])('%s', (source, text, expected) => {
    expect(find(source, text)).toEqual(expected);
  });

  it('may ignore case', () => {
    expect(find('secret[a-c]', 'SECRETB secretD', true)).toEqual(['SECRETB']);
  });

  test.each(['(a+)+$', '(a|aa)+b', '(.*)*x', 'a*a*a*a*a*b', 'a(.*b)?'])('%s takes no longer for a text that nearly matches', (source) => {
    const began = cpuMs();
    find(source.replace('(.*)*x', 'y(.*)*x'), 'a'.repeat(20_000));
    expect(cpuMs() - began).toBeLessThan(4_000);
  });

  test.each(['(a', 'a)', '[a', '*a', 'a{2,1}', 'a{1000}', '(a)\\1', '(?=a)b', 'a*', '', '\\p{L}', '(((a{100}){100}){100})'])(
    '%j is refused with a reason',
    (source) => {
      const pattern = parsePattern(source, false);
      expect('problem' in pattern ? pattern.problem : '').not.toBe('');
      expect(redactionSettings.safeParse({ custom: [{ name: 'x', pattern: source }] }).success).toBe(false);
    },
  );

  it('agrees with the engine of JavaScript where both are defined', () => {
    const atom = fc.constantFrom('a', 'b', '[ab]', '\\d', '.', '(?:ab)', '(?:a|b)');
    const pattern = fc
      .array(fc.tuple(atom, fc.constantFrom('', '+', '{2}', '{1,3}')), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', '1'), maxLength: 20 }), (source, text) => {
        expect(find(source, text)).toEqual(text.match(new RegExp(source, 'g')) ?? []);
      }),
      { numRuns: 1_000 },
    );
  });
});
