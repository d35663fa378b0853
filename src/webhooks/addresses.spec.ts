import { Addresses } from './addresses.js';

describe('addresses that may be sent to', () => {
  it('are the public ones', () => {
    const addresses = new Addresses(false);
    expect(['8.8.8.8', '::ffff:8.8.8.8', '2606:4700::1111'].map((one) => addresses.allows(one))).toEqual([
      true,
      true,
      true,
    ]);
    const refused = [
      '10.0.0.1',
      '127.9.9.9',
      '100.127.0.1',
      '198.18.0.1',
      '::1',
      'fe80::1%eth0',
      '::ffff:0:7f00:1',
      'x',
    ];
    expect(refused.filter((one) => addresses.allows(one))).toEqual([]);
  });

  it('and those that are allowed, alone or by their network', () => {
    const addresses = new Addresses(['10.1.0.0/16', '127.0.0.1', 'fd00::/8']);
    const tried = ['10.1.2.3', '10.2.0.1', '127.0.0.1', '127.0.0.2', '::ffff:10.1.0.1', 'fd12::1', 'fe80::1'];
    expect(tried.filter((one) => addresses.allows(one))).toEqual([
      '10.1.2.3',
      '127.0.0.1',
      '::ffff:10.1.0.1',
      'fd12::1',
    ]);
  });

  it('or all', () => {
    expect(new Addresses(true).allows('127.0.0.1')).toBe(true);
    expect(new Addresses(true).allows('nonsense')).toBe(false);
  });
});
