import { isIP } from 'node:net';

/** How the text of a variable becomes a value. */
export interface Kind<T> {
  /** For the reader of the documentation, e.g. `integer, 1 to 65535`. */
  readonly type: string;
  /** The value must appear in no message: it is a secret or, as URLs do, may contain one. */
  readonly secret: boolean;
  /** @throws Unacceptable with the rule in words */
  parse(text: string): T;
}

/** One variable of the environment: the row of which both the parsing and the documentation are made. */
export interface Setting<T> {
  readonly name: string;
  readonly kind: Kind<T>;
  readonly fallback: T;
  readonly description: string;
}

/** The text breaks the rule that the message states ("must be …"). */
export class Unacceptable extends Error {}

export function setting<T, D extends T | undefined>(
  name: string,
  kind: Kind<T>,
  fallback: D,
  description: string,
): Setting<T | D> {
  return { name, kind, fallback, description };
}

function kind<T>(type: string, parse: (text: string) => T, secret = false): Kind<T> {
  return { type, parse, secret };
}

function refuse(rule: string): never {
  throw new Unacceptable(`must be ${rule}`);
}

export const text = kind('text', (given) => given);

export function integer(least: number, most: number): Kind<number> {
  return kind(`integer, ${least} to ${most}`, (given) => {
    const value = /^-?\d+$/.test(given) ? Number(given) : Number.NaN;
    return value >= least && value <= most ? value : refuse(`a whole number from ${least} to ${most}`);
  });
}

export function choice<const T extends string>(...values: readonly T[]): Kind<T> {
  return kind(values.join(' | '), (given) => {
    return values.find((value) => value === given.toLowerCase()) ?? refuse(`one of ${values.join(', ')}`);
  });
}

export function secret(leastLength: number): Kind<string> {
  const rule = `at least ${leastLength} visible characters without spaces`;
  return kind(
    'secret',
    (given) => (/^[!-~]+$/.test(given) && given.length >= leastLength ? given : refuse(rule)),
    true,
  );
}

/** Kept as written: URLs go to drivers that read more from them than `URL` shows. */
export function url(...schemes: readonly string[]): Kind<string> {
  const type = `URL (${schemes.join(', ')})`;
  const accepts = (given: string): boolean =>
    URL.canParse(given) && schemes.includes(new URL(given).protocol.slice(0, -1)) && new URL(given).hostname !== '';
  const rule = `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')} and names a host`;
  return kind(type, (given) => (accepts(given) ? given : refuse(rule)), true);
}

export function list<T>(of: Kind<T>): Kind<readonly T[]> {
  const items = (given: string): string[] => given.split(',').map((item) => item.trim()).filter(Boolean); // prettier-ignore
  return kind(`comma-separated list of ${of.type}`, (given) => items(given).map((item) => of.parse(item)), of.secret);
}

/** An origin as browsers send it (`https://app.example.com`, no path), or `*` for all. */
export const origin = kind('origin', (given) => {
  const exact = given === '*' || (URL.canParse(given) && new URL(given).origin === given);
  return exact ? given : refuse('an origin such as https://app.example.com (without a path), or *');
});

/** Which of the proxies in front may tell the client's address: none, all, or those at these addresses. */
export const trust = kind<boolean | string[]>('true | false | addresses', (given) => {
  if (given === 'true' || given === 'false') return given === 'true';
  const addresses = given.split(',').map((address) => address.trim());
  const isAddress = (address: string): boolean => {
    const [, ip = '', bits = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(address) ?? [];
    return isIP(ip) !== 0 && Number(bits) <= (isIP(ip) === 4 ? 32 : 128);
  };
  return addresses.every(isAddress) ? addresses : refuse('true, false, or a list of IP addresses or networks'); // prettier-ignore
});
