import { Receipts } from './receipts.js';

const log = (seqs: readonly number[], text = (seq: number): string => `event ${seq}`): Receipts => {
  const receipts = new Receipts();
  for (const seq of seqs) receipts.take(seq, text(seq));
  return receipts;
};
const all = log([1, 2, 3, 4]);

describe('the receipts of a follower', () => {
  it('are those of the log when each event came once, in order', () => {
    const receipts = log([1, 2, 3, 4, 5]);
    expect([receipts.faults, receipts.last, receipts.differsFrom(all)]).toEqual([[], 5, undefined]);
  });

  it.each([
    ['a gap', [1, 3, 4], ['3 came after 1', '4 came after 1'], 2],
    ['a repeat', [1, 2, 2, 3, 4], ['2 came after 2'], undefined],
    ['an earlier event', [1, 2, 3, 1, 4], ['1 came after 3'], undefined],
    ['an end too early', [1, 2, 3], [], 4],
  ])('tell of %s', (_, seqs, faults, differsAt) => {
    const receipts = log(seqs);
    expect([receipts.faults, receipts.differsFrom(all)]).toEqual([faults, differsAt]);
  });

  it('tell of an event that is another than in the log, or came again as another', () => {
    expect(log([1, 2, 3, 4], (seq) => (seq === 3 ? 'forged' : `event ${seq}`)).differsFrom(all)).toBe(3);
    const receipts = log([1]);
    receipts.takeAgain(1, 'forged');
    expect(receipts.faults).toEqual(['1 came again as another']);
  });

  it('allow repeats, but no gap among what is new, where events may come again', () => {
    const receipts = new Receipts(1);
    for (const seq of [2, 3, 2, 3, 4]) receipts.takeAgain(seq, `event ${seq}`);
    expect([receipts.faults, receipts.differsFrom(all)]).toEqual([[], undefined]);
    receipts.takeAgain(6, 'event 6');
    expect(receipts.faults).toEqual(['6 came after 4']);
  });

  it('allow any order where none is promised, and miss what did not come', () => {
    const receipts = new Receipts();
    for (const seq of [4, 1, 2, 1]) receipts.keep(seq, `event ${seq}`);
    expect([receipts.faults, receipts.last, receipts.differsFrom(all)]).toEqual([[], 2, 3]);
    receipts.keep(3, 'event 3');
    expect([receipts.last, receipts.differsFrom(all)]).toEqual([4, undefined]);
  });
});
