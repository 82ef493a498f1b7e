import { describe, expect, it } from 'vitest';
import { parseConnection } from './connection.ts';
import { placeOf } from './translate.ts';

describe('parseConnection', () => {
  it('reads host, port, user, password and database, escapes undone', () => {
    expect(parseConnection('postgresql://me%40work:p%40ss%2Fword@db.example.com:6432/fleet?sslmode=disable')).toMatchObject({
      host: 'db.example.com',
      port: 6432,
      user: 'me@work',
      password: 'p@ss/word',
      database: 'fleet',
      sslMode: 'disable',
      tls: undefined,
    });
  });

  it('fills in what libpq would: port 5432, the user’s own database', () => {
    expect(parseConnection('postgres://me@db')).toMatchObject({ host: 'db', port: 5432, database: 'me' });
  });

  it.each([
    ['postgresql://me@/fleet?host=/var/run/postgresql', '/var/run/postgresql', '/var/run/postgresql'],
    ['postgresql://me@[::1]:5433/fleet', '::1', '[::1]:5433'],
    ['postgresql://me@127.0.0.1/fleet', '127.0.0.1', '127.0.0.1:5432'],
  ])('%s', (url, host, place) => {
    const connection = parseConnection(url);
    expect(connection.host).toBe(host);
    expect(placeOf(connection)).toBe(place);
  });

  it('leaves traffic on this machine plain and prefers TLS for all other, unless told', () => {
    expect(parseConnection('postgresql://me@localhost/fleet').sslMode).toBe('disable');
    expect(parseConnection('postgresql://me@127.0.0.1/fleet').sslMode).toBe('disable');
    expect(parseConnection('postgresql://me@db/fleet').sslMode).toBe('prefer');
    expect(parseConnection('postgresql://me@localhost/fleet?sslmode=require').tls).toMatchObject({ rejectUnauthorized: false });
  });

  it('checks certificate and name for verify-full', () => {
    const { tls } = parseConnection('postgresql://me@db.example.com/fleet?sslmode=verify-full');
    expect(tls).toEqual({ servername: 'db.example.com' });
  });

  it.each([
    ['mysql://me:secret@db/fleet', /begins with mysql:/],
    ['not a url', /not a URL/],
    ['postgresql://me:secret@db/fleet?sslmode=always', /sslmode=always/],
    ['postgresql://me:secret@db/fleet?port=99999', /port/],
    ['postgresql://me:secret@db/fleet?sslmode=verify-ca', /sslrootcert/],
    ['postgresql://me:sec%ret@db/fleet', /%/],
  ])('refuses %s without repeating the password', (url, why) => {
    expect(() => parseConnection(url)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(why) as string }) as Error,
    );
    expect(() => parseConnection(url)).not.toThrow(/secret/);
  });

  it('names a certificate file that cannot be read', () => {
    expect(() => parseConnection('postgresql://me@db/fleet?sslmode=verify-full&sslrootcert=/nowhere/ca.pem')).toThrow(
      expect.objectContaining({ code: 'DATABASE_TLS', message: expect.stringContaining('/nowhere/ca.pem') as string }) as Error,
    );
  });
});
