import { InvalidArgumentError } from 'commander';

/** Values of options: what they are made of, or why not. Commander names the option in front of the message. */

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** A part of all, 0 to 1. */
export function rate(text: string): number {
  const value = /^(0|1|0?\.\d+|1\.0+)$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
}

export interface Range {
  least: number;
  most: number;
}

/** `5..50`, or `20` alone. */
export function range(text: string): Range {
  const [, from, to = from] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text) ?? [];
  const [least, most] = [Number(from ?? Number.NaN), Number(to ?? Number.NaN)];
  if (least <= most) return { least, most };
  throw new InvalidArgumentError('It must be a number of milliseconds or a range of them, such as 5..50.');
}

/** For options that may be given more than once, each with one or more values separated by commas. */
export const several = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  ...text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
];

/** `--label key=value`, as often as needed. */
export function label(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be name=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It must be JSON; mind the quotes of your shell.');
  }
}

export function httpUrl(text: string, before: readonly string[] = []): string[] {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return [...before, text];
  throw new InvalidArgumentError('It must be a URL that starts with http:// or https://.');
}
