import fc from 'fast-check';
import { InvalidInput } from '../errors/index.js';
import { MalformedJson, parseJson, parseNdjson, TooManyItems } from './json-body.js';

function outcomeOf(text: string): unknown {
  try {
    return { value: parseJson(text) };
  } catch (error) {
    if (error instanceof MalformedJson) return 'malformed';
    if (error instanceof InvalidInput) return error.violations.map((one) => [one.field, one.rule])[0];
    throw error;
  }
}

const storable = (value: unknown): boolean =>
  !/\\u0000|\\u[dD][89a-fA-F]|__proto__|constructor/.test(JSON.stringify(value));

it('gives back what JSON.stringify wrote', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }).filter(storable), fc.nat({ max: 3 }), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(parseJson(text)).toEqual(JSON.parse(text));
      expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
    }),
  );
});

it('never answers anything but a value or a refusal, whatever the text', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    'a',
    '\\u003a',
    '\\',
    '1',
    '-',
    '.',
    'e',
    '9'.repeat(17),
    ' ',
    '\n',
    'null',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
      ),
      (text) => {
        outcomeOf(text);
      },
    ),
    { numRuns: 2_000 },
  );
});

it('keeps a number exactly or refuses it', () => {
  const digits = (max: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^(?:0|[1-9]\\d{0,${max}})$`));
  const numeral = fc
    .tuple(
      fc.constantFrom('', '-'),
      digits(25),
      fc.option(fc.stringMatching(/^\d{1,20}$/)),
      fc.option(fc.integer({ min: -400, max: 400 })),
    )
    .map(
      ([sign, whole, fraction, exponent]) =>
        `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`,
    );
  fc.assert(
    fc.property(numeral, (text) => {
      const exact = canonical(text) === canonical(String(Number(text)));
      expect(outcomeOf(`{"a": [${text}]}`)).toEqual(
        exact ? { value: { a: [Number(text)] } } : ['a[0]', 'isExactNumber'],
      );
    }),
    { numRuns: 2_000 },
  );
});

it('refuses a key given twice with different values, and no other', () => {
  const member = fc.tuple(
    fc.constantFrom('a', 'b', ':', '"', '{"a":'),
    fc.constantFrom('1', '":"', '{"a":{}}', '"\\u003a"', '[":"]'),
  );
  fc.assert(
    fc.property(fc.array(member, { maxLength: 5 }), (members) => {
      const text = `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
      const repeated = members.some(([key, value], index) =>
        members
          .slice(0, index)
          .some(([other, earlier]) => other === key && JSON.parse(earlier) !== JSON.parse(value) && earlier !== value),
      );
      const outcome = outcomeOf(text);
      if (repeated) expect(outcome).toEqual([expect.any(String), 'uniqueKey']);
      else expect(outcome).toEqual({ value: JSON.parse(text) as unknown });
    }),
    { numRuns: 1_000 },
  );
});

it('does not quote the text it could not read', () => {
  expect(() => parseJson('{"password":"hunter2" oops}')).toThrow(/not valid JSON at position 22/);
  expect(() => parseJson('hunter2')).toThrow(expect.not.stringMatching(/hunter2/) as Error);
});

it('skips a byte order mark', () => {
  expect(parseJson(Buffer.from('\uFEFF{"a":1}'))).toEqual({ a: 1 });
});

it('reads newline-delimited objects up to a limit', () => {
  expect(parseNdjson(Buffer.from('{"a":1}\n\r\n{"a":2}\r\n'), 'tasks', 2)).toEqual([{ a: 1 }, { a: 2 }]);
  expect(() => parseNdjson(Buffer.from('{}\n{}\n{}'), 'tasks', 2)).toThrow(TooManyItems);
  expect(parseNdjson(Buffer.from(''), 'tasks', 2)).toEqual([]);
});

it('refuses what a double or an object would lose in a large text too, and takes the rest', () => {
  const filler = 'x\\"'.repeat(600_000);
  const large = (members: string) => outcomeOf(`{"filler":"${filler}",${members}}`);
  expect(large('"a":12345678901234567890')).toEqual(['', 'isExactNumber']);
  expect(large('"a":1,"a":2')).toEqual(['', 'uniqueKey']);
  expect(large('"a":"12345678901234567890, \\"b\\":1e999","c":{"d":[{}, 1e3]}')).toMatchObject({
    value: { a: '12345678901234567890, "b":1e999', c: { d: [{}, 1_000] } },
  });
});

it('refuses more values than it has time for, in one text or in lines', () => {
  expect(() => parseJson(`[${'0,'.repeat(2_000_000)}0]`)).toThrow(TooManyItems);
  const line = `{"a":[${'0,'.repeat(360_000)}0]}\n`;
  expect(parseNdjson(Buffer.from(line.repeat(5)), 'tasks', 10)).toHaveLength(5);
  expect(() => parseNdjson(Buffer.from(line.repeat(6)), 'tasks', 10)).toThrow(TooManyItems);
});

/** Sign, digits without zeros at the ends, and the power of ten of the last digit: equal for equal decimal numbers. */
function canonical(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d*|Infinity)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text) ?? [];
  if (whole === 'Infinity') return 'Infinity';
  const all = `${whole}${fraction}`.replace(/^0+/, '');
  const digits = all.replace(/0+$/, '');
  if (digits === '') return '0';
  return `${sign}${digits}e${Number(exponent) - fraction.length + all.length - digits.length}`;
}
