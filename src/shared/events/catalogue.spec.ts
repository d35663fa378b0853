import { defineEvent, eventCatalogue } from './catalogue.js';

describe('the catalogue of events', () => {
  const sealed = defineEvent<{ by: string }>({
    type: 'envelope.sealed',
    subjectType: 'envelope',
    description: 'An envelope was sealed.',
    data: { type: 'object', properties: { by: { type: 'string' } }, required: ['by'], additionalProperties: false },
  });

  it('makes events of a declared type', () => {
    expect(sealed({ feedId: 'f', subjectId: 's', actorId: 'ada', data: { by: 'wax' } })).toEqual({
      feedId: 'f',
      type: 'envelope.sealed',
      subjectType: 'envelope',
      subjectId: 's',
      actorId: 'ada',
      data: { by: 'wax' },
    });
    expect(sealed.type).toBe('envelope.sealed');
  });

  it('lists what was declared, by name', () => {
    defineEvent({ type: 'envelope.opened', subjectType: 'envelope', description: 'An envelope was opened.' });
    expect(eventCatalogue().map(({ type }) => type)).toEqual(['envelope.opened', 'envelope.sealed']);
  });

  it('refuses a type twice, and what is not a type', () => {
    expect(() => defineEvent({ ...sealed, type: 'envelope.sealed' })).toThrow(/twice/);
    expect(() => defineEvent({ ...sealed, type: 'Sealed' })).toThrow(TypeError);
  });
});
