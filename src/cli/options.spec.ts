import { InvalidArgumentError } from 'commander';
import { httpUrl, json, label, range, rate, several, wholeNumber } from './options.js';

describe('values of options', () => {
  it.each([
    ['5..50', { least: 5, most: 50 }],
    ['20', { least: 20, most: 20 }],
    ['0..0', { least: 0, most: 0 }],
  ])('reads the range %s', (text, expected) => {
    expect(range(text)).toEqual(expected);
  });

  it.each([
    ['0', 0],
    ['1', 1],
    ['0.05', 0.05],
    ['.5', 0.5],
  ])('reads the rate %s', (text, expected) => {
    // prettier-ignore
    expect(rate(text)).toBe(expected);
  });

  it('gathers what is given more than once', () => {
    expect(several(' c ,', several('a,b'))).toEqual(['a', 'b', 'c']);
    expect(label('b=2=3', label('a='))).toEqual({ a: '', b: '2=3' });
    expect(httpUrl('https://two', httpUrl('http://one:1'))).toEqual(['http://one:1', 'https://two']);
  });

  it.each<[string, (text: string) => unknown, string]>([
    ['a range the wrong way round', range, '50..5'],
    ['a range of nothing', range, '..'],
    ['a range with a rest', range, '5..50ms'],
    ['a rate above one', rate, '1.01'],
    ['a rate in per cent', rate, '5%'],
    ['a number with an exponent', wholeNumber(0, 9_999), '1e3'],
    ['a number below the least', wholeNumber(1, 5), '0'],
    ['a number above the most', wholeNumber(1, 5), '6'],
    ['a negative number', wholeNumber(0, 5), '-1'],
    ['no number', wholeNumber(0, 5), ''],
    ['broken JSON', json, '{a:1}'],
    ['a label without a name', label, '=x'],
    ['another scheme', httpUrl, 'ftp://one'],
    ['a host alone', httpUrl, 'localhost:8080'],
  ])('refuses %s', (_, parse, text) => {
    expect(() => parse(text)).toThrow(InvalidArgumentError);
  });
});
